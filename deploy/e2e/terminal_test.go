//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stopRequests are the ways to ask a program to end. Each counts as one request,
// however many signals it sends.
var stopRequests = map[string]struct {
	prepare func(*process) (closeTerminal func())
	ask     func(pid int, closeTerminal func()) error
}{
	"SIGTERM": {nil, func(pid int, _ func()) error { return kill(pid, syscall.SIGTERM) }},
	"SIGHUP":  {nil, func(pid int, _ func()) error { return kill(pid, syscall.SIGHUP) }},
	"SIGTERM and SIGTERM, as timeout sends to its child and to the group": {
		func(p *process) func() {
			p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			return nil
		},
		func(pid int, _ func()) error {
			return errors.Join(kill(pid, syscall.SIGTERM), kill(-pid, syscall.SIGTERM))
		},
	},
	"SIGHUP and SIGTERM, as a session that ends": {nil, func(pid int, _ func()) error {
		return errors.Join(kill(pid, syscall.SIGHUP), kill(pid, syscall.SIGTERM))
	}},
	"a terminal that is closed": {onTerminal, func(_ int, closeTerminal func()) error { closeTerminal(); return nil }},
}

// TestCoordinatorIsAskedToEnd asks a coordinator to end. Its local workers must hand
// back, so that no lease has to expire before the next start can resume.
func TestCoordinatorIsAskedToEnd(t *testing.T) {
	needsHangUp(t)
	for name, how := range stopRequests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, small)
			r.leaseTerm = time.Minute
			c, ask := r.begin(how.prepare, "coordinator", r.arguments("--local", "2")...)
			c.waitForWork(2)
			if err := how.ask(c.cmd.Process.Pid, ask); err != nil {
				t.Fatal(err)
			}
			c.expect(130)
			r.wantOutcome("handed_back")
			r.wantNoOutcome("lost")
			r.coordinator("", "--local", "2").expect(0)
			r.wantResumed()
			r.checkComplete()
		})
	}
}

// TestWorkerOnATerminalThatIsClosed closes a worker's terminal. The worker must hand
// back its task.
func TestWorkerOnATerminalThatIsClosed(t *testing.T) {
	needsHangUp(t)
	t.Parallel()
	r := newRun(t, small)
	r.leaseTerm = time.Minute
	c := r.listening("")
	w, closeTerminal := r.begin(onTerminal, "worker", "--coordinator", filepath.Join(r.folder, "worker.json"), "--slots", "1", "--log-level", "debug")
	w.waitForWork(1)
	closeTerminal()
	w.expect(75)
	last := r.worker("")
	c.expect(0)
	last.expect(0)
	r.wantOutcome("handed_back")
	r.wantNoOutcome("lost")
	r.wantResumed()
	r.checkComplete()
}

// begin prepares and starts a program, and returns how to close its terminal, if it
// has one.
func (r *run) begin(prepare func(*process) func(), program string, arguments ...string) (p *process, closeTerminal func()) {
	r.Helper()
	if prepare == nil {
		return start(r.T, "", program, arguments...), nil
	}
	p = newProcess(r.T, "", program, arguments...)
	closeTerminal = prepare(p)
	p.begin()
	return p, closeTerminal
}

// onTerminal gives a program that has not started a new terminal.
func onTerminal(p *process) (closeTerminal func()) {
	t := p.t
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: needs a pseudo-terminal: %v", err)
	}
	fd := int(master.Fd()) // in blocking mode, so that closing it hangs up immediately
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skipf("skipped: needs a pseudo-terminal: %v", err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: needs a pseudo-terminal: %v", err)
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	stop := make(chan struct{})
	read := make(chan struct{})
	go func() { // else a full terminal would block the program
		defer close(read)
		buffer := make([]byte, 1<<12)
		for {
			select {
			case <-stop:
				return
			default:
			}
			ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if n, err := unix.Poll(ready, 50); err != nil && err != unix.EINTR || n > 0 && ready[0].Revents&unix.POLLIN == 0 {
				return
			} else if n > 0 {
				n, err := unix.Read(fd, buffer)
				if err != nil {
					return
				}
				_, _ = p.output.Write(buffer[:n])
			}
		}
	}()
	closed := false
	closeTerminal = func() {
		if !closed {
			closed = true
			_ = slave.Close()
			close(stop)
			<-read
			_ = master.Close()
		}
	}
	t.Cleanup(closeTerminal)
	return closeTerminal
}
