package simulate

import (
	"context"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// observer stands before the store and sees every write that is committed,
// whoever asked for it.
type observer struct {
	*world
	store queue.Store
}

func (o *observer) Update(ctx context.Context, call func(queue.Tx) error) error {
	var seen *observedTx
	err := o.store.Update(ctx, func(tx queue.Tx) error {
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

// written is what a transaction has written: of each thing the last version.
type written struct {
	records   []queue.Record
	attempts  []queue.Attempt
	presences []queue.Presence
	saved     []saved
	places    []placed
	results   []made
	announced bool
}

type (
	saved struct {
		task sweep.TaskID
		step uint64 // 0: deleted
	}
	placed struct {
		plan string
		task sweep.TaskID // "": it is a sweep that has the plan now
		// sweep is its ID; with a task it is empty.
		sweep string
		gone  bool
	}
	made struct {
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
	t.written.saved = append(t.written.saved, saved{task, step})
	return t.Tx.PutCheckpoint(task, step, body)
}

func (t *observedTx) DeleteCheckpoint(task sweep.TaskID) error {
	t.written.saved = append(t.written.saved, saved{task, 0})
	return t.Tx.DeleteCheckpoint(task)
}

func (t *observedTx) AddRecords(tasks []sweep.TaskID) ([]queue.Record, error) {
	records, err := t.Tx.AddRecords(tasks)
	for _, r := range records {
		t.written.records = replace(t.written.records, r, func(old queue.Record) bool { return old.Task == r.Task })
	}
	return records, err
}

func (t *observedTx) PutPlanned(plan string, p queue.Planned, r queue.Record) error {
	t.written.places = append(t.written.places, placed{plan: plan, task: p.Task.ID})
	return t.Tx.PutPlanned(plan, p, r)
}

func (t *observedTx) DropPlanned(plan string, task sweep.TaskID) error {
	t.written.places = append(t.written.places, placed{plan: plan, task: task, gone: true})
	return t.Tx.DropPlanned(plan, task)
}

func (t *observedTx) PutSweep(s queue.Sweep) error {
	t.written.places = append(t.written.places, placed{sweep: s.ID, plan: s.Plan})
	return t.Tx.PutSweep(s)
}

func (t *observedTx) DeleteSweep(id string) error {
	t.written.places = append(t.written.places, placed{sweep: id, gone: true})
	return t.Tx.DeleteSweep(id)
}

func (t *observedTx) PutResult(task sweep.TaskID, digest string, r queue.StoredResult) error {
	t.written.results = append(t.written.results, made{task, digest})
	return t.Tx.PutResult(task, digest, r)
}

func replace[T any](list []T, item T, same func(T) bool) []T {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = item
		return list
	}
	return append(list, item)
}
