//go:build unix

package e2e

import (
	"cmp"
	"encoding/csv"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
)

// sweepOf is a grid with what the command line adds to it.
type sweepOf struct {
	grid  string
	flags []string
	rows  int

	once        sync.Once
	undisturbed []byte
}

// small is a sweep on the surrogate that one core finishes in seconds. Its
// tasks are long enough to be caught at work.
var small = &sweepOf{
	grid: `
sweep "small" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 4]
    k         = [0, 1]
  }
  training {
    steps = 12000
  }
}
`,
	rows: 16,
}

// real is the sweep of the recording by which the programs are judged.
func real(t *testing.T) *sweepOf {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: the sweep on the recording is long")
	}
	shared := os.Getenv("SPIQSWEEP_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	path, err := filepath.Abs(filepath.Join(shared, "data", "bint_fishmovie32_100.mat"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: needs the recording at %s", path)
	}
	recorded.flags = []string{"--recording", path}
	return recorded
}

var recorded = &sweepOf{
	grid: `
sweep "recorded" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 5]
    k         = [0, 1]
  }
  training {
    steps = 6000
  }
}
`,
	rows: 16,
}

// run is a sweep in a folder.
type run struct {
	*testing.T
	sweep  *sweepOf
	folder string
	grid   string
	listen string

	workerFile string        // "": of the output folder
	leaseTerm  time.Duration // 0: leaseTerm
}

func newRun(t *testing.T, s *sweepOf) *run {
	t.Helper()
	folder := t.TempDir()
	r := &run{T: t, sweep: s, folder: filepath.Join(folder, "out"), grid: filepath.Join(folder, "grid.hcl")}
	if err := os.WriteFile(r.grid, []byte(s.grid), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// coordinator starts one with further flags. A short lease term makes up for
// the dead within seconds.
func (r *run) coordinator(failpoint string, flags ...string) *process {
	r.Helper()
	return start(r.T, failpoint, "coordinator", r.arguments(flags...)...)
}

// arguments are those of a coordinator.
func (r *run) arguments(flags ...string) []string {
	all := []string{"--grid", r.grid, "--out", r.folder, "--lease-term", cmp.Or(r.leaseTerm, leaseTerm).String(), "--log-level", "debug"}
	return slices.Concat(all, flags, r.sweep.flags)
}

// listening starts a coordinator for workers of their own, always at one address.
func (r *run) listening(failpoint string) *process {
	r.Helper()
	if r.listen == "" {
		r.listen = freeAddress(r.T)
	}
	p := r.coordinator(failpoint, "--listen", r.listen)
	r.until(p, "the coordinator answers", answers)
	return p
}

var nextPort atomic.Int32

// freeAddress finds a port below those that systems hand out by themselves, so
// that nobody takes it while a coordinator is away.
func freeAddress(t *testing.T) string {
	t.Helper()
	const first, count = 20000, 10000
	for range count {
		port := first + (os.Getpid()*37+int(nextPort.Add(1)))%count
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if listener, err := net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// worker starts one.
func (r *run) worker(failpoint string) *process {
	r.Helper()
	file := r.workerFile
	if file == "" {
		file = filepath.Join(r.folder, "worker.json")
	}
	return start(r.T, failpoint, "worker", "--coordinator", file, "--slots", "1", "--log-level", "debug")
}

// until waits for a state of the sweep that its coordinator tells.
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

// isWhole checks that the sweep has become what an undisturbed run makes of it.
func (r *run) isWhole() {
	r.Helper()
	want := r.sweep.results(r.T)
	if diff := gocmp.Diff(string(want), string(r.file("results.csv"))); diff != "" {
		r.Errorf("results.csv differs from the undisturbed run's (-want +got):\n%s", diff)
	}
	r.onceEach()
}

// results is results.csv of one worker that nobody disturbs.
func (s *sweepOf) results(t *testing.T) []byte {
	t.Helper()
	s.once.Do(func() {
		r := newRun(t, s)
		r.coordinator("", "--local", "1").expect(0)
		s.undisturbed = r.file("results.csv")
		rows, err := csv.NewReader(strings.NewReader(string(s.undisturbed))).ReadAll()
		if err != nil || len(rows) != 1+s.rows {
			t.Fatalf("results.csv has %d rows, want %d and a header (%v)", len(rows), s.rows, err)
		}
		for _, row := range rows[1:] {
			if row[1] != "done" || row[11] == "" {
				t.Errorf("row of the undisturbed run: %v", row)
			}
		}
		r.onceEach()
	})
	if s.undisturbed == nil {
		t.Fatal("there is no undisturbed run to compare with")
	}
	return s.undisturbed
}

// onceEach checks in attempts.csv that each task was accepted once, and that no
// attempt began after that.
func (r *run) onceEach() {
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

// attempts are the rows of attempts.csv, by column.
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

// hadNone checks that no attempt ended like this.
func (r *run) hadNone(outcome string) {
	r.Helper()
	for _, a := range r.attempts() {
		if a["outcome"] == outcome {
			r.Errorf("attempt %s of task %s is %s: %s", a["attempt"], a["task"], outcome, a["message"])
		}
	}
}

// had checks that some attempt ended like this.
func (r *run) had(outcome string) {
	r.Helper()
	for _, a := range r.attempts() {
		if a["outcome"] == outcome {
			return
		}
	}
	r.Errorf("no attempt is %s: the test did not do what it is for", outcome)
}
