package queue

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"spiqsweep/sweep"
)

// RetryRequest selects the tasks to retry.
type RetryRequest struct {
	Selection
	Diverged bool // retry diverged tasks instead of failed ones
}

// Retry makes failed (or diverged) tasks wait again and returns how many. It ignores
// selected tasks in other phases. Their earlier attempts are kept but pardoned: blame
// ignores them. A diverged task runs again, and the result that most attempts agree on is
// then accepted. Each transaction changes a page of tasks. After an error, repeating the
// call does the rest.
//
// Errors: ErrUnknown if there is no such sweep or task; ErrInvalid if the prefix of a
// task's ID is ambiguous or if no task of the sweep matches one of the configurations;
// ErrUnavailable.
func (q *Queue) Retry(ctx context.Context, r RetryRequest) (int, error) {
	phase := Failed
	if r.Diverged {
		phase = Diverged
	}
	tasks, err := q.selectTasks(ctx, r.Selection, func(Record) bool { return true }, phase)
	if err != nil {
		return 0, fmt.Errorf("retry: %w", err)
	}
	made, err := q.changeTasks(ctx, tasks, func(c *call, r Record) (change, error) {
		if r.Phase != phase {
			return untouched, nil
		}
		return changed, c.reopen(r)
	})
	if err != nil {
		return len(made[changed]), fmt.Errorf("retry: %w", err)
	}
	return len(made[changed]), nil
}

// reopen makes a task wait again. It deletes the checkpoint, which may be the cause of
// the failure, unless the task was cancelled.
func (c *call) reopen(r Record) error {
	if !r.cancelled() {
		if err := c.tx.DeleteCheckpoint(r.Task); err != nil {
			return err
		}
	}
	r.Phase, r.Reason, r.Exclusive, r.Pardoned = Waiting, "", false, r.Attempt
	c.wake = true
	return c.tx.PutRecord(r)
}

// CancelledByOperator is the reason of a task that Cancel made fail.
const CancelledByOperator = "cancelled by an operator"

// cancelled reports whether Cancel made a task fail.
func (r Record) cancelled() bool { return r.Phase == Failed && r.Reason == CancelledByOperator }

// Cancel makes unfinished tasks fail until a retry and returns how many. It withdraws
// their leases; the holders learn that with their next Sync. A task that another sweep
// refers to goes on and is counted as shared, unless all sweeps are selected. A task that
// is being verified is done again, and a diverged task that runs again is diverged again.
//
// Reports of a cancelled attempt are late, with one exception: its result is accepted
// if the task has none and was not granted since, so that no finished work is lost.
//
// Errors: those of Retry.
func (q *Queue) Cancel(ctx context.Context, s Selection) (cancelled, shared int, err error) {
	unfinished := func(r Record) bool { return open(r.Phase) }
	// Tasks move through the phases in this order, so none is missed between two queries.
	tasks, err := q.selectTasks(ctx, s, unfinished, BackingOff, Waiting, Leased)
	if err != nil {
		return 0, 0, fmt.Errorf("cancel: %w", err)
	}
	made, err := q.changeTasks(ctx, tasks, func(c *call, r Record) (change, error) { return c.cancel(r, s.Sweep) })
	cancelled, shared = len(made[changed]), len(made[sharedTask])
	if err != nil {
		return cancelled, shared, fmt.Errorf("cancel: %w", err)
	}
	return cancelled, shared, nil
}

// open reports whether a task in this phase may still run.
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
	r.Exclusive, r.NotBefore = false, time.Time{}
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

// revoke ends the newest attempt of a task for good. It also changes the outcome of one
// that was lost or withdrawn, which its holder could otherwise revive.
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

// VerifyRequest selects the finished tasks to verify.
type VerifyRequest struct {
	Selection
	Share float64 // of the selected tasks, above 0 and at most 1
	Seed  uint64  // of the choice
}

// MaxVerified bounds the tasks of one Verify, since their IDs must fit into an answer.
const MaxVerified = 200_000

// Verify makes a share of the finished tasks run again, so that their results are
// compared with the stored ones, and returns the IDs of those tasks. The tasks stay done
// and keep their accepted results. Tasks of the sweep whose verification is already under
// way, for example after an interrupted call, are returned as well, even if not selected.
//
// Errors: ErrInvalid if the share is out of range or amounts to more than MaxVerified
// tasks; those of Retry.
func (q *Queue) Verify(ctx context.Context, r VerifyRequest) ([]sweep.TaskID, error) {
	if !(r.Share > 0 && r.Share <= 1) {
		return nil, fmt.Errorf("verify: %w: share = %v: must be above 0 and up to 1", ErrInvalid, r.Share)
	}
	finished := func(r Record) bool { return r.Phase == Done || r.Verifying }
	tasks, err := q.selectTasks(ctx, r.Selection, finished, Done, BackingOff, Waiting, Leased)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	tasks = choose(tasks, r.Share, r.Seed)
	if err := q.liftUntil(ctx, r.Sweep); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	left, err := q.underWay(ctx, r.Sweep)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if n := len(union(tasks, left)); n > MaxVerified {
		return nil, fmt.Errorf("verify: %w: %d tasks selected: must be at most %d; choose a smaller share", ErrInvalid, n, MaxVerified)
	}
	made, err := q.changeTasks(ctx, tasks, func(c *call, r Record) (change, error) {
		switch {
		case r.Verifying:
			return changed, nil
		case r.Phase != Done:
			return untouched, nil
		}
		r.Phase, r.Verifying, r.Reason, r.Pardoned = Waiting, true, "", r.Attempt
		c.wake = true
		return changed, c.tx.PutRecord(r)
	})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return union(made[changed], left), nil
}

