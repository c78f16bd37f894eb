//go:build unix

package inputfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/inputfile"
)

// TestAdvise checks that each kind of refusal by the file system gets its own fix, also
// if the error is wrapped.
func TestAdvise(t *testing.T) {
	folder := t.TempDir()
	for err, want := range map[error]string{
		syscall.EROFS:   "copy the folder to another file system",
		syscall.ENOSPC:  "free some space",
		syscall.EDQUOT:  "free some space",
		syscall.EMFILE:  "`ulimit -n`",
		syscall.EFBIG:   "`ulimit -f`",
		syscall.EPERM:   "chattr -i -a " + folder,
		syscall.EACCES:  "change it with chmod",
		syscall.ENOENT:  "",
		errors.New("x"): "",
	} {
		got := inputfile.Advise(folder, fmt.Errorf("wrapped: %w", &fs.PathError{Op: "open", Path: folder, Err: err}))
		if (got == "") != (want == "") || !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

// TestAdviseWrite checks that the advice names the file or the folder that is immutable or
// append-only, and that neither counts as writable.
func TestAdviseWrite(t *testing.T) {
	for _, attribute := range []string{"i", "a"} {
		folder := t.TempDir()
		file := filepath.Join(folder, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := inputfile.AdviseWrite(file, syscall.EPERM), "`chattr -i -a "+folder+"`"; !strings.Contains(got, want) {
			t.Errorf("a file without attributes: %q, want %q", got, want)
		}
		if err := inputfile.CheckWritable(file); err != nil {
			t.Errorf("a file without attributes: %v", err)
		}
		needs.Attribute(t, file, attribute)
		err := inputfile.ExplainWrite(file, os.Remove(file))
		if want := "`chattr -i -a " + file + "`"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("attribute %s: %v, want %q", attribute, err, want)
		}
		if err := inputfile.CheckWritable(file); !errors.Is(err, syscall.EPERM) {
			t.Errorf("attribute %s: CheckWritable = %v, want %v", attribute, err, syscall.EPERM)
		}
	}
}

// TestDenied checks that the advice names the folder that denies access and its owner.
func TestDenied(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "private")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // access is never denied to this user
		if err := os.Chown(folder, 65534, 65534); err != nil {
			t.Skipf("skipped: needs a folder of another user: %v", err)
		}
		got := inputfile.Advise(filepath.Join(folder, "missing"), syscall.EACCES)
		if want := folder + " belongs to user "; !strings.Contains(got, want) || !strings.Contains(got, "this is user root: run the command as user ") {
			t.Errorf("advice %q, want %q", got, want)
		}
		return
	}
	if err := os.Chmod(folder, 0); err != nil {
		t.Fatal(err)
	}
	_, err := inputfile.Read(filepath.Join(folder, "file"), 1)
	if want := folder + " has the mode d---------: change it with chmod"; !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestCheckWritable checks the answer for folders of all modes against an attempt to
// create a file.
func TestCheckWritable(t *testing.T) {
	for _, mode := range []fs.FileMode{0o700, 0o500, 0o300, 0} {
		folder := filepath.Join(t.TempDir(), "folder")
		if err := os.Mkdir(folder, mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(folder, 0o700) }) // else it cannot be removed
		stated := inputfile.CheckWritable(folder)
		file, err := os.CreateTemp(folder, "")
		if err == nil {
			_ = file.Close()
		}
		if (stated == nil) != (err == nil) {
			t.Errorf("mode %v: %v, but creating a file: %v", mode, stated, err)
		}
	}
	if err := inputfile.CheckWritable(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v, want %v", err, fs.ErrNotExist)
	}
}
