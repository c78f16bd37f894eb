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

// Signals that come in a burst ask once, and a hang-up asks as SIGTERM does: the
// task is handed back with its checkpoint.
func TestSignalsHandBack(t *testing.T) {
	obeysHangUps(t)
	r := newRun(t, long)
	c := r.listening("")
	for _, burst := range [][]syscall.Signal{
		{syscall.SIGTERM, syscall.SIGTERM},
		{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP},
		{syscall.SIGHUP},
	} {
		w := r.worker("")
		w.isAtWork(1)
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

// A hang-up that was ignored at the start stays ignored.
func TestNohup(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("skipped: needs nohup")
	}
	r := newRun(t, long)
	c := r.listening("")
	w := start(t, "", nohup, filepath.Join(programs, "worker"), "--coordinator", filepath.Join(r.folder, "worker.json"), "--slots", "1", "--log-level", "debug")
	w.isAtWork(1)
	w.signal(syscall.SIGHUP)
	w.signal(syscall.SIGTERM)
	w.expect(75)
	if said := w.output.String(); strings.Contains(said, "signal=hangup") || !strings.Contains(said, "signal=terminated") {
		t.Errorf("it did not end by SIGTERM")
	}
	c.signal(syscall.SIGTERM)
	c.expect(130)
}

// A sweep goes on when nobody reads what it says any more, as after `| head`.
func TestAClosedPipeEndsNoSweep(t *testing.T) {
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
	r.isWhole()
}
