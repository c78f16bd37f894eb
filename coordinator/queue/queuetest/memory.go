package queuetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Memory returns a store in memory that reads the time from now. It keeps plain maps, sorts
// them for every list, and runs one transaction at a time. It passes the same tests as the
// other stores and is their model in [Twin].
func Memory(now func() time.Time) queue.Store {
	return &memory{
		changed:     make(chan struct{}),
		now:         now,
		sweeps:      map[string]queue.Sweep{},
		planned:     map[place]queue.Planned{},
		arrivals:    map[tallyKey]int{},
		drafts:      map[string]queue.Draft{},
		tasks:       map[sweep.TaskID]queue.Specification{},
		records:     map[sweep.TaskID]queue.Record{},
		attempts:    map[queue.Lease]queue.Attempt{},
		processes:   map[string]queue.Presence{},
		results:     map[resultKey]queue.StoredResult{},
		checkpoints: map[sweep.TaskID]checkpoint{},
		recordings:  map[string][]byte{},
	}
}

type (
	place struct {
		plan string
		task sweep.TaskID
	}
	tallyKey struct {
		plan  string
		phase queue.Phase
	}
	resultKey struct {
		task   sweep.TaskID
		digest string
	}
	checkpoint struct {
		step uint64
		body []byte
	}
)

// memory is a store in memory. mu guards all other fields.
type memory struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced by a commit that announces itself
	now     func() time.Time
	closed  bool
	tick    time.Time // the last one

	sweeps      map[string]queue.Sweep
	planned     map[place]queue.Planned
	arrivals    map[tallyKey]int
	drafts      map[string]queue.Draft
	tasks       map[sweep.TaskID]queue.Specification
	records     map[sweep.TaskID]queue.Record
	attempts    map[queue.Lease]queue.Attempt
	processes   map[string]queue.Presence
	results     map[resultKey]queue.StoredResult
	checkpoints map[sweep.TaskID]checkpoint
	recordings  map[string][]byte
}

var (
	errClosed   = fmt.Errorf("%w: it is closed", queue.ErrUnavailable)
	errReadOnly = errors.New("write in a read-only transaction")
)

func (m *memory) Update(ctx context.Context, _ *queue.Claim, call func(queue.Tx) error) error {
	return m.run(ctx, call, true)
}

func (m *memory) View(ctx context.Context, call func(queue.Tx) error) error {
	return m.run(ctx, call, false)
}

func (m *memory) run(ctx context.Context, call func(queue.Tx) error, writes bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := &memoryTx{memory: m, now: stored(m.now()), writes: writes}
	committed := false
	defer func() { // also if call panics
		if !committed {
			tx.rollBack()
		}
	}()
	if err := call(tx); err != nil {
		return err
	}
	committed = true
	if tx.announced {
		close(m.changed)
		m.changed = make(chan struct{})
	}
	return nil
}

func (m *memory) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// memoryTx is a transaction. undo reverts its changes, the last one first.
type memoryTx struct {
	*memory
	now       time.Time
	writes    bool
	undo      []func()
	announced bool
}

func (t *memoryTx) Now() time.Time { return t.now }

func (t *memoryTx) Announce() { t.announced = true }

func (t *memoryTx) rollBack() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
}

// put sets an entry of a table and records how to undo the change.
func put[K comparable, V any](t *memoryTx, table map[K]V, key K, value V) error {
	if !t.writes {
		return errReadOnly
	}
	t.onRollBack(restore(table, key))
	table[key] = value
	return nil
}

// remove deletes an entry of a table and records how to undo the change.
func remove[K comparable, V any](t *memoryTx, table map[K]V, key K) error {
	if !t.writes {
		return errReadOnly
	}
	t.onRollBack(restore(table, key))
	delete(table, key)
	return nil
}

func (t *memoryTx) onRollBack(undo func()) { t.undo = append(t.undo, undo) }

func restore[K comparable, V any](table map[K]V, key K) func() {
	before, had := table[key]
	return func() {
		if had {
			table[key] = before
		} else {
			delete(table, key)
		}
	}
}

func (t *memoryTx) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	s, found := t.tasks[task]
	return s, found, nil
}

func (t *memoryTx) Record(task sweep.TaskID) (queue.Record, bool, error) {
	r, found := t.records[task]
	return r, found, nil
}

func (t *memoryTx) PutRecord(r queue.Record) error {
	r.NotBefore, r.Compute = stored(r.NotBefore), r.Compute.Truncate(time.Microsecond)
	if before, found := t.records[r.Task]; found && before.Phase != r.Phase {
		for key := range t.planned {
			if key.task != r.Task {
				continue
			}
			arrival := tallyKey{key.plan, r.Phase}
			if err := put(t, t.arrivals, arrival, t.arrivals[arrival]+1); err != nil {
				return err
			}
		}
	}
	return put(t, t.records, r.Task, r)
}

