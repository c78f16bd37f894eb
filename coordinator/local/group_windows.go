package local

import "syscall"

// ownProcessGroup keeps a console's Ctrl-C from reaching the worker: the
// coordinator asks it to stop.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
