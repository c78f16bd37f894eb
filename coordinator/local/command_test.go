package local_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"spiqsweep/coordinator/local"
	"spiqsweep/proto/credentials"
)

const asWorker = "LOCAL_TEST_WORKER"

// TestMain is also the worker that the tests below start.
func TestMain(m *testing.M) {
	if os.Getenv(asWorker) != "" {
		os.Exit(worker(os.Stdin, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// worker leaves with 0 when told to, with 9 when its parent is gone, and by
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
	if lines.Scan() && lines.Text() == local.StopLine {
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
		t.Error("a killed worker left of its own accord")
	}
}

func TestADrainedChildSaysSo(t *testing.T) {
	process, _ := child(t, "drained")
	if err := process.Wait(); !errors.Is(err, local.ErrSentAway) {
		t.Errorf("the worker ended with %v, want %v", err, local.ErrSentAway)
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	_, err := local.Command{Path: "no-such-program"}.Launch(credentials.File{})()
	if err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("error is %v, want one that names the program", err)
	}
}
