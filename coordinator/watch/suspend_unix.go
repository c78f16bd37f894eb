//go:build unix

package watch

import (
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// canSuspend reports whether a shell with job control can continue the process after it was
// stopped.
func canSuspend() bool {
	session, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	parents, err := unix.Getsid(os.Getppid())
	if err != nil || parents != session {
		return false
	}
	group, err := unix.Getpgid(os.Getppid())
	return err == nil && group != unix.Getpgrp()
}

// stop asks for what the key Ctrl-Z asks for where the terminal is not in raw mode.
func stop() { _ = syscall.Kill(os.Getpid(), syscall.SIGTSTP) }

// followSuspension has a SIGTSTP stop the process with its terminal restored, and takes the
// terminal again when the process continues, until end is called.
func followSuspension(p *tea.Program) (end func()) {
	signals, continued, done := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGTSTP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
				if !canSuspend() || p.ReleaseTerminal() != nil {
					continue
				}
				signal.Notify(continued, syscall.SIGCONT)
				// A program that has caught a SIGTSTP cannot give it back its default action.
				_ = syscall.Kill(0, syscall.SIGSTOP)
				<-continued // the call may return before the process stops
				signal.Stop(continued)
				_ = p.RestoreTerminal()
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
