// Package needs finds the programs that a test wants beside ours: readers and
// renderers that show whether a file we write is a file that others can open.
//
// On a machine without a program the test is skipped. With
// SPIQSWEEP_REQUIRE_TOOLS=1, which .ci/run sets after it has installed them all,
// the test fails instead: nothing is left out silently where it counts.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program, which the named package of Debian has.
func Program(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name, debian)
	}
	return path
}

// Python returns a Python 3 that can import the modules, of which the named
// package of Debian has the last.
func Python(t testing.TB, debian string, modules ...string) string {
	t.Helper()
	program := "import sys; assert sys.version_info >= (3, 8)"
	for _, module := range modules {
		program += "\nimport " + module
	}
	for _, name := range []string{"python3", "/usr/bin/python3", "python"} {
		if exec.Command(name, "-c", program).Run() == nil {
			return name
		}
	}
	missing(t, "Python 3", debian)
	return ""
}

func missing(t testing.TB, name, debian string) {
	t.Helper()
	if os.Getenv("SPIQSWEEP_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s: apt-get install %s", name, debian)
	}
	t.Skipf("skipped: needs %s (Debian: apt-get install %s)", name, debian)
}
