//go:build unix

package snakemake

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"spiqsweep/deploy/needs"
)

// grid trains for seconds on the fastest machine: a run is to be stopped in its middle.
const grid = `sweep "workflow" {
  seed       = 1
  replicates = 4
  grid {
    neurons   = [2, 4]
    timesteps = [1, 2]
    k         = [0, 1]
  }
  training {
    steps = 10000
  }
}
`

// limit bounds each wait of the test, on a machine under load.
const limit = 5 * time.Minute

// A workflow is a folder with a grid, in which Snakemake runs.
type workflow struct {
	*testing.T
	folder, snakemake, rule string
}

func newWorkflow(t *testing.T, grid string) *workflow {
	t.Helper()
	if os.Getenv("SPIQSWEEP_MANIFESTS") != "1" {
		t.Skip("skipped: it trains for seconds: run `make manifests`")
	}
	rule, err := filepath.Abs("Snakefile")
	if err != nil {
		t.Fatal(err)
	}
	w := &workflow{t, t.TempDir(), needs.Program(t, "snakemake", "snakemake"), rule}
	if err := os.WriteFile(filepath.Join(w.folder, "sweep.hcl"), []byte(grid), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// command returns a run of Snakemake in a process group, with our programs in its PATH.
// output reads what it has written.
func (w *workflow) command() (c *exec.Cmd, output func() string) {
	c = exec.Command(w.snakemake, "--snakefile", w.rule, "--cores", "2")
	log, err := os.Create(filepath.Join(w.TempDir(), "log"))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = log.Close() })
	output = func() string {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			w.Fatal(err)
		}
		return string(text)
	}
	c.Dir, c.Stdout, c.Stderr = w.folder, log, log
	c.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "HOME="+w.folder)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c, output
}

// run runs Snakemake to its end. It must succeed, or fail.
func (w *workflow) run(succeeds bool) (output string) {
	w.Helper()
	c, said := w.command()
	if err := c.Run(); (err == nil) != succeeds {
		w.Fatalf("snakemake: %v\n%s", err, said())
	}
	return said()
}

func (w *workflow) read(name string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder, "runs/sweep", name))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// partlyDone matches the progress of a coordinator that has finished some tasks.
var partlyDone = regexp.MustCompile(`(?m)^[1-9][0-9]* of 32 tasks done, 0 failed, [1-9]`)

// programs is the folder of the binaries that TestMain built.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if os.Getenv("SPIQSWEEP_MANIFESTS") != "1" {
			return m.Run() // every test is skipped
		}
		folder, err := os.MkdirTemp("", "spiqsweep-snakemake")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		if output, err := exec.Command("go", "build", "-o", folder, "spiqsweep/coordinator").CombinedOutput(); err != nil {
			panic(string(output))
		}
		programs = folder
		return m.Run()
	}())
}

// TestInterrupted stops Snakemake in the middle of the sweep, as a batch system does. The same
// command goes on, and the tables are those of an undisturbed run, byte for byte.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorkflow(t, grid)
	c, said := w.command()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	for began := time.Now(); !partlyDone.MatchString(said()); {
		select {
		case err := <-ended:
			t.Fatalf("it ended before a task was done: %v\n%s", err, said())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > limit {
			t.Fatalf("no task is done after %v", limit)
		}
	}
	if err := syscall.Kill(-c.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(said(), "interrupted with ") {
			t.Fatalf("the interrupted run: %v\n%s", err, said())
		}
	case <-time.After(limit):
		t.Fatal("the interrupted run does not end")
	}

	if said := w.run(true); !strings.Contains(said, "32 of 32 tasks done, ") || strings.Contains(said, " 32 in this run") {
		t.Errorf("the second run did not go on where the first ended:\n%s", said)
	}
	calm := newWorkflow(t, grid)
	calm.run(true)
	for _, table := range []string{"results.csv", "summary.csv"} {
		if got, want := w.read(table), calm.read(table); got != want {
			t.Errorf("%s of the interrupted run differs:\n%s\nwant\n%s", table, got, want)
		}
	}
	if said := w.run(true); !strings.Contains(said, "Nothing to be done") {
		t.Errorf("the third run printed\n%s", said)
	}
}

// TestInputs has Snakemake print the command of a grid, a recording and a sweep whose names have
// spaces, and refuse a recording that is missing.
func TestInputs(t *testing.T) {
	t.Parallel()
	w := newWorkflow(t, grid)
	for _, name := range []string{"my grid.hcl", "my recording.npy"} {
		if err := os.WriteFile(filepath.Join(w.folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for recording, want := range map[string]string{
		"my recording.npy": "exec coordinator --grid 'my grid.hcl' '--recording=my recording.npy' --out 'runs/my sweep' --local 2\n",
		"missing.npy":      "MissingInputException",
	} {
		c, said := w.command()
		c.Args = append(c.Args, "--dry-run", "--printshellcmds", "--config", "grid=my grid.hcl", "name=my sweep", "recording="+recording)
		if err := c.Run(); (err == nil) != (recording != "missing.npy") || !strings.Contains(said(), want) {
			t.Errorf("%s: %v, and without %q:\n%s", recording, err, want, said())
		}
	}
}

// TestFailedSweep has training overflow: the rule must fail.
func TestFailedSweep(t *testing.T) {
	t.Parallel()
	w := newWorkflow(t, strings.ReplaceAll(grid, "steps = 10000", "steps = 10000\n    critic_learning_rate = 1e37"))
	if said := w.run(false); !strings.Contains(said, "Error in rule sweep") {
		t.Errorf("snakemake printed\n%s", said)
	}
}