func (t *memoryTx) Due(now time.Time, limit int) ([]sweep.TaskID, error) {
	var due []sweep.TaskID
	for task, r := range t.records {
		if r.Phase == queue.BackingOff && !r.NotBefore.After(now) {
			due = append(due, task)
		}
	}
	slices.SortFunc(due, func(a, b sweep.TaskID) int {
		return cmp.Or(t.records[a].NotBefore.Compare(t.records[b].NotBefore), cmp.Compare(a, b))
	})
	return first(due, limit), nil
}

func (t *memoryTx) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	a, found := t.attempts[l]
	return a, found, nil
}

func (t *memoryTx) PutAttempt(a queue.Attempt) error {
	a.GrantedAt, a.EndedAt = stored(a.GrantedAt), stored(a.EndedAt)
	a.Compute = a.Compute.Truncate(time.Microsecond)
	return put(t, t.attempts, a.Lease, a)
}

func (t *memoryTx) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	return t.attemptsOf(task), nil
}

// attemptsOf lists the attempts of a task. Their numbers have no gaps.
func (t *memoryTx) attemptsOf(task sweep.TaskID) []queue.Attempt {
	var all []queue.Attempt
	for n := uint64(1); ; n++ {
		a, found := t.attempts[queue.Lease{Task: task, Attempt: n}]
		if !found {
			return all
		}
		all = append(all, a)
	}
}

func (t *memoryTx) HeldBy(process string) ([]queue.Attempt, error) {
	var held []queue.Attempt
	for _, a := range t.attempts {
		if a.Process == process && a.Outcome == queue.Live {
			held = append(held, a)
		}
	}
	slices.SortFunc(held, byGrant)
	return held, nil
}

func (t *memoryTx) OldestGrant() (oldest time.Time, found bool, err error) {
	for _, a := range t.attempts {
		if a.Outcome == queue.Live && (!found || a.GrantedAt.Before(oldest)) {
			oldest, found = a.GrantedAt, true
		}
	}
	return oldest, found, nil
}

// byGrant is the order of queue.AttemptTx.HeldBy.
func byGrant(a, b queue.Attempt) int {
	return cmp.Or(a.GrantedAt.Compare(b.GrantedAt), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
}

func (t *memoryTx) Presence(process string) (queue.Presence, bool, error) {
	p, found := t.processes[process]
	return p, found, nil
}

func (t *memoryTx) PutPresence(p queue.Presence) error {
	p.FirstSeen, p.LastSeen, p.Deadline = stored(p.FirstSeen), stored(p.LastSeen), stored(p.Deadline)
	return put(t, t.processes, p.ID, p)
}

func (t *memoryTx) Present(until time.Time) ([]queue.Presence, error) {
	var present []queue.Presence
	for _, p := range t.processes {
		if !p.Deadline.IsZero() && (until.IsZero() || !p.Deadline.After(until)) {
			present = append(present, p)
		}
	}
	slices.SortFunc(present, func(a, b queue.Presence) int { return cmp.Compare(a.ID, b.ID) })
	return present, nil
}

func (t *memoryTx) Tick(now time.Time) (time.Time, error) {
	if !t.writes {
		return time.Time{}, errReadOnly
	}
	last := t.tick
	t.onRollBack(func() { t.tick = last })
	t.tick = stored(now)
	return last, nil
}

func (t *memoryTx) Result(task sweep.TaskID, digest string) (queue.StoredResult, bool, error) {
	r, found := t.results[resultKey{task, digest}]
	return r, found, nil
}

func (t *memoryTx) PutResult(task sweep.TaskID, digest string, r queue.StoredResult) error {
	key := resultKey{task, digest}
	if _, found := t.results[key]; found {
		return nil
	}
	r.Packed = nil
	return put(t, t.results, key, r)
}

func (t *memoryTx) DeleteResult(task sweep.TaskID, digest string) error {
	return remove(t, t.results, resultKey{task, digest})
}

func (t *memoryTx) Checkpoint(task sweep.TaskID) (uint64, []byte, bool, error) {
	c, found := t.checkpoints[task]
	return c.step, c.body, found, nil
}

func (t *memoryTx) CheckpointStep(task sweep.TaskID) (uint64, error) {
	return t.checkpoints[task].step, nil
}

func (t *memoryTx) PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error {
	return put(t, t.checkpoints, task, checkpoint{step, body})
}

func (t *memoryTx) DeleteCheckpoint(task sweep.TaskID) error {
	return remove(t, t.checkpoints, task)
}

func (t *memoryTx) Recording(digest string) ([]byte, bool, error) {
	body, found := t.recordings[digest]
	return body, found, nil
}

func (t *memoryTx) PutRecording(digest string, body []byte) error {
	return put(t, t.recordings, digest, body)
}

// stored returns a time as a store keeps it: UTC, in whole microseconds, without a
// monotonic clock reading.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}
