//go:build unix

package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A round is one fault, then the sweep until it is whole. SPIQSWEEP_ROUNDS says
// how many rounds there are for each store (`make chaos ROUNDS=50`).
const fewRounds = 2

func rounds(t *testing.T) int {
	t.Helper()
	given := os.Getenv("SPIQSWEEP_ROUNDS")
	if given == "" {
		return fewRounds
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("SPIQSWEEP_ROUNDS=%q: must be a number from 1", given)
	}
	return n
}

// tiny is a sweep of small tasks: a round takes seconds.
var tiny = &sweepOf{
	grid: `
sweep "tiny" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 4]
  }
  training {
    steps = 10000
  }
}
`,
	rows: 8,
}

// fault is what goes wrong in a round. A process is chosen by its role; where a
// failpoint is named, it is reached by the process itself, else a moment is drawn.
type fault struct {
	role      string // worker, coordinator, client or database
	failpoint string
	does      string // kill, freeze or ask (to leave)
}

func (f fault) String() string { return strings.Join([]string{f.does, f.role, f.failpoint}, " ") }

var faults = []fault{
	{"worker", "worker.trained", "freeze"},
	{"coordinator", "", "freeze"},
	{"worker", "", "kill"},
	{"coordinator", "coordinator.committed", "kill"},
	{"worker", "", "freeze"},
	{"coordinator", "", "kill"},
	{"worker", "worker.trained", "kill"},
	{"coordinator", "coordinator.committed", "freeze"},
	{"worker", "", "ask"},
	{"client", "coordinator.tables", "kill"},
	{"worker", "worker.checkpoint", "kill"},
	{"coordinator", "", "ask"},
	{"coordinator", "coordinator.checkpoint", "kill"},
}

// ofDatabase are faults of a store that is a server of its own.
var ofDatabase = []fault{{"database", "", "kill"}, {"database", "", "kill"}}

func TestChaosOnSQLite(t *testing.T) { chaos(t, faults, newTroupe) }

func TestChaosOnPostgreSQL(t *testing.T) {
	chaos(t, slices.Concat(ofDatabase[:1], faults, ofDatabase[1:]), newTroupeOnPostgreSQL)
}

// chaos plays the rounds. Which fault strikes goes by turns, when is drawn.
func chaos(t *testing.T, faults []fault, assemble func(*run) *troupe) {
	tiny.results(t)
	seen := map[string]int{}
	n := rounds(t)
	for round := range n {
		f := faults[round%len(faults)]
		t.Run(fmt.Sprintf("round %d: %s", round, f), func(t *testing.T) {
			r := newRun(t, tiny)
			assemble(r).suffer(f, rand.New(rand.NewPCG(uint64(round), 1)))
			r.isWhole()
			seen[f.does]++
			for _, a := range r.attempts() {
				seen[a["outcome"]]++
			}
		})
	}
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%-12s %d", what, seen[what])
	}
	if n < len(faults) {
		return
	}
	for _, what := range []string{"lost", "late", "handed_back"} {
		if seen[what] == 0 {
			t.Errorf("no attempt was %s: the test is too tame", what)
		}
	}
}

// suffer plays a sweep in which a fault strikes, until the sweep is whole.
func (c *troupe) suffer(f fault, r *rand.Rand) {
	c.Helper()
	failpoint := f.failpoint
	if failpoint != "" {
		visit := 1 + r.IntN(2)
		switch f.failpoint {
		case "coordinator.tables":
			visit = 2 // the first is that of empty tables, before anybody can call
		case "worker.checkpoint", "coordinator.checkpoint":
			visit = 1 // only who is asked to leave makes one
		}
		failpoint += fmt.Sprint("@", visit)
		if f.does == "freeze" {
			failpoint += ":freeze"
		}
	}
	victim := c.begin(f.role, failpoint)
	switch f.failpoint {
	case "worker.checkpoint", "coordinator.checkpoint":
		c.workers[0].isAtWork(2)
		c.workers[0].signal(syscall.SIGTERM) // makes a checkpoint
	case "":
		c.moment(r)
		c.strike(f, victim)
	}
	if f.does == "freeze" {
		c.thaw(victim)
	}
	c.finish()
	if f.does == "kill" && failpoint != "" && !victim.killed() {
		c.Fatalf("the fault did not strike: nobody came to %q", failpoint)
	}
}

// leaseTerm is that of the runs of this package; longer is longer than it.
const (
	leaseTerm = 2 * time.Second
	longer    = 3 * time.Second
)

// moment waits until some tasks are done, and a little longer.
func (c *troupe) moment(r *rand.Rand) {
	c.Helper()
	tasks := 1 + r.IntN(c.sweep.rows/2)
	c.untilDone(tasks)
	time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
}

func (c *troupe) strike(f fault, victim *process) {
	c.Helper()
	switch {
	case f.role == "database":
		c.restartDatabase()
	case f.does == "kill":
		victim.signal(syscall.SIGKILL)
	case f.does == "freeze":
		victim.signal(syscall.SIGSTOP)
	default:
		victim.signal(syscall.SIGTERM)
	}
}

// thaw waits until a process has been frozen for longer than a lease, and lets it go on.
func (c *troupe) thaw(victim *process) {
	c.Helper()
	victim.until("it is frozen", victim.frozen)
	time.Sleep(longer)
	victim.signal(syscall.SIGCONT)
}
