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

// onAFullDisk is a sweep whose coordinator has just said that its disk is full;
// mend makes space again.
func onAFullDisk(t *testing.T) (r *run, c *process, mend func()) {
	t.Helper()
	r = newRun(t, small)
	disk := smallDisk(t)
	r.folder = filepath.Join(disk, "out")
	c = r.coordinator("", "--local", "2")
	r.until(c, "a task is done", func(s app.Status) bool { return s.Tasks.Done > 0 })
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	c.until("it says that the disk is full", func() bool { return strings.Contains(c.output.String(), "the disk is full") })
	return r, c, func() {
		t.Helper()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk that is full in the middle of a sweep: nothing that was acknowledged is
// lost, the coordinator says what is wrong, as does status, and goes on once there is
// space.
func TestFullDisk(t *testing.T) {
	r, c, mend := onAFullDisk(t)
	r.said(r.command(0, "status"), "warning: the store is not available: ")
	mend()
	c.expect(0)
	r.isWhole()
}

// The same, but the coordinator is killed while the disk is full, and is refused
// there until there is space.
func TestKilledOnAFullDisk(t *testing.T) {
	r, c, mend := onAFullDisk(t)
	c.signal(syscall.SIGKILL)
	c.expect(killed)
	full := r.coordinator("", "--local", "2")
	full.expect(2)
	if said := full.output.String(); !strings.Contains(said, "full") && !strings.Contains(said, "no space left") {
		t.Errorf("on a full disk a coordinator says %s", said)
	}
	mend()
	r.coordinator("", "--local", "2").expect(0)
	r.isWhole()
}

// smallDisk mounts a file system of a few megabytes.
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

// fill takes all the space that is left.
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
