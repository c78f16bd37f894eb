package local_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"spiqsweep/coordinator/local"
	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
)

const asWorker = "LOCAL_TEST_WORKER"

// TestMain is also the worker that the tests below start.
func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "parent" {
		os.Exit(parent())
	}
	if os.Getenv(asWorker) != "" {
		os.Exit(worker(os.Stdin, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// worker leaves with 0 when asked to, with 9 when its parent is gone, and by
// itself with 75 if it is a drained one.
func worker(input io.Reader, output io.Writer) int {
	lines := bufio.NewScanner(input)
	lines.Scan()
	file, err := credentials.Parse(lines.Bytes())
	fmt.Fprintln(output, file, err)
	for _, name := range []string{"PGPASSWORD", "PGPASSFILE"} {
		if value := os.Getenv(name); value != "" {
			fmt.Fprintln(output, name, value)
		}
	}
	if os.Getenv(asWorker) == "drained" {
		return 75
	}
	if lines.Scan() && lines.Text() == protocol.StopLine {
		return 0
	}
	return 9
}

// shared is a buffer that a child's output may be copied to at any time.
type shared struct {
	sync.Mutex
	bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.Buffer.Write(p)
}

func child(t *testing.T, kind string) (local.Process, *shared) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output := &shared{}
	command := local.Command{Path: path, Environment: []string{asWorker + "=" + kind}, Output: output}
	file := credentials.File{
		Role: credentials.Worker, Addresses: []string{"127.0.0.1:7473"}, Token: credentials.NewToken(),
	}
	process, err := command.Launch(file)()
	if err != nil {
		t.Fatal(err)
	}
	return process, output
}

func TestAChildGetsItsCredentialsAndLeavesWhenAsked(t *testing.T) {
	for _, name := range []string{"PGPASSWORD", "PGPASSFILE"} { // what opens the store is not for workers
		t.Setenv(name, "secret")
	}
	process, output := child(t, "obedient")
	if err := process.Stop(); err != nil {
		t.Error(err)
	}
	if err := process.Wait(); err != nil {
		t.Error(err)
	}
	if got, want := output.String(), "worker at [127.0.0.1:7473] <nil>\n"; got != want {
		t.Errorf("the worker said %q, want %q", got, want)
	}
}

func TestAChildCanBeKilled(t *testing.T) {
	process, _ := child(t, "obedient")
	if err := process.Kill(); err != nil {
		t.Error(err)
	}
	if err := process.Wait(); err == nil {
		t.Error("a killed worker left with exit code 0")
	}
}

func TestADrainedChildSaysSo(t *testing.T) {
	process, _ := child(t, "drained")
	if err := process.Wait(); !errors.Is(err, local.ErrDrained) {
		t.Errorf("the worker ended with %v, want %v", err, local.ErrDrained)
	}
}

// TestSelf starts this program again after its file was removed, and after another
// took its place: the child must be this program.
func TestSelf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only Linux keeps the file of a running program")
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(path string) error{
		"untouched": func(string) error { return nil },
		"removed":   os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("#!/bin/sh\nexit 77\n"), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copied")
			if err := os.WriteFile(copied, body, 0o700); err != nil {
				t.Fatal(err)
			}
			parent := exec.Command(copied)
			parent.Env = append(os.Environ(), asWorker+"=parent")
			input, err := parent.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var output shared
			parent.Stdout, parent.Stderr = &output, &output
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			if err := change(copied); err != nil {
				t.Error(err)
			}
			fmt.Fprintln(input, "go on")
			if err := parent.Wait(); err != nil || !strings.Contains(output.String(), "worker at [127.0.0.1:7473] <nil>") {
				t.Errorf("the parent ended with %v; its child said %q", err, output.String())
			}
		})
	}
}

// parent starts itself as a worker, once it is asked to.
func parent() int {
	bufio.NewScanner(os.Stdin).Scan()
	command := local.Command{Path: local.Self(), Environment: []string{asWorker + "=obedient"}, Output: os.Stderr}
	process, err := command.Launch(credentials.File{
		Role: credentials.Worker, Addresses: []string{"127.0.0.1:7473"}, Token: credentials.NewToken(),
	})()
	if err == nil {
		err = errors.Join(process.Stop(), process.Wait())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestAProgramThatCannotBeStarted: the error names the reason and the fix.
func TestAProgramThatCannotBeStarted(t *testing.T) {
	if os.Getuid() == -1 {
		t.Skip("skipped: needs the modes of Unix")
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := local.Command{Path: path}.Launch(credentials.File{})()
	if err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), "noexec") {
		t.Errorf("error is %v, want one that names noexec", err)
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	_, err := local.Command{Path: "no-such-program"}.Launch(credentials.File{})()
	if err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("error is %v, want one that names the program", err)
	}
}
