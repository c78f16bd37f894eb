package queue

import (
	"context"
	"fmt"
	"slices"

	"spiqsweep/sweep"
)

// Delete removes a sweep, for its readers at once. Its finished tasks stay in the
// store; what no other sweep refers to is withdrawn. Errors: ErrUnknown,
// ErrUnavailable; after the latter, the rest is taken away later.
func (q *Queue) Delete(ctx context.Context, sweepID string) error {
	if err := q.forget(ctx, sweepID); err != nil {
		return fmt.Errorf("delete sweep %q: %w", sweepID, err)
	}
	return nil
}

func (q *Queue) forget(ctx context.Context, sweepID string) error {
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
		return c.tx.DeleteSweep(sweepID)
	})
	if err != nil {
		return err
	}
	_, err = q.clear(ctx, plan)
	return err
}

// clearStale takes away the plans that somebody has left half written, or half
// taken away.
func (q *Queue) clearStale(ctx context.Context) error {
	var stale []Draft
	err := q.view(ctx, func(c *call) (err error) {
		stale, err = c.tx.Drafts()
		stale = slices.DeleteFunc(stale, func(d Draft) bool { return c.now.Sub(d.Touched) < draftTerm })
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range stale {
		if _, err := q.clear(ctx, d.Plan); err != nil {
			return err
		}
	}
	return nil
}

// clear takes a draft away, page by page, and counts its tasks.
func (q *Queue) clear(ctx context.Context, plan string) (tasks int, err error) {
	for plan != "" {
		var page int
		var more bool
		err := q.update(ctx, func(c *call) (err error) {
			page, more, err = c.clear(plan)
			return err
		})
		if err != nil {
			return tasks, err
		}
		tasks += page
		if !more {
			break
		}
	}
	return tasks, nil
}

// clear takes a page of a draft away. What is no draft any more is left alone: a
// commit that nobody heard of may have made it a sweep's plan.
func (c *call) clear(plan string) (dropped int, more bool, err error) {
	if drafted, err := c.drafted(plan); err != nil || !drafted {
		return 0, false, err
	}
	page, err := c.tx.PlannedTasks(plan, "", c.policy.PlanPage)
	if err != nil {
		return 0, false, err
	}
	for _, task := range page {
		if err := c.drop(plan, task); err != nil {
			return 0, false, err
		}
	}
	if len(page) == c.policy.PlanPage {
		return len(page), true, c.tx.PutDraft(Draft{Plan: plan, Touched: c.now})
	}
	if err := c.tx.DeleteTallies(plan); err != nil {
		return 0, false, err
	}
	return len(page), false, c.tx.DeleteDraft(plan)
}

// drop removes a task from a plan. If no sweep refers to it, its lease is
// withdrawn, and it is not verified any more.
func (c *call) drop(plan string, task sweep.TaskID) error {
	if err := c.tx.DropPlanned(plan, task); err != nil {
		return err
	}
	wanted, err := c.tx.Referring(task)
	if err != nil || len(wanted) > 0 {
		return err
	}
	r, err := c.record(task)
	if err != nil {
		return err
	}
	const reason = "no sweep refers to the task any more"
	if r.Verifying {
		if err := c.revoke(r, Withdrawn, reason); err != nil {
			return err
		}
		return c.endVerification(r, "")
	}
	if r.Phase != Leased {
		return nil
	}
	a, found, err := c.tx.Attempt(Lease{Task: task, Attempt: r.Attempt})
	if err != nil || !found {
		return err
	}
	a.end(Withdrawn, reason, c.now)
	return c.settle(a, false)
}
