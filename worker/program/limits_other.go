//go:build !linux

package program

import "io"

// RequireLimits does nothing: the limits that matter are Linux's.
func RequireLimits(string, io.Writer) {}
