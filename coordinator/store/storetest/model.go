package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Model lives random lives: coordinators, workers and operators do anything in
// any order, messages are lost, delayed and duplicated, commits fail, processes
// die and clocks jump. After each step everything must be consistent, and
// nothing may have happened that the history forbids. At the end the faults
// stop, and the sweeps must finish.
func Model(t *rapid.T, open Opener) {
	m := &model{
		T: t, Lab: NewLab(t, open, queue.Policy{MaxAttempts: modelPatience, MaxLosses: modelPatience}),
		history:  map[sweep.TaskID]queue.Record{},
		attempts: map[queue.Lease]queue.Attempt{},
		losses:   map[queue.Lease]loss{},
	}
	defer m.Close()
	m.begin()
	actions := map[string]func(*rapid.T){"": func(*rapid.T) { m.check() }}
	for _, a := range []struct {
		name   string
		weight int
		do     func(*rapid.T)
	}{
		{"sync", 12, m.sync},
		{"work", 4, m.work},
		{"checkpoint", 2, m.checkpoint},
		{"start a worker", 2, m.startWorker},
		{"kill a worker", 1, m.killWorker},
		{"old message", 2, m.oldMessage},
		{"old report", 2, m.oldReport},
		{"old checkpoint", 1, m.oldCheckpoint},
		{"tick", 2, m.tick},
		{"silence", 3, m.silence},
		{"freeze", 1, m.freeze},
		{"restart", 1, func(*rapid.T) { m.Restart() }},
		{"plan", 1, m.plan},
		{"forget", 1, m.forget},
		{"retry", 1, m.retry},
		{"retry diverged", 2, m.retryDiverged},
		{"cancel", 1, m.cancel},
		{"verify", 2, m.verify},
		{"drain", 1, m.drain},
		{"failing commits", 1, m.failing},
	} {
		for i := range a.weight {
			actions[fmt.Sprintf("%s %d", a.name, i)] = a.do
		}
	}
	t.Repeat(actions)
	m.finish()
}

// begin plans a sweep and starts two workers, so that something happens.
func (m *model) begin() {
	m.Plan("A", Plan(0, modelTasks/2, 30))
	m.workers = []*Worker{m.Worker(1), m.Worker(2)}
	m.check()
}

// The universe of the model: small, so that things meet.
const (
	modelTasks    = 6
	modelWorkers  = 4
	modelPatience = 2 // failures, or losses alone, that set a task aside
)

var modelSweeps = []string{"A", "B"}

type model struct {
	*rapid.T
	*Lab
	workers []*Worker
	mail    []queue.SyncRequest // that was sent, and may arrive (again)
	leases  []queue.Lease       // that were ever granted, with their holders
	holders []string
	// What must be remembered.
	history  map[sweep.TaskID]queue.Record
	attempts map[queue.Lease]queue.Attempt
	losses   map[queue.Lease]loss // the newest of a lease
}

func (m *model) pick() *Worker {
	if len(m.workers) == 0 {
		m.Skip("no worker")
	}
	return rapid.SampledFrom(m.workers).Draw(m.T, "worker")
}

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
	if _, err := m.TryPlan(id, tasks); err != nil && !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("plan: %v", err)
	}
}

func (m *model) forget(t *rapid.T) {
	id := rapid.SampledFrom(modelSweeps).Draw(t, "sweep")
	err := m.Queue.Forget(ctx, id)
	if err != nil && !errors.Is(err, queue.ErrUnknown) && !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("forget: %v", err)
	}
}

func (m *model) startWorker(t *rapid.T) {
	if len(m.workers) == modelWorkers {
		t.Skip("enough workers")
	}
	m.workers = append(m.workers, m.Worker(rapid.IntRange(1, 3).Draw(t, "slots")))
}

func (m *model) killWorker(*rapid.T) {
	dead := m.pick()
	m.workers = slices.DeleteFunc(m.workers, func(w *Worker) bool { return w == dead })
}

// work lets a worker get on with what it holds.
func (m *model) work(t *rapid.T) {
	w := m.pick()
	for _, h := range w.held() {
		if rapid.IntRange(0, 3).Draw(t, "goes on") > 0 {
			w.Start(h.Lease, min(Steps, h.Step+uint64(rapid.IntRange(0, 40).Draw(t, "steps"))))
		}
	}
}

func (m *model) tick(t *rapid.T) {
	m.Clock.Advance(time.Duration(rapid.IntRange(0, 4999).Draw(t, "ms")) * time.Millisecond)
	m.justTick()
}

// silence is half a lease's term or more in which only the coordinator lives.
func (m *model) silence(t *rapid.T) {
	for range rapid.IntRange(8, 20).Draw(t, "ticks") {
		m.Clock.Advance(4 * time.Second)
		m.justTick()
	}
}

// freeze is a jump of the clock: no lease may expire in the tick after it.
func (m *model) freeze(t *rapid.T) {
	jump := time.Duration(rapid.IntRange(5, 1000).Draw(t, "seconds")) * time.Second
	if rapid.Bool().Draw(t, "back") {
		jump = -jump
	}
	m.Clock.Advance(jump)
	before := m.records()
	m.justTick()
	for task, r := range m.records() {
		if before[task].Phase == queue.Leased && r.Phase != queue.Leased {
			m.Errorf("the lease of %s expired after a jump of %v", task, jump)
		}
	}
}

func (m *model) justTick() {
	if err := m.Queue.Tick(ctx); err != nil && !errors.Is(err, queue.ErrUnavailable) {
		m.Fatalf("tick: %v", err)
	}
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

func (m *model) failing(t *rapid.T) {
	m.Store.Next = rapid.SampledFrom([]Fault{FailedCommit, UnknownCommit}).Draw(t, "fault")
}

// finish lets the faults stop: with healthy workers, every sweep must come to
// an end in bounded time.
func (m *model) finish() {
	m.Store.Next = NoFault
	m.workers = nil
	w := m.Worker(2)
	for range 40 * modelTasks {
		answer := w.Sync()
		m.check()
		if answer.Done {
			return
		}
		var reports []queue.Report
		for _, h := range w.held() {
			w.Start(h.Lease, Steps)
			reports = append(reports, Finished(h.Lease, 0))
		}
		w.Sync(reports...)
		m.check()
		m.Tick(10 * time.Second)
	}
	if sweeps, err := m.Queue.Sweeps(context.Background()); err == nil && len(sweeps) > 0 {
		m.Fatalf("the sweeps do not end: %s", m.describe())
	}
}
