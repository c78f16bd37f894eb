package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	// pardons is set in a step that may change accepted results.
	pardons bool
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

// sync lets a worker call, with reports on some of what it holds. The request or
// the answer may be lost.
func (m *model) sync(t *rapid.T) {
	w := m.pick()
	w.Draining = rapid.IntRange(0, 9).Draw(t, "draining") == 0
	r := w.Request(m.reports(t, w)...)
	m.mail = append(m.mail, r)
	if rapid.IntRange(0, 4).Draw(t, "request lost") == 0 {
		return
	}
	answer, ok := m.deliver(r)
	if ok && rapid.IntRange(0, 4).Draw(t, "answer lost") > 0 {
		w.Obey(answer)
	}
}

func (m *model) reports(t *rapid.T, w *Worker) (reports []queue.Report) {
	for _, h := range w.held() {
		if !h.Started {
			continue
		}
		end := rapid.IntRange(0, 9).Draw(t, "end")
		if h.Task == Task(0).ID && end < 8 {
			end = 4 // this one is no good
		}
		switch end {
		case 0, 1, 2:
			reports = append(reports, Finished(h.Lease, 0))
		case 3:
			reports = append(reports, Finished(h.Lease, rapid.IntRange(1, 2).Draw(t, "variant")))
		case 4:
			reports = append(reports, Fails(h.Lease, "NaN"))
		case 5:
			reports = append(reports, HandsBack(h.Lease))
		case 6:
			damaged := Finished(h.Lease, 0)
			damaged.Result.Digest = "damaged"
			reports = append(reports, damaged)
		default:
		}
	}
	return reports
}

// deliver passes a request on and holds its answer against the past.
func (m *model) deliver(r queue.SyncRequest) (queue.SyncAnswer, bool) {
	before := m.records()
	presence := m.presence(r.ID)
	answer, err := m.Queue.Sync(ctx, r)
	if errors.Is(err, queue.ErrUnavailable) {
		return answer, false
	}
	if err != nil {
		m.Fatalf("sync: %v", err)
	}
	m.judgeVerdicts(r, answer, before)
	m.judgeAssignments(r, answer, before, r.Sequence > presence.Sequence)
	if answer.Done {
		for _, id := range modelSweeps {
			if s, err := m.Queue.Status(ctx, id); err == nil && !s.Counts.Finished() {
				m.Errorf("done, but sweep %s has %+v", id, s.Counts)
			}
		}
	}
	return answer, true
}

// judgeVerdicts: what was accepted came from the newest attempt and its holder.
func (m *model) judgeVerdicts(r queue.SyncRequest, answer queue.SyncAnswer, before map[sweep.TaskID]queue.Record) {
	for _, v := range answer.Verdicts {
		if v.Judgement != queue.JudgedAccepted {
			continue
		}
		if a := m.attempts[v.Lease]; a.Process != r.ID {
			m.Errorf("%s reported %v of process %s, accepted", r.ID, v.Lease, a.Process)
		}
		if old := before[v.Task]; old.Attempt != v.Attempt {
			m.Errorf("attempt %d of %s was accepted when %d had been granted", v.Attempt, v.Task, old.Attempt)
		}
	}
}

// judgeAssignments: what is new was waiting, and has the next number; nothing is
// granted in answer to an old call.
func (m *model) judgeAssignments(r queue.SyncRequest, answer queue.SyncAnswer, before map[sweep.TaskID]queue.Record, newer bool) {
	for _, a := range answer.Assignments {
		old := before[a.Task]
		switch a.Attempt {
		case old.Attempt: // held before
			if holder := m.attempts[a.Lease].Process; holder != r.ID {
				m.Errorf("%s is assigned %v of process %s", r.ID, a.Lease, holder)
			}
		case old.Attempt + 1:
			if !newer || r.Draining || a.Work == nil {
				m.Errorf("%v is granted to %s, newer call: %v, draining: %v", a.Lease, r.ID, newer, r.Draining)
			}
			m.leases, m.holders = append(m.leases, a.Lease), append(m.holders, r.ID)
		default:
			m.Errorf("%v is assigned after attempt %d", a.Lease, old.Attempt)
		}
	}
	if !newer {
		after := m.presence(r.ID)
		if r.Sequence > after.Sequence {
			m.Errorf("an old call of %s changed its sequence", r.ID)
		}
	}
}

// oldMessage delivers something once more, or at last.
func (m *model) oldMessage(t *rapid.T) {
	if len(m.mail) == 0 {
		t.Skip("no mail")
	}
	m.deliver(rapid.SampledFrom(m.mail).Draw(t, "request"))
}

// oldReport lets the holder of any lease there ever was report its result.
func (m *model) oldReport(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("no lease")
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(t, "lease")
	variant := max(0, rapid.IntRange(-3, 2).Draw(t, "variant"))
	for _, w := range m.workers {
		if w.ID == m.holders[i] {
			m.deliver(w.Request(Finished(m.leases[i], variant)))
			return
		}
	}
	t.Skip("its holder is dead")
}

func (m *model) checkpoint(t *rapid.T) {
	w := m.pick()
	for _, h := range w.held() {
		if h.Started && h.Step > 0 && rapid.Bool().Draw(t, "saves") {
			m.save(w.ID, h.Lease, h.Step)
		}
	}
}

func (m *model) oldCheckpoint(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("no lease")
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(t, "lease")
	m.save(m.holders[i], m.leases[i], uint64(rapid.IntRange(1, Steps).Draw(t, "step")))
}

