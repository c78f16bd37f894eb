package golden

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files and the generated sections")

// Compare fails the test unless the file at path holds got.
func Compare(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		write(t, path, got)
	}
	if diff := cmp.Diff(read(t, path), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// CompareSection fails the test unless the file at path has got between the lines begin
// and end.
func CompareSection(t testing.TB, path, begin, end, got string) {
	t.Helper()
	head, rest, found := strings.Cut(read(t, path), begin+"\n")
	section, tail, closed := strings.Cut(rest, end+"\n")
	if !found || !closed {
		t.Fatalf("%s has no section between the lines %s and %s", path, begin, end)
	}
	if *update {
		write(t, path, head+begin+"\n"+got+end+"\n"+tail)
		return
	}
	if diff := cmp.Diff(section, got); diff != "" {
		t.Errorf("%s, which the flag -update rewrites (-want +got):\n%s", path, diff)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
