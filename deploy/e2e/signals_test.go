//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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
