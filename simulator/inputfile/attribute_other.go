//go:build !linux

package inputfile

// isUnchangeable returns false: only Linux has these attributes.
func isUnchangeable(string) bool { return false }
