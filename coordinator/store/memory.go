package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Memory makes a store that forgets everything when it is closed: plain maps,
// listed by sorting, one transaction at a time. It has the semantics of the
// others, roll-back included.
func Memory(opts ...Option) queue.Store {
	return &memory{
		bell:        newBell(),
		now:         resolve(opts).clock(),
		sweeps:      map[string]queue.Sweep{},
		planned:     map[place]queue.Planned{},
		arrivals:    map[tallyKey]int64{},
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
	resultKey struct {
		task   sweep.TaskID
		digest string
	}
	checkpoint struct {
		step uint64
		body []byte
	}
)

// memory is guarded by mu as a whole, but for its bell.
type memory struct {
	*bell
	mu     sync.Mutex
	now    func() time.Time
	closed bool
	tick   time.Time

	sweeps      map[string]queue.Sweep
	planned     map[place]queue.Planned
	arrivals    map[tallyKey]int64
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
	errClosed  = fmt.Errorf("%w: it is closed", queue.ErrUnavailable)
	errViewing = errors.New("the store is only read here: it cannot be written")
)

func (m *memory) Update(ctx context.Context, call func(queue.Tx) error) error {
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
		m.ring()
	}
	return nil
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// memoryTx remembers how to undo what it did.
type memoryTx struct {
	*memory
	now    time.Time
	writes bool
	undo   []func()
	// announced: the bell rings at the commit.
	announced bool
}

func (t *memoryTx) Now() time.Time { return t.now }

func (t *memoryTx) Announce() { t.announced = true }

// Claim has nothing to do: every transaction is alone.
func (t *memoryTx) Claim(string, []sweep.TaskID) error { return nil }

func (t *memoryTx) rollBack() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
}

// put and remove change a table so that it can be undone.
func put[K comparable, V any](t *memoryTx, table map[K]V, key K, value V) error {
	if !t.writes {
		return errViewing
	}
	t.remember(restore(table, key))
	table[key] = value
	return nil
}

func remove[K comparable, V any](t *memoryTx, table map[K]V, key K) error {
	if !t.writes {
		return errViewing
	}
	t.remember(restore(table, key))
	delete(table, key)
	return nil
}

func (t *memoryTx) remember(undo func()) { t.undo = append(t.undo, undo) }

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
