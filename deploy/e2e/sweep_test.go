//go:build unix

package e2e

import (
	"cmp"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/deploy/needs"
)

// sweepSpec is a grid, the further flags of its coordinator, and its expected rows; 0: those
// of the undisturbed run, since results decide on replicates.
type sweepSpec struct {
	grid  string
	flags []string
	rows  int
	steps int // of a training, if TestMain sets it

	once        sync.Once
	undisturbed []byte
}

// setSteps replaces STEPS in the grid.
func (s *sweepSpec) setSteps(steps int) {
	s.steps, s.grid = steps, strings.Replace(s.grid, "STEPS", strconv.Itoa(steps), 1)
}

// small is a sweep on the surrogate that one core finishes in seconds. Its tasks are
// long enough to be interrupted.
var small = &sweepSpec{
	grid: `
sweep "small" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 4]
    k         = [0, 1]
  }
  training {
    steps = STEPS
  }
}
`,
	rows: 16,
}

// recordedSweep returns the sweep on the recording. It skips the test without one.
func recordedSweep(t *testing.T) *sweepSpec {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: the sweep on the recording is long")
	}
	recorded.flags = []string{"--recording", needs.Recording(t)}
	return recorded
}

var recorded = &sweepSpec{
	grid: `
sweep "recorded" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 5]
    k         = [0, 1]
  }
  training {
    steps = STEPS
  }
}
`,
	rows: 16,
}

// run is a sweep with an output folder.
type run struct {
	*testing.T
	sweep  *sweepSpec
	folder string
	grid   string
	listen string

	workerFile string        // "": worker.json in the output folder
	leaseTerm  time.Duration // 0: leaseTerm
}

func newRun(t *testing.T, s *sweepSpec) *run {
	t.Helper()
	folder := t.TempDir()
	r := &run{T: t, sweep: s, folder: filepath.Join(folder, "out"), grid: filepath.Join(folder, "grid.hcl")}
	if err := os.WriteFile(r.grid, []byte(s.grid), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// coordinator starts a coordinator with further flags. Its lease term is short, so
// that the leases of dead workers expire within seconds.
func (r *run) coordinator(failpoint string, flags ...string) *process {
	r.Helper()
	return start(r.T, failpoint, "coordinator", r.arguments(flags...)...)
}

// arguments returns the command line of a coordinator.
func (r *run) arguments(flags ...string) []string {
	all := []string{"--grid", r.grid, "--out", r.folder, "--lease-term", cmp.Or(r.leaseTerm, leaseTerm).String(), "--log-level", "debug"}
	return slices.Concat(all, flags, r.sweep.flags)
}

// listening starts a coordinator for remote workers, each time at the same address,
// and waits until it answers.
func (r *run) listening(failpoint string) *process {
	r.Helper()
	if r.listen == "" {
		r.listen = needs.Address(r.T)
	}
	p := r.coordinator(failpoint, "--listen", r.listen)
	r.until(p, "the coordinator answers", answers)
	return p
}

// worker starts a worker of one slot.
func (r *run) worker(failpoint string) *process {
	r.Helper()
	file := r.workerFile
	if file == "" {
		file = filepath.Join(r.folder, "worker.json")
	}
	return start(r.T, failpoint, "worker", "--coordinator", file, "--slots", "1", "--log-level", "debug")
}

// until waits until the sweep reaches a state, by its coordinator's status.
func (r *run) until(c *process, what string, reached func(app.Status) bool) {
	r.Helper()
	c.until(what, func() bool {
		status, running, err := app.Place{Out: r.folder}.Ask(r.Context())
		return err == nil && running && reached(status)
	})
}

func answers(app.Status) bool { return true }

func aThirdDone(s app.Status) bool {
	return 3*s.Tasks.Done >= s.Tasks.Planned
}

func (r *run) file(name string) []byte {
	r.Helper()
	body, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil {
		r.Fatal(err)
	}
	return body
}

// checkComplete checks that the results equal those of an undisturbed run, and that
// each task was accepted once.
func (r *run) checkComplete() {
	r.Helper()
	want := r.sweep.results(r.T)
	if diff := gocmp.Diff(string(want), string(r.file("results.csv"))); diff != "" {
		r.Errorf("results.csv differs from the undisturbed run's (-want +got):\n%s", diff)
	}
	r.checkAcceptedOnce()
}

// results returns the results.csv of an undisturbed run with one worker.
func (s *sweepSpec) results(t *testing.T) []byte {
	t.Helper()
	s.once.Do(func() {
		r := newRun(t, s)
		r.coordinator("", "--local", "1").expect(0)
		s.undisturbed = r.file("results.csv")
		rows, err := csv.NewReader(strings.NewReader(string(s.undisturbed))).ReadAll()
		if s.rows == 0 {
			s.rows = len(rows) - 1
		}
		if err != nil || len(rows) != 1+s.rows {
			t.Fatalf("results.csv has %d rows, want %d and a header (%v)", len(rows), s.rows, err)
		}
		for _, row := range rows[1:] {
			if row[1] != "done" || row[11] == "" {
				t.Errorf("row of the undisturbed run: %v", row)
			}
		}
		r.checkAcceptedOnce()
	})
	if s.undisturbed == nil {
		t.Fatal("there is no undisturbed run to compare with")
	}
	return s.undisturbed
}

// checkAcceptedOnce checks in attempts.csv that each task was accepted once, and that
// no later attempt began.
func (r *run) checkAcceptedOnce() {
	r.Helper()
	accepted, newest := map[string]string{}, map[string]string{}
	for _, a := range r.attempts() {
		if a["outcome"] == "accepted" {
			if before, ok := accepted[a["task"]]; ok {
				r.Errorf("task %s was accepted as attempt %s and as attempt %s", a["task"], before, a["attempt"])
			}
			accepted[a["task"]] = a["attempt"]
		}
		newest[a["task"]] = a["attempt"]
	}
	if diff := gocmp.Diff(accepted, newest); diff != "" {
		r.Errorf("attempts after the accepted one (-accepted +newest):\n%s", diff)
	}
	if len(accepted) != r.sweep.rows {
		r.Errorf("%d tasks were accepted, want %d", len(accepted), r.sweep.rows)
	}
}

// attempts returns the rows of attempts.csv, by column.
func (r *run) attempts() []map[string]string {
	r.Helper()
	table, err := csv.NewReader(strings.NewReader(string(r.file("attempts.csv")))).ReadAll()
	if err != nil {
		r.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range table[1:] {
		row := map[string]string{}
		for i, column := range table[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// wantNoOutcome checks that no attempt has an outcome.
func (r *run) wantNoOutcome(outcome string) {
	r.Helper()
	for _, a := range r.attempts() {
		if a["outcome"] == outcome {
			r.Errorf("attempt %s of task %s is %s: %s", a["attempt"], a["task"], outcome, a["message"])
		}
	}
}

// wantOutcome checks that an attempt has an outcome.
func (r *run) wantOutcome(outcome string) {
	r.Helper()
	for _, a := range r.attempts() {
		if a["outcome"] == outcome {
			return
		}
	}
	r.Errorf("no attempt is %s: the test did not cause what it is about", outcome)
}
