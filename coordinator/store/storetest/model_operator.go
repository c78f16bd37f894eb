package storetest

import (
	"errors"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (m *model) plan(t *rapid.T) {
	id := rapid.SampledFrom(modelSweeps).Draw(t, "sweep")
	var tasks []queue.Planned
	for i := range modelTasks {
		if rapid.IntRange(0, 3).Draw(t, "planned") > 0 {
			cost := rapid.SampledFrom([]float64{0.2, 0.6, 30}).Draw(t, "cost")
			order := rapid.IntRange(0, modelTasks).Draw(t, "order")
			tasks = append(tasks, queue.Planned{Task: Task(i), Row: i, Order: order, Cost: cost})
		}
	}
	before, wanted := m.planOf(id), placesOf(tasks)
	_, err := m.TryPlan(id, tasks)
	if err != nil && !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("plan: %v", err)
	}
	if err == nil {
		before = wanted
	}
	m.whole(id, before, wanted)
}

func (m *model) forget(t *rapid.T) {
	id := rapid.SampledFrom(modelSweeps).Draw(t, "sweep")
	before := m.planOf(id)
	err := m.Queue.Delete(ctx, id)
	if err != nil && !errors.Is(err, queue.ErrUnknown) && !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("forget: %v", err)
	}
	if err == nil {
		before = nil
	}
	m.whole(id, before, nil)
}

// whole checks that a sweep has one plan or the other, whichever commit failed
// of the call that was to put the second in the place of the first.
func (m *model) whole(id string, first, second []string) {
	if is := m.planOf(id); !slices.Equal(is, first) && !slices.Equal(is, second) {
		m.Errorf("sweep %s has the plan %q, neither %q nor %q", id, is, first, second)
	}
}

// planOf describes the plan of a sweep: empty if there is no such sweep.
func (m *model) planOf(id string) []string {
	var plan []queue.Planned
	for row, err := range m.Queue.Rows(ctx, id) {
		if errors.Is(err, queue.ErrUnknown) {
			return nil
		}
		if err != nil {
			m.Fatalf("rows: %v", err)
		}
		plan = append(plan, row.Planned)
	}
	return placesOf(plan)
}

// placesOf names each task of a plan and its place.
func placesOf(plan []queue.Planned) (all []string) {
	for _, p := range plan {
		all = append(all, fmt.Sprintf("task %s, row %d, order %d, cost %v s", p.Task.ID, p.Row, p.Order, p.Cost))
	}
	return all
}

func (m *model) retry(*rapid.T) { m.reopen(queue.RetryRequest{}) }

func (m *model) retryDiverged(*rapid.T) { m.reopen(queue.RetryRequest{Diverged: true}) }

func (m *model) reopen(r queue.RetryRequest) {
	if _, err := m.Queue.Retry(ctx, r); err != nil && !errors.Is(err, queue.ErrUnavailable) {
		m.Fatalf("retry: %v", err)
	}
}

// cancel leaves nothing open that it was not told to leave.
func (m *model) cancel(t *rapid.T) {
	s := queue.Selection{Sweep: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "sweep")}
	before := m.records()
	_, shared, err := m.Queue.Cancel(ctx, s)
	if errors.Is(err, queue.ErrUnknown) || errors.Is(err, queue.ErrUnavailable) {
		return
	}
	if err != nil {
		t.Fatalf("cancel: %v", err)
	}
	if s.Sweep == "" && shared > 0 {
		m.Errorf("%d tasks are shared among all sweeps", shared)
	}
	for _, id := range modelSweeps {
		if status, err := m.Queue.Status(ctx, id); err == nil && (s.Sweep == "" || s.Sweep == id) {
			if open := status.Counts.Pending + status.Counts.Leased + status.Counts.Verifying; open != shared {
				m.Errorf("%d tasks of %s are open after a cancel that left %d", open, id, shared)
			}
		}
	}
	for task, r := range m.records() {
		if old := before[task]; old.Accepted != r.Accepted || old.Phase == queue.Done && r.Phase != queue.Done {
			m.Errorf("cancel made %+v of %+v", r, old)
		}
	}
}

// verify lets finished tasks run once more: nothing else changes.
func (m *model) verify(t *rapid.T) {
	before := m.records()
	tasks, err := m.Queue.Verify(ctx, queue.VerifyRequest{
		Share: rapid.SampledFrom([]float64{0.3, 1}).Draw(t, "share"), Seed: rapid.Uint64().Draw(t, "seed"),
	})
	if err != nil && !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("verify: %v", err)
	}
	after := m.records()
	for _, task := range tasks {
		if old := before[task]; old.State() != sweep.Done || !after[task].Verifying {
			m.Errorf("verify made %+v of %+v", after[task], old)
		}
	}
	for task, r := range after {
		if old := before[task]; old.Accepted != r.Accepted || old.State() != r.State() {
			m.Errorf("verify made %+v of %+v", r, old)
		}
	}
}

func (m *model) drain(*rapid.T) {
	w := m.pick()
	_, err := m.Queue.Drain(ctx, queue.DrainRequest{Processes: []string{w.ID}})
	if err != nil && !errors.Is(err, queue.ErrUnavailable) && !errors.Is(err, queue.ErrUnknown) {
		m.Fatalf("drain: %v", err)
	}
}
