package queuetest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

var ctx = context.Background()

// TB is the part of testing.T and rapid.T that the package needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Opener opens an empty store that reads the time from now.
type Opener func(now func() time.Time) queue.Store

// Fixture is a queue on a store with a clock that the test sets. Its methods fail the test
// on an error.
type Fixture struct {
	TB    TB
	Clock *Clock
	Store *Faulty
	Queue *queue.Queue

	policy      queue.Policy
	workers     int
	everPlanned map[sweep.TaskID]bool // tasks that any plan has stored
}

// NewFixture opens a store and makes a fixture on it. The caller must call Close.
func NewFixture(t TB, open Opener, p queue.Policy) *Fixture {
	clock := NewClock()
	if p.MaxRepeats == 0 {
		p.MaxRepeats = math.MaxInt // most scenarios repeat one message
	}
	f := &Fixture{TB: t, Clock: clock, Store: &Faulty{Store: open(clock.Now)}, policy: p, everPlanned: map[sweep.TaskID]bool{}}
	f.Restart()
	f.Tick(time.Second)
	return f
}

// NewSharedFixtures makes a fixture on each handle of one store, like coordinators that
// share it. The caller must close the handles.
func NewSharedFixtures(t TB, clock *Clock, handles ...queue.Store) []*Fixture {
	everPlanned := map[sweep.TaskID]bool{}
	fixtures := make([]*Fixture, len(handles))
	for i, h := range handles {
		fixtures[i] = &Fixture{TB: t, Clock: clock, Store: &Faulty{Store: h}, everPlanned: everPlanned, workers: 500 * i}
		fixtures[i].Restart()
	}
	return fixtures
}

// Restart replaces the queue by a new one, as if the coordinator were killed and restarted.
func (f *Fixture) Restart() { f.Queue = queue.New(f.Store, f.policy) }

// Close checks the store a last time and closes it.
func (f *Fixture) Close() {
	f.TB.Helper()
	f.Consistent()
	if err := f.Store.Close(); err != nil {
		f.TB.Errorf("close the store: %v", err)
	}
}

// Consistent checks all invariants.
func (f *Fixture) Consistent() {
	f.TB.Helper()
	for _, fault := range Consistent(f.Store.Store, f.everPlanned) {
		f.TB.Errorf("inconsistent: %s", fault)
	}
}

// Plan plans a sweep under an ID.
func (f *Fixture) Plan(id string, tasks []queue.Planned) queue.Revision {
	f.TB.Helper()
	r, err := f.TryPlan(id, tasks)
	if err != nil {
		f.TB.Fatalf("plan: %v", err)
	}
	return r
}

// TryPlan plans a sweep under an ID and returns the error.
func (f *Fixture) TryPlan(id string, tasks []queue.Planned) (queue.Revision, error) {
	r, err := f.Queue.Plan(context.Background(), Sweep(id), Stream(tasks))
	for _, p := range tasks {
		// A plan that failed may still have stored tasks.
		if err == nil || f.Record(p.Task.ID).Task != "" {
			f.everPlanned[p.Task.ID] = true
		}
	}
	return r, err
}

// Sweep returns a sweep that every Worker can run.
func Sweep(id string) queue.Sweep {
	return queue.Sweep{
		ID: id, Name: "sweep " + id, Grid: []byte("sweep {}"),
		Numerics: sweep.Numerics, KernelClass: KernelClass,
	}
}

// Tick advances the clock by d in steps of at most a second, and calls Queue.Tick after
// each.
func (f *Fixture) Tick(d time.Duration) {
	f.TB.Helper()
	for d > 0 {
		step := min(d, time.Second)
		f.Clock.Advance(step)
		d -= step
		if err := f.Queue.Tick(context.Background()); err != nil {
			f.TB.Fatalf("tick: %v", err)
		}
	}
}

// Status returns the status of a sweep.
func (f *Fixture) Status(id string) queue.Status {
	f.TB.Helper()
	s, err := f.Queue.Status(context.Background(), id)
	if err != nil {
		f.TB.Fatalf("status: %v", err)
	}
	return s
}

// WantCounts asserts the counts of a sweep, in its status and in the list of sweeps, and checks all
// invariants.
func (f *Fixture) WantCounts(id string, want queue.Counts) {
	f.TB.Helper()
	if diff := cmp.Diff(want, f.Status(id).Counts); diff != "" {
		f.TB.Fatalf("counts of %s (-want +got):\n%s", id, diff)
	}
	sweeps, err := f.Queue.Sweeps(context.Background())
	if err != nil {
		f.TB.Fatalf("list sweeps: %v", err)
	}
	for _, s := range sweeps {
		if diff := cmp.Diff(want, s.Counts); s.ID == id && diff != "" {
			f.TB.Fatalf("listed counts of %s (-want +got):\n%s", id, diff)
		}
	}
	f.Consistent()
}

// Retry retries tasks and returns their number.
func (f *Fixture) Retry(r queue.RetryRequest) int {
	f.TB.Helper()
	n, err := f.Queue.Retry(context.Background(), r)
	if err != nil {
		f.TB.Fatalf("retry: %v", err)
	}
	return n
}

// Record reads the record of a task.
func (f *Fixture) Record(task sweep.TaskID) (r queue.Record) {
	f.TB.Helper()
	f.Read(func(tx queue.Tx) (err error) {
		r, _, err = tx.Record(task)
		return err
	})
	return r
}

// Attempts reads the attempts of a task.
func (f *Fixture) Attempts(task sweep.TaskID) (all []queue.Attempt) {
	f.TB.Helper()
	f.Read(func(tx queue.Tx) (err error) {
		all, err = tx.Attempts(task)
		return err
	})
	return all
}

// Outcomes lists the outcomes of a task's attempts, by number.
func (f *Fixture) Outcomes(task sweep.TaskID) []queue.Outcome {
	f.TB.Helper()
	var all []queue.Outcome
	for _, a := range f.Attempts(task) {
		all = append(all, a.Outcome)
	}
	return all
}

// Rows collects all rows of a sweep.
func (f *Fixture) Rows(id string) (rows []queue.Row) {
	f.TB.Helper()
	for row, err := range f.Queue.Rows(context.Background(), id) {
		if err != nil {
			f.TB.Fatalf("rows: %v", err)
		}
		rows = append(rows, row)
	}
	return rows
}

// Read runs call in a read-only transaction.
func (f *Fixture) Read(call func(queue.Tx) error) {
	f.TB.Helper()
	if err := f.Store.View(context.Background(), call); err != nil {
		f.TB.Fatalf("read the store: %v", err)
	}
}

// Worker returns a worker with a new process ID.
func (f *Fixture) Worker(slots int) *Worker {
	f.workers++
	return &Worker{
		fixture: f,
		Process: queue.Process{
			ID: fmt.Sprintf("process-%03d", f.workers), Host: "host", Version: "v1", Kernel: "portable",
			EngineJob: "Slurm job 12_3", Numerics: sweep.Numerics, KernelClass: KernelClass, Slots: slots,
		},
		Holds: map[queue.Lease]*queue.Held{},
	}
}

// FirstError runs calls until one fails and returns its error.
func FirstError(calls ...func() error) error {
	for _, call := range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

// Clock is a clock that only the test advances. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

// NewClock returns a clock that shows 2026-01-01 12:00 UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)}
}

// Now returns the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
