package main

import (
	"bufio"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

func wantExit(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND…")
	}
	want, err := strconv.Atoi(arguments[0])
	ts.Check(err)
	checkExit(ts, ts.Exec(arguments[1], arguments[2:]...), want)
}

func checkExit(ts *testscript.TestScript, err error, want int) {
	got := 0
	if err != nil {
		ended := (*exec.ExitError)(nil)
		if !errors.As(err, &ended) {
			ts.Fatalf("run: %v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func signalled(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) < 3 {
		ts.Fatalf("usage: signalled CODE LINE COMMAND…")
	}
	want, err := strconv.Atoi(arguments[0])
	ts.Check(err)
	command := exec.Command(findProgram(ts, arguments[2]), arguments[3:]...)
	command.Dir = ts.Getenv("WORK")
	output, err := command.StderrPipe()
	ts.Check(err)
	ts.Check(command.Start())
	sent := false
	for lines := bufio.NewScanner(output); lines.Scan(); {
		ts.Logf("%s", lines.Text())
		if !sent && strings.Contains(lines.Text(), arguments[1]) {
			sent = true
			ts.Check(command.Process.Signal(syscall.SIGTERM))
		}
	}
	checkExit(ts, command.Wait(), want)
	if !sent {
		ts.Fatalf("no line with %q", arguments[1])
	}
}

// findProgram finds a command of testscript.Main, which is in the script's PATH alone.
func findProgram(ts *testscript.TestScript, name string) string {
	for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path
		}
	}
	ts.Fatalf("%s is not in PATH", name)
	return ""
}
