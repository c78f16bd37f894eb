package queue

import (
	"context"
	"fmt"
)

// RetryRequest says which tasks to reopen.
type RetryRequest struct {
	Selection
	Diverged bool // those that diverged, instead of those that failed
}

// Retry reopens tasks and returns how many. What is named but neither failed
// nor diverged, as asked, is left as it is. The past of a reopened task is
// pardoned, not forgotten: its attempts stay, its fencing token goes on, but
// they are not blamed on it any more. A diverged task runs once more; what most
// of its results agree on is then accepted. A page of tasks is reopened at once:
// after an error, the same call once more reopens the rest.
//
// Errors: ErrUnknown if there is no such sweep or task; ErrInvalid if the
// beginning of a task's ID is that of several, or if no task of the sweep is in one
// of the cells; ErrUnavailable.
func (q *Queue) Retry(ctx context.Context, r RetryRequest) (int, error) {
	phase := Failed
	if r.Diverged {
		phase = Diverged
	}
	tasks, err := q.chosen(ctx, r.Selection, func(Record) bool { return true }, phase)
	if err != nil {
		return 0, fmt.Errorf("retry: %w", err)
	}
	made, err := q.alter(ctx, tasks, func(c *call, r Record) (change, error) {
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

// reopen lets a task be granted again, from step 0: what it was last stuck at
// may be its checkpoint. One that was only cancelled goes on from there.
func (c *call) reopen(r Record) error {
	if !r.cancelled() {
		if err := c.tx.DeleteCheckpoint(r.Task); err != nil {
			return err
		}
	}
	r.Phase, r.Reason, r.Alone, r.Pardoned = Waiting, "", false, r.Attempt
	c.stirred = true
	return c.tx.PutRecord(r)
}
