package needs

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

// Program returns the path of a program. If it is missing, the message names the
// Debian package to install.
func Program(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name, debian)
	}
	return path
}

// Python returns the path of a Python 3 that can import the modules. If there is
// none, the message names the Debian packages to install.
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

// NodeModule returns the path of Node.js and the folder of a module of npm, which
// `npm ci --prefix .ci --ignore-scripts` installs in the root folder of the repository.
func NodeModule(t testing.TB, name string) (node, module string) {
	t.Helper()
	node = Program(t, "node", "nodejs")
	_, file, _, _ := runtime.Caller(0)
	module = filepath.Join(filepath.Dir(file), "..", "..", ".ci", "node_modules", name)
	if _, err := os.Stat(module); err != nil {
		unavailable(t, "the module "+name, "npm ci --prefix .ci --ignore-scripts")
	}
	return node, module
}

// Recording returns the absolute path of the paper's recording, which belongs to its owners
// and is not in the repository. The test is skipped where it is missing.
func Recording(t testing.TB) string {
	t.Helper()
	return Shared(t, "data", "bint_fishmovie32_100.mat")
}

// Shared returns the absolute path of a file in the folder shared beside the checkout, or in
// that of SPIQSWEEP_SHARED: the recording, and numbers that others computed. The test is
// skipped where the file is missing.
func Shared(t testing.TB, elements ...string) string {
	t.Helper()
	root := os.Getenv("SPIQSWEEP_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	path, err := filepath.Abs(filepath.Join(append([]string{root}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: needs %s", path)
	}
	return path
}

// NoRaceDetector skips a test, with the reason, in a binary built with the race
// detector.
func NoRaceDetector(t testing.TB, reason string) {
	t.Helper()
	if RaceDetector() {
		t.Skip("skipped under the race detector:", reason)
	}
}

// RaceDetector reports whether the binary was built with the race detector.
func RaceDetector() bool {
	built, _ := debug.ReadBuildInfo()
	return slices.Contains(built.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func missing(t testing.TB, name, debian string) {
	t.Helper()
	unavailable(t, name, "apt-get install "+debian)
}

// unavailable skips or fails a test that needs something, and names the command that
// installs it.
func unavailable(t testing.TB, name, install string) {
	t.Helper()
	if os.Getenv("SPIQSWEEP_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s: %s", name, install)
	}
	t.Skipf("skipped: needs %s: %s", name, install)
}

// Unwritable has the system refuse changes in a folder until the test ends: by its mode,
// or for root, whom no mode stops, by the attribute i.
func Unwritable(t testing.TB, folder string) {
	t.Helper()
	if os.Geteuid() == 0 {
		Attribute(t, folder, "i")
		return
	}
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, info.Mode()) })
}

// Attribute sets an attribute of chattr(1), i (immutable) or a (append-only), of a folder
// until the test ends. The test is skipped if the system or the file system refuses it.
func Attribute(t testing.TB, folder, attribute string) {
	t.Helper()
	chattr := Program(t, "chattr", "e2fsprogs")
	if said, err := exec.Command(chattr, "+"+attribute, folder).CombinedOutput(); err != nil {
		t.Skipf("skipped: needs root and a file system with attributes: %v: %s", err, said)
	}
	t.Cleanup(func() { _ = exec.Command(chattr, "-"+attribute, folder).Run() })
}

// Root skips or fails a test that is not run by root.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "root", "run it by sudo")
	}
}
