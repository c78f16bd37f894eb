package queue

import (
	"context"
	"fmt"
	"time"
)

// CancelledByOperator is the reason of a task that failed by Cancel.
const CancelledByOperator = "cancelled by an operator"

// cancelled says whether a task failed by Cancel.
func (r Record) cancelled() bool { return r.Phase == Failed && r.Reason == CancelledByOperator }

// Cancel sets tasks aside that are not finished, until a retry, and returns how
// many. Their leases are withdrawn for good: the holder learns it with its next
// Sync. A task that another sweep refers to goes on, and is counted as shared,
// unless all sweeps are meant. What is being verified is done again; what
// diverged and runs once more has diverged again.
//
// The work of a cancelled attempt is over, so what its holder still tells of it
// is late, but for a result: while there is no other, it is accepted, whether the
// task was reopened meanwhile or not. Nothing finished is computed again.
//
// Errors: those of Retry.
func (q *Queue) Cancel(ctx context.Context, s Selection) (cancelled, shared int, err error) {
	unfinished := func(r Record) bool { return open(r.Phase) }
	// In the order in which tasks move on, so that none is missed by moving.
	tasks, err := q.chosen(ctx, s, unfinished, BackingOff, Waiting, Leased)
	if err != nil {
		return 0, 0, fmt.Errorf("cancel: %w", err)
	}
	made, err := q.alter(ctx, tasks, func(c *call, r Record) (change, error) { return c.cancel(r, s.Sweep) })
	cancelled, shared = len(made[changed]), len(made[sharedTask])
	if err != nil {
		return cancelled, shared, fmt.Errorf("cancel: %w", err)
	}
	return cancelled, shared, nil
}

// open says whether a task in this phase may still run.
func open(p Phase) bool { return p == Waiting || p == BackingOff || p == Leased }

func (c *call) cancel(r Record, sweepID string) (change, error) {
	if !open(r.Phase) {
		return untouched, nil
	}
	wanted, err := c.tx.Referring(r.Task)
	if err != nil {
		return untouched, err
	}
	if sweepID != "" && len(wanted) > 1 {
		return sharedTask, nil
	}
	if err := c.revoke(r, Cancelled, CancelledByOperator); err != nil {
		return untouched, err
	}
	r.Alone, r.NotBefore = false, time.Time{}
	c.closed = true
	switch {
	case r.Verifying:
		return changed, c.endVerification(r, notVerified+CancelledByOperator)
	case r.Accepted != "":
		attempts, err := c.tx.Attempts(r.Task)
		if err != nil {
			return untouched, err
		}
		return changed, c.diverge(r, attempts)
	default:
		r.Phase, r.Reason = Failed, CancelledByOperator
		return changed, c.tx.PutRecord(r)
	}
}

// revoke ends the newest attempt of a task for good, also if its lease has only
// expired so far: its holder may come back with it.
func (c *call) revoke(r Record, o Outcome, reason string) error {
	a, found, err := c.tx.Attempt(Lease{Task: r.Task, Attempt: r.Attempt})
	if err != nil || !found {
		return err
	}
	switch a.Outcome {
	case Live:
		a.end(o, reason, c.now)
	case Lost, Withdrawn:
		a.end(o, a.Reason, a.EndedAt)
	default:
		return nil
	}
	return c.tx.PutAttempt(a)
}
