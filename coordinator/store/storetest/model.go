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
		T: t, Lab: NewLab(t, open, queue.Policy{
			MaxAttempts: modelPatience, MaxLosses: modelPatience, PlanPage: modelPage, ChangePage: modelPage,
		}),
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
		{"plan", 1, m.perhapsFailing(m.plan)},
		{"delete", 1, m.perhapsFailing(m.forget)},
		{"retry", 1, m.perhapsFailing(m.retry)},
		{"retry diverged", 2, m.perhapsFailing(m.retryDiverged)},
		{"cancel", 1, m.perhapsFailing(m.cancel)},
		{"verify", 2, m.perhapsFailing(m.verify)},
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
	modelPage     = 2 // tasks: few, so that what goes page by page makes several commits
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

// failing lets a fault strike one of the next commits. What operators ask for may
// make several, and is then done in part.
func (m *model) failing(t *rapid.T) {
	m.Store.Spared = rapid.IntRange(0, modelTasks).Draw(t, "spared")
	m.Store.Next = rapid.SampledFrom([]Fault{FailedCommit, UnknownCommit}).Draw(t, "fault")
}

// perhapsFailing lets a fault strike an action, or what comes after it, at times.
func (m *model) perhapsFailing(action func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		if rapid.Bool().Draw(t, "fails") {
			m.failing(t)
		}
		action(t)
	}
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
