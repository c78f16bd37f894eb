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

// interruptions are the ways in which a program is asked to end. Each is asked once,
// whatever number of signals that takes.
var interruptions = map[string]struct {
	prepare func(*process) (closeTerminal func())
	ask     func(pid int, closeTerminal func()) error
}{
	"SIGTERM": {nil, func(pid int, _ func()) error { return syscall.Kill(pid, syscall.SIGTERM) }},
	"SIGHUP":  {nil, func(pid int, _ func()) error { return syscall.Kill(pid, syscall.SIGHUP) }},
	"SIGTERM and SIGTERM, as timeout sends to its child and to the group": {
		func(p *process) func() {
			p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			return nil
		},
		func(pid int, _ func()) error {
			return errors.Join(syscall.Kill(pid, syscall.SIGTERM), syscall.Kill(-pid, syscall.SIGTERM))
		},
	},
	"SIGHUP and SIGTERM, as a session that ends": {nil, func(pid int, _ func()) error {
		return errors.Join(syscall.Kill(pid, syscall.SIGHUP), syscall.Kill(pid, syscall.SIGTERM))
	}},
	"a terminal that is closed": {onTerminal, func(_ int, closeTerminal func()) error { closeTerminal(); return nil }},
}

// TestCoordinatorIsAskedToEnd: it says so, its local workers hand back, and no lease
// is left to run out: the next start goes on at once.
func TestCoordinatorIsAskedToEnd(t *testing.T) {
	obeysHangUps(t)
	for name, how := range interruptions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, small)
			r.leaseTerm = time.Minute
			c, ask := r.begin(how.prepare, "coordinator", r.arguments("--local", "2")...)
			c.isAtWork(2)
			if err := how.ask(c.cmd.Process.Pid, ask); err != nil {
				t.Fatal(err)
			}
			c.expect(130)
			r.had("handed_back")
			r.hadNone("lost")
			r.coordinator("", "--local", "2").expect(0)
			r.resumed()
			r.isWhole()
		})
	}
}

// TestWorkerOnATerminalThatIsClosed: a worker whose session is lost hands back, too.
func TestWorkerOnATerminalThatIsClosed(t *testing.T) {
	obeysHangUps(t)
	t.Parallel()
	r := newRun(t, small)
	r.leaseTerm = time.Minute
	c := r.listening("")
	w, closeTerminal := r.begin(onTerminal, "worker", "--coordinator", filepath.Join(r.folder, "worker.json"), "--slots", "1", "--log-level", "debug")
	w.isAtWork(1)
	closeTerminal()
	w.expect(75)
	last := r.worker("")
	c.expect(0)
	last.expect(0)
	r.had("handed_back")
	r.hadNone("lost")
	r.resumed()
	r.isWhole()
}

// begin starts a program that was prepared, and returns how to close its terminal.
func (r *run) begin(prepare func(*process) func(), program string, arguments ...string) (p *process, closeTerminal func()) {
	r.Helper()
	if prepare == nil {
		return start(r.T, "", program, arguments...), nil
	}
	p = prepared(r.T, "", program, arguments...)
	closeTerminal = prepare(p)
	p.begin()
	return p, closeTerminal
}

// onTerminal lets a program run on a terminal of its own.
func onTerminal(p *process) (closeTerminal func()) {
	t := p.t
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: needs a pseudo-terminal: %v", err)
	}
	fd := int(master.Fd()) // and blocking from here on: closing it must hang up at once
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
	go func() { // a terminal that nobody reads would stop the program
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