// save stores a checkpoint: only the newest attempt's and only a larger step may be taken.
func (m *model) save(process string, l queue.Lease, step uint64) {
	before, token := m.savedStep(l.Task), m.records()[l.Task].Attempt
	stored, err := m.Queue.PutCheckpoint(ctx, process, l, step, []byte{byte(step)})
	if err != nil && !errors.Is(err, queue.ErrUnavailable) {
		m.Fatalf("put checkpoint: %v", err)
	}
	if stored && (step <= before || l.Attempt != token) {
		m.Errorf("a checkpoint of %v, step %d, was stored over step %d; the token is %d", l, step, before, token)
	}
	if stored && m.savedStep(l.Task) != step {
		m.Errorf("a checkpoint of step %d was not stored", step)
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

func (m *model) retryDiverged(*rapid.T) {
	m.pardons = true
	m.reopen(queue.RetryRequest{Diverged: true})
}

func (m *model) reopen(r queue.RetryRequest) {
	if _, err := m.Queue.Retry(ctx, r); err != nil && !errors.Is(err, queue.ErrUnavailable) {
		m.Fatalf("retry: %v", err)
	}
}

func (m *model) failing(t *rapid.T) {
	m.Store.Next = rapid.SampledFrom([]Fault{FailedCommit, UnknownCommit}).Draw(t, "fault")
}

// check holds the present against the past.
func (m *model) check() {
	m.Consistent()
	now := m.records()
	for task, r := range now {
		m.compare(m.history[task], r)
	}
	for task := range m.history {
		if _, there := now[task]; !there {
			m.Errorf("task %s has vanished", task)
		}
	}
	for task, r := range now {
		m.history[task] = r
		for _, a := range m.attemptsOf(task) {
			m.compareAttempt(a)
			m.attempts[a.Lease] = a
		}
	}
}

func (m *model) compare(old, r queue.Record) {
	if r.Attempt < old.Attempt || r.Pardoned < old.Pardoned {
		m.Errorf("task %s: token %d after %d, pardoned %d after %d", r.Task, r.Attempt, old.Attempt, r.Pardoned, old.Pardoned)
	}
	if old.Accepted != "" && r.Accepted != old.Accepted {
		agreed := 0
		for _, a := range m.attemptsOf(r.Task) {
			if a.Digest == r.Accepted {
				agreed++
			}
		}
		if !m.pardons || agreed < 2 {
			m.Errorf("task %s: %s is accepted instead of %s; %d attempts agree; retry --diverged: %v",
				r.Task, r.Accepted, old.Accepted, agreed, m.pardons)
		}
	}
	m.fair(r)
}

// fair recounts the blame of a task from its attempts, in another way than the
// rules do.
func (m *model) fair(r queue.Record) {
	failures, losses := 0, 0
	for _, a := range m.attemptsOf(r.Task) {
		if a.Attempt <= r.Pardoned {
			continue
		}
		if a.Outcome == queue.Failed {
			failures++
		}
		if a.Outcome == queue.Lost && a.Alone && a.Started {
			losses++ // at most: progress may excuse it
		}
	}
	hopeless := r.Phase == queue.SetAside
	if hopeless && failures < modelPatience && losses < modelPatience {
		m.Errorf("task %s is set aside after %d failures and %d losses alone", r.Task, failures, losses)
	}
	if failures >= modelPatience && (r.Phase == queue.Waiting || r.Phase == queue.Leased || r.Phase == queue.BackingOff) {
		m.Errorf("task %s is %s after %d failures", r.Task, r.Phase, failures)
	}
}

// compareAttempt: what has ended stays ended, but for what the rules allow.
func (m *model) compareAttempt(a queue.Attempt) {
	old, known := m.attempts[a.Lease]
	if !known {
		return
	}
	if a.Process != old.Process || !a.GrantedAt.Equal(old.GrantedAt) || old.Digest != "" && a.Digest != old.Digest || a.Step < old.Step {
		m.Errorf("attempt %v was %+v, is %+v", a.Lease, old, a)
	}
	if a.Outcome == old.Outcome {
		return
	}
	switch old.Outcome {
	case queue.Live, queue.Lost, queue.Withdrawn:
	default:
		m.Errorf("attempt %v was %q, is %q", a.Lease, old.Outcome, a.Outcome)
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

func (m *model) describe() (text string) {
	all := m.records()
	for _, task := range slices.SortedFunc(maps.Keys(all), cmp.Compare[sweep.TaskID]) {
		text += fmt.Sprintf("\n%+v", all[task])
	}
	return text
}

func (m *model) records() map[sweep.TaskID]queue.Record {
	all := map[sweep.TaskID]queue.Record{}
	m.read(func(tx queue.Tx) error {
		for i := range modelTasks {
			r, found, err := tx.Record(Task(i).ID)
			if err != nil {
				return err
			}
			if found {
				all[r.Task] = r
			}
		}
		return nil
	})
	return all
}

func (m *model) attemptsOf(task sweep.TaskID) (all []queue.Attempt) {
	m.read(func(tx queue.Tx) (err error) {
		all, err = tx.Attempts(task)
		return err
	})
	return all
}

func (m *model) presence(process string) (p queue.Presence) {
	m.read(func(tx queue.Tx) (err error) {
		p, _, err = tx.Presence(process)
		return err
	})
	return p
}

func (m *model) savedStep(task sweep.TaskID) (step uint64) {
	m.read(func(tx queue.Tx) (err error) {
		step, err = tx.CheckpointStep(task)
		return err
	})
	return step
}
