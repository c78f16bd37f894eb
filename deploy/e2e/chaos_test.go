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

// defaultRounds is the number of rounds for each store, unless SPIQSWEEP_ROUNDS
// gives another (`make chaos ROUNDS=50`). A round is one sweep with one fault.
const defaultRounds = 2

func rounds(t *testing.T) int {
	t.Helper()
	given := os.Getenv("SPIQSWEEP_ROUNDS")
	if given == "" {
		return defaultRounds
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("SPIQSWEEP_ROUNDS=%q: must be a number from 1", given)
	}
	return n
}

// tiny is a sweep of small tasks, so that a round takes seconds.
var tiny = &sweepSpec{
	grid: `
sweep "tiny" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 4]
  }
  training {
    steps = STEPS
  }
}
`,
	rows: 8,
}

// fault is the fault of one round. It hits a process when the process reaches the
// failpoint or, without one, at a random moment.
type fault struct {
	role      string // of the process: worker, coordinator, client or database
	failpoint string
	action    string // kill, freeze, or ask (the process to leave)
}

func (f fault) String() string { return strings.Join([]string{f.action, f.role, f.failpoint}, " ") }

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

// databaseFaults are the faults of a database server.
var databaseFaults = []fault{{"database", "", "kill"}, {"database", "", "kill"}}

func TestChaosOnSQLite(t *testing.T) { chaos(t, faults, newFleet) }

func TestChaosOnPostgreSQL(t *testing.T) {
	chaos(t, slices.Concat(databaseFaults[:1], faults, databaseFaults[1:]), newPostgreSQLFleet)
}

// chaos runs the rounds. It takes the faults in turn, and draws their moments.
func chaos(t *testing.T, faults []fault, assemble func(*run) *fleet) {
	tiny.results(t)
	seen := map[string]int{}
	n := rounds(t)
	for round := range n {
		f := faults[round%len(faults)]
		t.Run(fmt.Sprintf("round %d: %s", round, f), func(t *testing.T) {
			r := newRun(t, tiny)
			assemble(r).runWithFault(f, rand.New(rand.NewPCG(uint64(round), 1)))
			r.checkComplete()
			seen[f.action]++
			for _, a := range r.attempts() {
				seen[a["outcome"]]++
			}
		})
	}
	for _, event := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%-12s %d", event, seen[event])
	}
	if n < len(faults) {
		return
	}
	for _, outcome := range []string{"lost", "late", "handed_back"} {
		if seen[outcome] == 0 {
			t.Errorf("no attempt in %d rounds is %s: the faults are too weak", n, outcome)
		}
	}
}

// runWithFault runs a sweep with a fault to its end.
func (c *fleet) runWithFault(f fault, r *rand.Rand) {
	c.Helper()
	failpoint := f.failpoint
	if failpoint != "" {
		visit := 1 + r.IntN(2)
		switch f.failpoint {
		case "coordinator.tables":
			visit = 2 // at the first visit the tables are empty, and no worker can call yet
		case "worker.checkpoint", "coordinator.checkpoint":
			visit = 1 // only a worker that is asked to leave stores a checkpoint
		}
		failpoint += fmt.Sprint("@", visit)
		if f.action == "freeze" {
			failpoint += ":freeze"
		}
	}
	victim := c.begin(f.role, failpoint)
	switch f.failpoint {
	case "worker.checkpoint", "coordinator.checkpoint":
		c.workers[0].waitForWork(2)
		c.workers[0].signal(syscall.SIGTERM) // stores a checkpoint
	case "":
		c.waitForProgress(r)
		c.strike(f, victim)
	}
	if f.action == "freeze" {
		c.thaw(victim)
	}
	c.finish()
	if f.action == "kill" && failpoint != "" && !victim.killed() {
		c.Fatalf("no process reached the failpoint %q", failpoint)
	}
}

const (
	leaseTerm  = 2 * time.Second // of the coordinators in these tests, by default
	freezeTime = 3 * time.Second // long enough for the leases to expire
)

// waitForProgress waits until a random number of tasks are done, and up to 0.3 s more.
func (c *fleet) waitForProgress(r *rand.Rand) {
	c.Helper()
	tasks := 1 + r.IntN(c.sweep.rows/2)
	c.untilDone(tasks)
	time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
}

func (c *fleet) strike(f fault, victim *process) {
	c.Helper()
	switch {
	case f.role == "database":
		c.restartDatabase()
	case f.action == "kill":
		victim.signal(syscall.SIGKILL)
	case f.action == "freeze":
		victim.signal(syscall.SIGSTOP)
	default:
		victim.signal(syscall.SIGTERM)
	}
}

// thaw waits until a process has been frozen for freezeTime, and lets it continue.
func (c *fleet) thaw(victim *process) {
	c.Helper()
	victim.until("it is frozen", victim.frozen)
	time.Sleep(freezeTime)
	victim.signal(syscall.SIGCONT)
}
