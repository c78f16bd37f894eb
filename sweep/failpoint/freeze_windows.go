//go:build failpoint && windows

package failpoint

// freeze does nothing: no test freezes processes there.
func freeze() {}
