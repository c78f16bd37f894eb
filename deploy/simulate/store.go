package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// faultyStore is the store as one process of a coordinator sees it. Its calls may fail,
// and the process may be killed at them.
type faultyStore struct {
	store       queue.Store
	coordinator *coordinator
	instance    *instance
}

// StoreFault is a fault at a call to the store.
type StoreFault int

// The faults of a call, and of the process that makes it.
const (
	NoFault             StoreFault = iota
	Unavailable                    // the call fails and has no effect
	RolledBack                     // the transaction runs and is rolled back
	Unanswered                     // the transaction is committed, and its caller gets an error
	KilledBefore                   // the process dies before the call
	KilledWithin                   // the process dies before the commit
	KilledAfter                    // the process dies after the commit, before it answers
	numberOfStoreFaults = iota
)

var errStore = fmt.Errorf("%w: simulated", queue.ErrUnavailable)

func (g *faultyStore) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	update := func(ctx context.Context, call func(queue.Tx) error) error { return g.store.Update(ctx, claim, call) }
	return g.pass(ctx, call, update, g.fault(true))
}

func (g *faultyStore) View(ctx context.Context, call func(queue.Tx) error) error {
	return g.pass(ctx, call, g.store.View, g.fault(false))
}

func (g *faultyStore) Changed() <-chan struct{} { return g.store.Changed() }

func (g *faultyStore) Close() error {
	return errors.New("coordinators of the simulation share the store and cannot close it")
}

func (g *faultyStore) pass(ctx context.Context, call func(queue.Tx) error, on func(context.Context, func(queue.Tx) error) error, fault StoreFault) error {
	if g.instance.dead {
		return errStore
	}
	if fault != NoFault {
		g.instance.log("%s: a call to the store is %v", g.instance.name, fault)
	}
	if fault == KilledBefore {
		g.coordinator.kill()
	}
	if fault == KilledBefore || fault == Unavailable {
		return errStore
	}
	err := on(ctx, func(tx queue.Tx) error {
		if err := call(tx); err != nil || fault != RolledBack && fault != KilledWithin {
			return err
		}
		return errStore
	})
	if fault == KilledWithin || fault == KilledAfter {
		g.coordinator.kill()
		return errStore
	}
	if fault == Unanswered && err == nil {
		return errStore
	}
	return err
}

// commitFault is a fault at one commit of an operator's call.
type commitFault struct {
	spared int // commits that succeed before
	fault  StoreFault
}

// strikes counts a commit and reports whether the fault hits it.
func (f *commitFault) strikes() bool {
	if f == nil {
		return false
	}
	f.spared--
	return f.spared < 0
}

// drawFault draws a fault for an operator's call, or nil.
func (sim *simulation) drawFault() *commitFault {
	if !sim.mayFail(sim.odds.operator) {
		return nil
	}
	faults := [...]StoreFault{RolledBack, RolledBack, Unanswered, Unanswered, KilledWithin, KilledAfter}
	return &commitFault{spared: sim.random.IntN(10), fault: faults[sim.random.IntN(len(faults))]}
}

// fault draws the fault of a call, if any. commits is false for a View.
func (g *faultyStore) fault(commits bool) StoreFault {
	sim := g.instance.simulation
	if g.instance.dead {
		return NoFault // pass rejects the call
	}
	sim.storeCalls++
	switch {
	case commits && sim.operatorFault.strikes():
		fault := sim.operatorFault.fault
		sim.operatorFault = nil
		sim.tally[OperatorFaults]++
		return fault
	case sim.storeCalls == sim.StoreFaultAt.Call:
		return sim.StoreFaultAt.Fault
	case sim.now.Before(sim.outage):
		return Unavailable
	case sim.mayFail(sim.odds.store):
		fault := StoreFault(1 + sim.random.IntN(numberOfStoreFaults-1))
		sim.tally[StoreFaults]++
		return fault
	default:
		return NoFault
	}
}

func (f StoreFault) String() string {
	return [...]string{
		"served", "unavailable", "rolled back", "committed without an answer",
		"killed before it began", "killed before the commit", "killed after the commit",
	}[f]
}

// observer is a store that passes every committed write on to the checks.
type observer struct {
	*simulation
	store queue.Store
}