// underWay lists the tasks of a sweep (or of all, if sweepID is "") that are being
// verified.
func (q *Queue) underWay(ctx context.Context, sweepID string) ([]sweep.TaskID, error) {
	some := false
	err := q.view(ctx, func(c *call) error {
		sweeps, err := c.sweepsOf(sweepID)
		if err != nil {
			return err
		}
		for _, s := range sweeps {
			tallies, err := c.tx.Tallies(s.Plan)
			if err != nil {
				return err
			}
			some = some || count(tallies).Verifying > 0
		}
		return nil
	})
	if err != nil || !some { // the tallies spare a query of all unfinished tasks
		return nil, err
	}
	verifying := func(r Record) bool { return r.Verifying }
	return q.selectTasks(ctx, Selection{Sweep: sweepID}, verifying, BackingOff, Waiting, Leased)
}

// union returns the tasks of both lists, each once, by ID.
func union(a, b []sweep.TaskID) []sweep.TaskID {
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}

// choose returns a share of the tasks, at least one: those whose IDs, hashed with the
// seed, are smallest. The choice changes little if tasks are added.
func choose(tasks []sweep.TaskID, share float64, seed uint64) []sweep.TaskID {
	count := min(len(tasks), int(math.Ceil(share*float64(len(tasks)))))
	rank := make(map[sweep.TaskID]uint64, len(tasks))
	for _, task := range tasks {
		digest := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(task), seed))
		rank[task] = binary.BigEndian.Uint64(digest[:])
	}
	chosen := slices.SortedFunc(slices.Values(tasks), func(a, b sweep.TaskID) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b))
	})[:count]
	slices.Sort(chosen)
	return chosen
}

// DrainRequest selects the workers to drain: all of them if it is empty.
type DrainRequest struct {
	Processes []string // IDs or unique prefixes
	Hosts     []string
}

// Drain asks workers to hand back their tasks and to exit, and returns how many it has
// asked. They learn it with their next Sync at any coordinator and are granted nothing
// more. Workers that start later are not affected.
//
// Errors: ErrUnknown if there is no such process or host; ErrInvalid if the prefix of an
// ID is ambiguous; ErrUnavailable.
func (q *Queue) Drain(ctx context.Context, r DrainRequest) (int, error) {
	var selected []Presence
	err := q.update(ctx, func(c *call) (err error) {
		if selected, err = c.selectProcesses(r); err != nil {
			return err
		}
		for _, p := range selected {
			p.Leaving = true
			if err := c.tx.PutPresence(p); err != nil {
				return err
			}
		}
		c.wake = true // idle workers wait in the service
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("drain: %w", err)
	}
	return len(selected), nil
}

func (c *call) selectProcesses(r DrainRequest) (selected []Presence, err error) {
	present, err := c.tx.Present(time.Time{})
	if err != nil || len(r.Processes)+len(r.Hosts) == 0 {
		return present, err
	}
	ids := map[string]bool{}
	for _, idOrPrefix := range r.Processes {
		id, err := matchProcess(idOrPrefix, present)
		if err != nil {
			return nil, err
		}
		ids[id] = true
	}
	for _, host := range r.Hosts {
		if !slices.ContainsFunc(present, func(p Presence) bool { return p.Host == host }) {
			return nil, unknown("worker on host", host)
		}
	}
	for _, p := range present {
		if ids[p.ID] || slices.Contains(r.Hosts, p.Host) {
			selected = append(selected, p)
		}
	}
	return selected, nil
}

func matchProcess(idOrPrefix string, present []Presence) (id string, err error) {
	for _, p := range present {
		switch {
		case p.ID == idOrPrefix:
			return idOrPrefix, nil
		case idOrPrefix == "" || !strings.HasPrefix(p.ID, idOrPrefix):
		case id != "":
			return "", fmt.Errorf("%w: worker %q: the prefix matches %s and %s", ErrInvalid, idOrPrefix, id, p.ID)
		default:
			id = p.ID
		}
	}
	if id == "" {
		err = unknown("worker", idOrPrefix)
	}
	return id, err
}

// Delete deletes a sweep and withdraws the leases of tasks that no other sweep refers to.
// Results stay in the store. Errors: ErrUnknown; ErrUnavailable, after which the next
// plan deletes what is left.
func (q *Queue) Delete(ctx context.Context, sweepID string) error {
	if err := q.deleteSweep(ctx, sweepID); err != nil {
		return fmt.Errorf("delete sweep %q: %w", sweepID, err)
	}
	return nil
}

func (q *Queue) deleteSweep(ctx context.Context, sweepID string) error {
	var plan string
	err := q.update(ctx, func(c *call) error {
		s, err := c.sweep(sweepID)
		if err != nil {
			return err
		}
		plan = s.Plan
		c.closed = true
		if err := c.tx.PutDraft(Draft{Plan: plan, Touched: c.now}); err != nil {
			return err
		}
		if err := c.expectNone(sweepID); err != nil {
			return err
		}
		return c.tx.DeleteSweep(sweepID)
	})
	if err != nil {
		return err
	}
	_, err = q.deletePlan(ctx, plan)
	return err
}
