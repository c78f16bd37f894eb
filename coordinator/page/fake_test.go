package page

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
)

// fakeQueue is a queue of sweeps that tests fill in. Its methods count their calls.
type fakeQueue struct {
	mu     sync.Mutex
	sweeps []*fakeSweep
	err    error
	calls  map[string]int
	// variables are those of the grids.
	variables map[string]string
}

// fakeSweep is a sweep with its rows as a store has them: each task once.
type fakeSweep struct {
	queue.Sweep
	rows     []queue.Row
	changes  int64
	results  map[sweep.TaskID][]byte
	attempts []queue.History
	workers  []queue.Worker
}

const sweepID = "0c1c2f4e-0000-4000-8000-000000000001"

// addSweep plans a grid whose tasks are pending.
func (q *fakeQueue) addSweep(t testing.TB, id, text string) *fakeSweep {
	t.Helper()
	g, faults := grid.Parse("sweep.hcl", []byte(text), q.variables)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	digest := func(c sweep.Configuration) (string, error) {
		return sweep.Digest(fmt.Append(nil, folder.DataOf(c))), nil
	}
	p, err := plan.New(t.Context(), g, digest, sweep.Numerics, "portable/amd64", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeSweep{
		Sweep:   queue.Sweep{ID: id, Name: g.Name, Revision: 1, Grid: []byte(text), Numerics: sweep.Numerics, KernelClass: "portable/amd64"},
		results: map[sweep.TaskID][]byte{},
	}
	for task := range p.Tasks() {
		s.rows = append(s.rows, queue.Row{Planned: queue.Planned{Task: task.Task, Row: task.Row, Order: task.Order}, Phase: queue.Waiting, State: sweep.Pending})
	}
	slices.SortFunc(s.rows, func(a, b queue.Row) int { return a.Row - b.Row })
	q.sweeps = append(q.sweeps, s)
	return s
}

// finish gives a row a result with an error of the k-probability.
func (q *fakeQueue) finish(t testing.TB, s *fakeSweep, row int, value float64) {
	t.Helper()
	m := sweep.Measures{
		Errors: map[string]float64{"k_probability": value, "firing_rate_hz2": 10 * value},
		Floors: map[string]float64{"k_probability": 1e-7, "firing_rate_hz2": 1e-4}, RatesHz: []float64{4, 5},
	}
	body, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	r := &s.rows[row]
	r.Phase, r.State, r.Measures, r.Digest = queue.Done, sweep.Done, body, sweep.Digest(fmt.Append(nil, row, value))
	s.changes++
}

// fail gives a row a failure.
func (q *fakeQueue) fail(s *fakeSweep, row int, reason string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s.rows[row].Phase, s.rows[row].State, s.rows[row].Reason = queue.Failed, sweep.Failed, reason
	s.changes++
}

func (s *fakeSweep) counts() queue.Counts {
	c := queue.Counts{Planned: len(s.rows)}
	for _, r := range s.rows {
		switch r.Phase {
		case queue.Done:
			c.Done++
		case queue.Failed:
			c.Failed++
		case queue.Leased:
			c.Leased++
		default:
			c.Pending++
		}
	}
	return c
}

// wait waits for work in the background.
func (p *Page) wait() {
	p.mu.Lock() // so that nothing starts while it waits
	defer p.mu.Unlock()
	p.running.Wait()
}

// call counts a call, and holds the lock until the end of the caller.
func (q *fakeQueue) call(name string) func() {
	q.mu.Lock()
	if q.calls == nil {
		q.calls = map[string]int{}
	}
	q.calls[name]++
	return q.mu.Unlock
}

// called returns how often a call was made.
func (q *fakeQueue) called(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.calls[name]
}

func (q *fakeQueue) find(id string) (*fakeSweep, error) {
	if q.err != nil {
		return nil, q.err
	}
	for _, s := range q.sweeps {
		if s.ID == id {
			return s, nil
		}
	}
	return nil, fmt.Errorf("sweep %q: %w", id, queue.ErrUnknown)
}

func (q *fakeQueue) Sweeps(context.Context) (all []queue.Summary, err error) {
	defer q.call("Sweeps")()
	for _, s := range q.sweeps {
		all = append(all, queue.Summary{Sweep: s.Sweep, Counts: s.counts()})
	}
	return all, q.err
}

func (q *fakeQueue) Sweep(_ context.Context, id string) (queue.Sweep, error) {
	defer q.call("Sweep")()
	s, err := q.find(id)
	if err != nil {
		return queue.Sweep{}, err
	}
	return s.Sweep, nil
}

func (q *fakeQueue) Status(_ context.Context, id string) (queue.Status, error) {
	defer q.call("Status")()
	s, err := q.find(id)
	if err != nil {
		return queue.Status{}, err
	}
	return queue.Status{Sweep: s.Sweep, Counts: s.counts(), Changes: s.changes, Workers: s.workers}, nil
}

func (q *fakeQueue) Configurations(_ context.Context, id string) iter.Seq2[queue.Planned, error] {
	return func(yield func(queue.Planned, error) bool) {
		s, err := q.find(id)
		if err != nil {
			yield(queue.Planned{}, err)
			return
		}
		last := -1
		for _, r := range s.rows {
			if r.Task.ConfigurationIndex == last {
				continue
			}
			last = r.Task.ConfigurationIndex
			stored, err := sweep.RestoreConfiguration(sweep.Canonical(r.Task.Configuration))
			if r.Task.Configuration = stored; !yield(r.Planned, err) {
				return
			}
		}
	}
}

func (q *fakeQueue) Rows(_ context.Context, id string) iter.Seq2[queue.Row, error] {
	return func(yield func(queue.Row, error) bool) {
		defer q.call("Rows")()
		s, err := q.find(id)
		if err != nil {
			yield(queue.Row{}, err)
			return
		}
		for _, r := range s.rows {
			if r.Reason == "" {
				r.Task.Configuration = sweep.Configuration{}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (q *fakeQueue) Attempts(_ context.Context, id string) iter.Seq2[queue.History, error] {
	return func(yield func(queue.History, error) bool) {
		s, err := q.find(id)
		if err != nil {
			yield(queue.History{}, err)
			return
		}
		for _, h := range s.attempts {
			if !yield(h, nil) {
				return
			}
		}
	}
}

func (q *fakeQueue) Result(_ context.Context, task sweep.TaskID, _ string) ([]byte, error) {
	defer q.call("Result")()
	for _, s := range q.sweeps {
		if body, found := s.results[task]; found {
			return body, nil
		}
	}
	return nil, fmt.Errorf("task %s: %w", task, queue.ErrUnknown)
}
