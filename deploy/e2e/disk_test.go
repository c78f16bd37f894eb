//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spiqsweep/coordinator/app"
)

// startOnFullDisk starts a sweep, fills its disk, and waits until the coordinator
// reports that the disk is full. freeSpace frees the space.
func startOnFullDisk(t *testing.T) (r *run, c *process, freeSpace func()) {
	t.Helper()
	r = newRun(t, small)
	disk := smallDisk(t)
	r.folder = filepath.Join(disk, "out")
	c = r.coordinator("", "--local", "2")
	r.until(c, "a task is done", func(s app.Status) bool { return s.Tasks.Done > 0 })
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	c.until("it reports that the disk is full", func() bool { return strings.Contains(c.output.String(), "the disk is full") })
	return r, c, func() {
		t.Helper()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFullDisk fills the disk in the middle of a sweep. Status must show the problem,
// the sweep must continue once there is space, and no acknowledged result may be lost.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	r, c, freeSpace := startOnFullDisk(t)
	r.wantOutput(r.command(0, "status"), "warning: the store is not available: ")
	freeSpace()
	c.expect(0)
	r.checkComplete()
}

// TestKilledOnAFullDisk kills the coordinator while the disk is full. It must not
// start again before there is space.
func TestKilledOnAFullDisk(t *testing.T) {
	t.Parallel()
	r, c, freeSpace := startOnFullDisk(t)
	c.signal(syscall.SIGKILL)
	c.expect(killed)
	full := r.coordinator("", "--local", "2")
	full.expect(1)
	if said := full.output.String(); !strings.Contains(said, "full") && !strings.Contains(said, "no space left") {
		t.Errorf("a coordinator on a full disk does not name the problem: %s", said)
	}
	freeSpace()
	r.coordinator("", "--local", "2").expect(0)
	r.checkComplete()
}

// smallDisk mounts a file system of 8 MB and returns its folder.
func smallDisk(t *testing.T) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("skipped: needs to mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return disk
}

// fill writes to a file until the disk is full.
func fill(t *testing.T, ballast string) {
	t.Helper()
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err == nil {
			_, err = file.Write(make([]byte, size))
		}
		err = nil
	}
}
