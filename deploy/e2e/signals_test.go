//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignalsHandBack sends bursts of signals, which count as one, and a hang-up,
// which counts as SIGTERM. The worker must hand back its task with a checkpoint.
func TestSignalsHandBack(t *testing.T) {
	needsHangUp(t)
	r := newRun(t, long)
	c := r.listening("")
	for _, burst := range [][]syscall.Signal{
		{syscall.SIGTERM, syscall.SIGTERM},
		{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP},
		{syscall.SIGHUP},
	} {
		w := r.worker("")
		w.waitForWork(1)
		for _, s := range burst {
			w.signal(s)
		}
		w.expect(75)
		if !strings.Contains(w.output.String(), "task is handed back") {
			t.Errorf("%v: the task is not handed back", burst)
		}
	}
	c.signal(syscall.SIGHUP)
	c.expect(130)
	if !strings.Contains(c.output.String(), "interrupted with 0 of") {
		t.Errorf("the coordinator does not say how to go on")
	}
}

// TestNohup checks that a program ignores a hang-up that was ignored when it started.
func TestNohup(t *testing.T) {
	t.Parallel()
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("skipped: needs nohup")
	}
	r := newRun(t, long)
	c := r.listening("")
	w := start(t, "", nohup, filepath.Join(programs, "worker"), "--coordinator", filepath.Join(r.folder, "worker.json"), "--slots", "1", "--log-level", "debug")
	w.waitForWork(1)
	w.signal(syscall.SIGHUP)
	w.signal(syscall.SIGTERM)
	w.expect(75)
	if said := w.output.String(); strings.Contains(said, "signal=hangup") || !strings.Contains(said, "signal=terminated") {
		t.Errorf("the worker did not end by SIGTERM alone:\n%s", said)
	}
	c.signal(syscall.SIGTERM)
	c.expect(130)
}

// TestAClosedPipeEndsNoSweep closes the pipe that the coordinator writes to, as
// `| head` does. The sweep must continue.
func TestAClosedPipeEndsNoSweep(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	c := exec.Command(filepath.Join(programs, "coordinator"), "--grid", r.grid, "--out", r.folder, "--local", "2")
	c.Stdout, c.Stderr = write, write
	if err := c.Run(); err != nil {
		t.Errorf("the coordinator: %v", err)
	}
	r.checkComplete()
}

// TestWorkersEndInTime ends workers by their lifetime and their idle time-out while another
// worker trains, and checks that none leaves a lease behind.
func TestWorkersEndInTime(t *testing.T) {
	t.Parallel()
	r := newRun(t, twoTasks(3_000_000))
	r.leaseTerm = 8 * time.Second
	c := r.listening("")
	with := func(flags ...string) *process {
		return start(t, "", "worker", append([]string{"--coordinator", filepath.Join(r.folder, "worker.json"), "--slots", "1", "--log-level", "debug"}, flags...)...)
	}
	first := with("--lifetime", "1000h")
	first.waitForWork(1)

	tooLong := with("--lifetime", "4s")
	tooLong.expect(0)
	r.wantOutput(tooLong.output.String(), "tasks are pending, but none can end in the time left")

	tooSoon := with("--idle-timeout", "8s")
	tooSoon.expect(2)
	r.wantOutput(tooSoon.output.String(), "--idle-timeout must be longer than the term of the coordinator's leases")

	second := with("--lifetime", "0")
	second.waitForWork(1)
	idle := with("--idle-timeout", "9s") // the sweep has two tasks
	idle.expect(0)
	r.wantOutput(idle.output.String(), "without tasks for the idle time-out: leaving")
	r.wantOutput(idle.output.String(), "idle_timeout=9s")

	for _, w := range []*process{first, second} {
		w.signal(syscall.SIGUSR1)
		w.expect(75)
	}
	c.signal(syscall.SIGUSR1)
	c.expect(130)
	r.wantNoOutcome("lost")
}
