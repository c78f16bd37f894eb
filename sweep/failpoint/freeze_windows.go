//go:build failpoint && windows

package failpoint

// freeze does nothing: no test freezes processes on Windows.
func freeze() {}
