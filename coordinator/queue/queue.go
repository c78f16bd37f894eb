package queue

import (
	"context"
	"sync"
	"time"
)

// Queue applies the rules to a store. Its methods may be called at once.
type Queue struct {
	store  Store
	policy Policy

	mu       sync.Mutex
	changed  chan struct{} // guarded by mu; closed by the next commit that stirs
	lastTick time.Time     // guarded by mu; by the store's clock, zero before the first
}

// New makes the queue of a store. Zero fields of the policy are its defaults.
func New(s Store, p Policy) *Queue {
	return &Queue{store: s, policy: p.withDefaults(), changed: make(chan struct{})}
}

// Changed returns a channel that is closed after the next commit that may give
// idle processes work, or that ends the last of it.
func (q *Queue) Changed() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.changed
}

func (q *Queue) stir() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.changed)
	q.changed = make(chan struct{})
}

// call is one transaction as the rules see it.
type call struct {
	tx     Tx
	policy Policy
	now    time.Time // of the transaction
	// stirred: idle processes should look again once this is committed.
	stirred bool
	// closed: a task has left the phases that keep a sweep open.
	closed bool
}

// update runs a rule in a transaction and wakes the idle once it is committed.
func (q *Queue) update(ctx context.Context, rule func(*call) error) error {
	return q.store.Update(ctx, func(tx Tx) error {
		c := &call{tx: tx, policy: q.policy, now: tx.Now()}
		if err := rule(c); err != nil {
			return err
		}
		if c.closed && !c.stirred {
			open, err := tx.Open()
			if err != nil {
				return err
			}
			c.stirred = open == 0
		}
		if c.stirred {
			tx.OnCommit(q.stir)
		}
		return nil
	})
}

// view runs a rule that only reads.
func (q *Queue) view(ctx context.Context, rule func(*call) error) error {
	return q.store.View(ctx, func(tx Tx) error {
		return rule(&call{tx: tx, policy: q.policy, now: tx.Now()})
	})
}
