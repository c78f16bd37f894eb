package store

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
)

// Calls with claims that arrive while maxGroups transactions run wait, and then share one:
// they take their locks together, run one after the other, and share the round trips and the
// commit. More groups at a time would only make each smaller.
const (
	maxGroups = 4
	// A group ends with the call that reaches one of these limits, since its calls wait for
	// each other.
	maxGrouped      = 64
	maxGroupedTasks = 1024
	maxLookahead    = 256 // tasks, which concurrent transactions cannot grant
)

// claimedCall is a call with a claim that waits for its answer.
type claimedCall struct {
	ctx    context.Context
	claim  queue.Claim
	call   func(queue.Tx) error
	answer chan outcome // buffered: the group never waits for a caller
}

// answerAll gives all calls the same answer.
func answerAll(calls []*claimedCall, o outcome) {
	for _, p := range calls {
		p.answer <- o
	}
}

// join runs a call immediately if fewer than maxGroups run, or else adds it to a later group.
// It returns false if the store is closed.
func (s *postgresStore) join(p *claimedCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return false
	case s.groups == maxGroups:
		s.waiting = append(s.waiting, p)
	default:
		s.groups++
		s.running.Go(func() { s.runGroups([]*claimedCall{p}) })
	}
	return true
}

// runGroups runs a group, and others until no call waits.
func (s *postgresStore) runGroups(group []*claimedCall) {
	for len(group) > 0 {
		s.runGroup(group)
		group = s.nextGroup()
	}
}

// nextGroup returns the calls that have waited longest. If there are none, the caller ends.
func (s *postgresStore) nextGroup() (group []*claimedCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for tasks := 0; n < len(s.waiting) && n < maxGrouped && tasks < maxGroupedTasks; n++ {
		tasks += len(s.waiting[n].claim.Tasks)
	}
	group, s.waiting = s.waiting[:n:n], s.waiting[n:]
	if n == 0 {
		s.groups--
	}
	return group
}

// runGroup answers calls. If they cannot share a transaction, each has its own.
func (s *postgresStore) runGroup(group []*claimedCall) {
	conn, err := s.pool.Acquire(context.Background())
	if err != nil {
		answerAll(group, outcome{err: fault(s.place, "connect to", err)})
		return
	}
	defer conn.Release()
	if len(group) > 1 && s.share(conn.Conn(), group) {
		return
	}
	for _, p := range group {
		if err := p.ctx.Err(); err != nil { // its caller no longer waits
			p.answer <- outcome{err: err}
			continue
		}
		p.answer <- s.retry(p.ctx, conn.Conn(), &p.claim, p.call, true)
	}
}

// share runs calls in one transaction, answers them after its commit, and returns true. A call
// that fails before it has written changes nothing for the others. If one fails later, or a
// statement does, share rolls back, answers none and returns false: the fault may be that of one
// of them, and what a call has found may be what another one has written. If the connection is
// lost, share answers all calls: the outcome of the commit may be unknown.
func (s *postgresStore) share(conn *pgx.Conn, group []*claimedCall) (answered bool) {
	tx := s.begin(conn, true)
	claims := make([]queue.Claim, len(group))
	for i, p := range group {
		claims[i] = p.claim
	}
	outcomes := make([]outcome, len(group))
	err := tx.claim(claims...)
	for i := 0; i < len(group) && err == nil; i++ {
		tx.calls = len(group) - i
		outcomes[i], err = tx.run(group[i])
	}
	if err == nil {
		err = tx.commit()
	}
	if err != nil {
		tx.rollBack()
		if !conn.IsClosed() {
			return false
		}
		answerAll(group, outcome{err: err})
		return true
	}
	if tx.announced {
		s.notify()
	}
	for i, p := range group {
		p.answer <- outcomes[i]
	}
	return true
}

// run runs a call of a group. It returns an error if the transaction must be rolled back.
func (t *postgresTx) run(p *claimedCall) (outcome, error) {
	t.wrote = false
	o := outcome{err: p.ctx.Err()}
	if o.err == nil { // else its caller no longer waits
		o = protect(p.call, t)
	}
	switch {
	case t.session.err != nil: // even if the call has hidden it
		return o, t.session.err
	case t.wrote:
		return o, o.err
	default:
		return o, nil
	}
}

// lookahead holds waiting tasks that Next has listed and locked for later calls of a group.
type lookahead struct {
	plan      string
	exclusive bool // exclusive tasks are listed, too
	tasks     []queue.Next
	all       bool // no others wait
}

// lookAhead is Next for the calls of a group, which mostly ask for the same: it lists the tasks
// of all of them in one query.
func (t *postgresTx) lookAhead(plan string, exclusive bool, limit int) ([]queue.Next, error) {
	if t.ahead.plan != plan || exclusive && !t.ahead.exclusive {
		t.ahead = lookahead{}
	}
	listed := t.waitingAhead(exclusive, limit)
	if len(listed) < limit && !t.ahead.all {
		most := max(limit, min(limit*t.calls, maxLookahead))
		all, err := t.lockNext(plan, exclusive, anyCost, most)
		if err != nil {
			return nil, err
		}
		t.ahead = lookahead{plan: plan, exclusive: exclusive, tasks: all, all: len(all) < most}
		listed = t.waitingAhead(exclusive, limit)
	}
	return listed, nil
}

// waitingAhead returns up to limit tasks of the lookahead that still wait.
func (t *postgresTx) waitingAhead(exclusive bool, limit int) (waiting []queue.Next) {
	isWaiting := func(n queue.Next) bool { return t.cache.records[n.Task].Phase == queue.Waiting }
	for len(t.ahead.tasks) > 0 && !isWaiting(t.ahead.tasks[0]) {
		t.ahead.tasks = t.ahead.tasks[1:]
	}
	for _, n := range t.ahead.tasks {
		if len(waiting) == limit {
			break
		}
		if isWaiting(n) && (exclusive || !n.Exclusive) {
			waiting = append(waiting, n)
		}
	}
	return waiting
}

// anyCost is the limit for Next of a call that may be granted tasks of any cost.
const anyCost = time.Duration(math.MaxInt64)

// PutRecord ends a lookahead that would lack a task that waits again.
func (t *postgresTx) PutRecord(r queue.Record) error {
	if r.Phase == queue.Waiting {
		t.ahead = lookahead{}
	}
	return t.sqlTx.PutRecord(r)
}
