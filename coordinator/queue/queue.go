package queue

import (
	"context"
	"runtime"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"spiqsweep/sweep"
)

// Queue applies the rules to a store. Its methods may be called at once.
type Queue struct {
	store  Store
	policy Policy
	// grants are the recent grants. Tasks are named by their content: of one ID there
	// is one configuration.
	grants *lru.Cache[sweep.TaskID, recentGrant]
	// examining has a place for each call whose results are examined. One processor
	// is left to the store, for which all of them wait.
	examining chan struct{}
	health    health

	mu    sync.Mutex
	begun bool // guarded by mu; this coordinator has ticked
	busy  bool // guarded by mu; at its last tick some task was open
}

// maxGranted bounds the grants that a queue remembers: some megabytes.
const maxGranted = 1 << 12

// New makes the queue of a store. Zero fields of the policy are its defaults.
func New(s Store, p Policy) *Queue {
	grants, err := lru.New[sweep.TaskID, recentGrant](maxGranted)
	if err != nil {
		panic(err) // of a constant
	}
	return &Queue{
		store: s, policy: p.withDefaults(), grants: grants, busy: true,
		examining: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
	}
}

// Changed returns a channel that is closed after the next commit that may give
// idle processes work, or that ends the last of it, whichever coordinator of the
// store made it.
func (q *Queue) Changed() <-chan struct{} { return q.store.Changed() }

// call is one transaction as the rules see it.
type call struct {
	tx     Tx
	policy Policy
	now    time.Time // of the transaction
	// stirred: idle processes should look again once this is committed.
	stirred bool
	// closed: a task has left the phases that keep a sweep open.
	closed bool
	// leased: some task is leased once this is committed, so there is work left.
	leased bool
	// older says that the store lacks a lease that it granted; see missing.
	older string
}

// update runs a rule in a transaction, alone in the store, and wakes the idle
// once it is committed.
func (q *Queue) update(ctx context.Context, rule func(*call) error) error {
	return q.health.note(q.store.Update(ctx, func(tx Tx) error { return q.apply(tx, rule) }))
}

// share is an update of a rule that keeps to a claim, beside others.
func (q *Queue) share(ctx context.Context, process string, tasks []sweep.TaskID, rule func(*call) error) error {
	return q.health.note(q.store.Update(ctx, func(tx Tx) error {
		if err := tx.Claim(process, tasks); err != nil {
			return err
		}
		return q.apply(tx, rule)
	}))
}

func (q *Queue) apply(tx Tx, rule func(*call) error) error {
	c := &call{tx: tx, policy: q.policy, now: tx.Now()}
	if err := rule(c); err != nil {
		return err
	}
	if c.closed && !c.stirred && !c.leased {
		open, err := tx.Open()
		if err != nil {
			return err
		}
		c.stirred = open == 0
	}
	if c.stirred {
		tx.Announce()
	}
	return nil
}

// view runs a rule that only reads.
func (q *Queue) view(ctx context.Context, rule func(*call) error) error {
	return q.health.note(q.store.View(ctx, func(tx Tx) error {
		return rule(&call{tx: tx, policy: q.policy, now: tx.Now()})
	}))
}
