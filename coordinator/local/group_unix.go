//go:build unix

package local

import "syscall"

// ownProcessGroup keeps a terminal's Ctrl-C from reaching the worker: the
// coordinator asks it to stop.
func ownProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
