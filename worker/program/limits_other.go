//go:build !linux

package program

import "io"

// RequireAddressSpace does nothing: only Linux enforces the limit.
func RequireAddressSpace(string, io.Writer) {}
