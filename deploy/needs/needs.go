// Package needs says what a test wants beside our code: readers and renderers that
// show whether a file we write is a file that others can open, and a program that
// the race detector neither slows down nor swells.
//
// On a machine without a program the test is skipped. With
// SPIQSWEEP_REQUIRE_TOOLS=1, which .ci/run sets after it has installed them all,
// the test fails instead: nothing is left out silently where it counts.
package needs

import (
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
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

// NoRaceDetector skips a test, with the reason, in a program that is built with
// the race detector.
func NoRaceDetector(t testing.TB, reason string) {
	t.Helper()
	if built, _ := debug.ReadBuildInfo(); slices.Contains(built.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("skipped under the race detector:", reason)
	}
}

func missing(t testing.TB, name, debian string) {
	t.Helper()
	if os.Getenv("SPIQSWEEP_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s: apt-get install %s", name, debian)
	}
	t.Skipf("skipped: needs %s (Debian: apt-get install %s)", name, debian)
}