func (o *observer) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	var seen *observedTx
	err := o.store.Update(ctx, claim, func(tx queue.Tx) error {
		seen = &observedTx{Tx: tx}
		return call(seen)
	})
	if err == nil {
		o.committed(&seen.written, seen.Now())
	}
	return err
}

func (o *observer) View(ctx context.Context, call func(queue.Tx) error) error {
	return o.store.View(ctx, call)
}

func (o *observer) Changed() <-chan struct{} { return o.store.Changed() }

func (o *observer) Close() error { return o.store.Close() }

// written holds the writes of a transaction, the last version of each row.
type written struct {
	records     []queue.Record
	attempts    []queue.Attempt
	presences   []queue.Presence
	saved       []savedStep
	planChanges []planChange
	results     []resultKey
	announced   bool
}

type (
	savedStep struct {
		task sweep.TaskID
		step uint64 // 0: deleted
	}
	planChange struct {
		plan    string
		task    sweep.TaskID // that the plan gains; "": the sweep gains the plan
		cost    time.Duration
		sweep   string // its ID, only without a task
		removed bool
		limits  queue.Limits // of the sweep
	}
	resultKey struct {
		task   sweep.TaskID
		digest string
	}
)

type observedTx struct {
	queue.Tx
	written written
}

func (t *observedTx) Announce() {
	t.written.announced = true
	t.Tx.Announce()
}

func (t *observedTx) PutRecord(r queue.Record) error {
	t.written.records = replace(t.written.records, r, func(old queue.Record) bool { return old.Task == r.Task })
	return t.Tx.PutRecord(r)
}

func (t *observedTx) PutAttempt(a queue.Attempt) error {
	a.GrantedAt = a.GrantedAt.Truncate(time.Microsecond)
	t.written.attempts = replace(t.written.attempts, a, func(old queue.Attempt) bool { return old.Lease == a.Lease })
	return t.Tx.PutAttempt(a)
}

func (t *observedTx) PutPresence(p queue.Presence) error {
	t.written.presences = replace(t.written.presences, p, func(old queue.Presence) bool { return old.ID == p.ID })
	return t.Tx.PutPresence(p)
}

func (t *observedTx) PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error {
	t.written.saved = append(t.written.saved, savedStep{task, step})
	return t.Tx.PutCheckpoint(task, step, body)
}

func (t *observedTx) DeleteCheckpoint(task sweep.TaskID) error {
	t.written.saved = append(t.written.saved, savedStep{task, 0})
	return t.Tx.DeleteCheckpoint(task)
}

func (t *observedTx) AddPlanned(plan, previous string, page []queue.Planned) (queue.AddedPage, error) {
	added, err := t.Tx.AddPlanned(plan, previous, page)
	for i := 0; err == nil && i < len(page); i++ {
		task := page[i].Task.ID
		t.written.planChanges = append(t.written.planChanges, planChange{plan: plan, task: task, cost: costOf(page[i])})
		var r queue.Record
		r, _, err = t.Record(task)
		t.written.records = replace(t.written.records, r, func(old queue.Record) bool { return old.Task == task })
	}
	return added, err
}

func (t *observedTx) DropPlanned(plan string, limit int) ([]sweep.TaskID, error) {
	dropped, err := t.Tx.DropPlanned(plan, limit)
	for _, task := range dropped {
		t.written.planChanges = append(t.written.planChanges, planChange{plan: plan, task: task, removed: true})
	}
	return dropped, err
}

func (t *observedTx) PutSweep(s queue.Sweep) error {
	t.written.planChanges = append(t.written.planChanges, planChange{sweep: s.ID, plan: s.Plan, limits: s.Limits})
	return t.Tx.PutSweep(s)
}

func (t *observedTx) DeleteSweep(id string) error {
	t.written.planChanges = append(t.written.planChanges, planChange{sweep: id, removed: true})
	return t.Tx.DeleteSweep(id)
}

func (t *observedTx) PutResult(task sweep.TaskID, digest string, r queue.StoredResult) error {
	t.written.results = append(t.written.results, resultKey{task, digest})
	return t.Tx.PutResult(task, digest, r)
}

func replace[T any](list []T, item T, same func(T) bool) []T {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = item
		return list
	}
	return append(list, item)
}
