package storetest

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// TB is what the suite needs of a test: both testing.T and rapid.T have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Opener opens an empty store that reads the time from now.
type Opener func(now func() time.Time) queue.Store

// Lab is a queue on a store, and a clock. Whatever fails, fails the test.
type Lab struct {
	TB    TB
	Clock *Clock
	Store *Faulty
	Queue *queue.Queue

	policy  queue.Policy
	workers int
	known   map[sweep.TaskID]bool // that were ever planned
}

// NewLab makes a lab. Close it.
func NewLab(t TB, open Opener, p queue.Policy) *Lab {
	clock := NewClock()
	if p.MaxRepeats == 0 {
		p.MaxRepeats = math.MaxInt // most lives fail with one message; "a failure that repeats" is about them
	}
	l := &Lab{TB: t, Clock: clock, Store: &Faulty{Store: open(clock.Now)}, policy: p, known: map[sweep.TaskID]bool{}}
	l.Restart()
	l.Tick(time.Second)
	return l
}

// Restart forgets all but the store, as a coordinator does that is killed.
func (l *Lab) Restart() { l.Queue = queue.New(l.Store, l.policy) }

// Close checks the store a last time and closes it.
func (l *Lab) Close() {
	l.TB.Helper()
	l.Consistent()
	if err := l.Store.Close(); err != nil {
		l.TB.Errorf("close the store: %v", err)
	}
}

// Consistent checks all that must hold at any moment.
func (l *Lab) Consistent() {
	l.TB.Helper()
	for _, fault := range Consistent(l.Store.Store, l.known) {
		l.TB.Errorf("inconsistent: %s", fault)
	}
}

// Plan plans a sweep under an ID, which must work.
func (l *Lab) Plan(id string, tasks []queue.Planned) queue.Revision {
	l.TB.Helper()
	r, err := l.TryPlan(id, tasks)
	if err != nil {
		l.TB.Fatalf("plan: %v", err)
	}
	return r
}

// TryPlan plans a sweep under an ID.
func (l *Lab) TryPlan(id string, tasks []queue.Planned) (queue.Revision, error) {
	r, err := l.Queue.Plan(context.Background(), Sweep(id), Stream(tasks))
	for _, p := range tasks {
		// A plan that failed may have left tasks, or may even be the sweep's.
		if err == nil || l.Record(p.Task.ID).Task != "" {
			l.known[p.Task.ID] = true
		}
	}
	return r, err
}

// Sweep is one that wants what a Worker computes.
func Sweep(id string) queue.Sweep {
	return queue.Sweep{
		ID: id, Name: "sweep " + id, Grid: []byte("sweep {}"),
		Numerics: sweep.Numerics, KernelClass: KernelClass,
	}
}

// Tick moves the clock by a step that is no freeze, as often as it takes, and
// ticks after each.
func (l *Lab) Tick(d time.Duration) {
	l.TB.Helper()
	for d > 0 {
		step := min(d, time.Second)
		l.Clock.Advance(step)
		d -= step
		if err := l.Queue.Tick(context.Background()); err != nil {
			l.TB.Fatalf("tick: %v", err)
		}
	}
}

// Status of a sweep.
func (l *Lab) Status(id string) queue.Status {
	l.TB.Helper()
	s, err := l.Queue.Status(context.Background(), id)
	if err != nil {
		l.TB.Fatalf("status: %v", err)
	}
	return s
}

// WantCounts asserts the counts of a sweep, and that everything is consistent.
func (l *Lab) WantCounts(id string, want queue.Counts) {
	l.TB.Helper()
	if diff := cmp.Diff(want, l.Status(id).Counts); diff != "" {
		l.TB.Fatalf("counts of %s (-want +got):\n%s", id, diff)
	}
	l.Consistent()
}

// Retry reopens tasks.
func (l *Lab) Retry(r queue.RetryRequest) int {
	l.TB.Helper()
	n, err := l.Queue.Retry(context.Background(), r)
	if err != nil {
		l.TB.Fatalf("retry: %v", err)
	}
	return n
}

// Record reads the record of a task.
func (l *Lab) Record(task sweep.TaskID) (r queue.Record) {
	l.TB.Helper()
	l.read(func(tx queue.Tx) (err error) {
		r, _, err = tx.Record(task)
		return err
	})
	return r
}

// Attempts reads the attempts of a task.
func (l *Lab) Attempts(task sweep.TaskID) (all []queue.Attempt) {
	l.TB.Helper()
	l.read(func(tx queue.Tx) (err error) {
		all, err = tx.Attempts(task)
		return err
	})
	return all
}

// Outcomes are those of a task's attempts, by number.
func (l *Lab) Outcomes(task sweep.TaskID) []queue.Outcome {
	l.TB.Helper()
	var all []queue.Outcome
	for _, a := range l.Attempts(task) {
		all = append(all, a.Outcome)
	}
	return all
}

// Rows collects all rows of a sweep.
func (l *Lab) Rows(id string) (rows []queue.Row) {
	l.TB.Helper()
	for row, err := range l.Queue.Rows(context.Background(), id) {
		if err != nil {
			l.TB.Fatalf("rows: %v", err)
		}
		rows = append(rows, row)
	}
	return rows
}

func (l *Lab) read(call func(queue.Tx) error) {
	l.TB.Helper()
	if err := l.Store.View(context.Background(), call); err != nil {
		l.TB.Fatalf("read the store: %v", err)
	}
}

// Worker starts a process.
func (l *Lab) Worker(slots int) *Worker {
	l.workers++
	return &Worker{
		lab: l,
		Process: queue.Process{
			ID: fmt.Sprintf("process-%03d", l.workers), Host: "host", Version: "v1", Kernel: "portable",
			Numerics: sweep.Numerics, KernelClass: KernelClass, Slots: slots,
		},
		Holds: map[queue.Lease]*queue.Held{},
	}
}

// inTurn makes calls to a transaction until one fails.
func inTurn(calls ...func() error) error {
	for _, call := range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}
