package doctor

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestExamine checks that all is well here, and that nothing is left behind.
func TestExamine(t *testing.T) {
	folder, temporaryFolder := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporaryFolder)
	for _, f := range Examine(t.Context(), Config{Folder: filepath.Join(folder, "runs", "x"), Workers: 1, Built: time.Now().Add(-time.Hour)}) {
		if f.Check != "disk" && !f.OK || f.OK != (f.Fix == "") || f.Detail == "" {
			t.Errorf("%+v", f)
		}
	}
	for _, checked := range []string{folder, temporaryFolder} {
		if left, err := os.ReadDir(checked); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, error %v", checked, left, err)
		}
	}
}

// TestProblems causes the faults that a test can cause.
func TestProblems(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	wants := map[string]string{"store": "is not a folder", "network": "address already in use", "clock": "before this program was built", "temporary files": "no such file"}
	if runtime.GOOS == "windows" {
		t.Skip("the messages are those of Unix")
	}
	t.Setenv("TMPDIR", filepath.Join(file, "absent"))
	wants["temporary files"] = ""
	c := Config{Folder: filepath.Join(file, "out"), Listen: taken.Addr().String(), Built: time.Now().Add(time.Hour)}
	for _, f := range Examine(t.Context(), c) {
		want, faulty := wants[f.Check]
		delete(wants, f.Check)
		if faulty == f.OK || faulty && (f.Fix == "" || !strings.Contains(f.Detail, want)) {
			t.Errorf("%+v, want a problem: %v, %s", f, faulty, want)
		}
	}
	if len(wants) > 0 {
		t.Errorf("no findings for %v", wants)
	}
}

func TestLimits(t *testing.T) {
	for _, f := range limits(1 << 40) {
		if f.OK || f.Fix == "" {
			t.Errorf("%+v", f)
		}
	}
}
