package queue

import (
	"context"
	"fmt"

	"spiqsweep/sweep"
)

// RetryRequest says which tasks to reopen.
type RetryRequest struct {
	Tasks    []sweep.TaskID // empty: all of every sweep
	Diverged bool           // those that diverged, instead of those that were set aside
}

// Retry reopens tasks and returns how many. What is named but neither set aside
// nor diverged, as asked, is left as it is. The past of a reopened task is
// pardoned, not forgotten: its attempts stay, its fencing token goes on, but
// they are not blamed on it any more. A diverged task runs once more; what most
// of its results agree on is then accepted.
//
// Errors: ErrUnknown if a named task is in no sweep's plan; ErrUnavailable.
func (q *Queue) Retry(ctx context.Context, r RetryRequest) (int, error) {
	phase := SetAside
	if r.Diverged {
		phase = Diverged
	}
	var reopened int
	err := q.update(ctx, func(c *call) (err error) {
		if len(r.Tasks) > 0 {
			reopened, err = c.reopenEach(r.Tasks, phase)
		} else {
			reopened, err = c.reopenAll(phase)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("retry: %w", err)
	}
	return reopened, nil
}

func (c *call) reopenEach(tasks []sweep.TaskID, phase Phase) (reopened int, err error) {
	for _, task := range tasks {
		wanted, err := c.tx.Referring(task)
		if err != nil {
			return 0, err
		}
		if len(wanted) == 0 {
			return 0, fmt.Errorf("%w: task %q", ErrUnknown, task)
		}
		r, err := c.record(task)
		if err != nil {
			return 0, err
		}
		if r.Phase != phase {
			continue
		}
		if err := c.reopen(r); err != nil {
			return 0, err
		}
		reopened++
	}
	return reopened, nil
}

// retryPage bounds how many tasks are read at once.
const retryPage = 256

func (c *call) reopenAll(phase Phase) (reopened int, err error) {
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return 0, err
	}
	for _, s := range sweeps {
		for {
			rows, err := c.tx.RowsIn(s.ID, phase, retryPage)
			if err != nil {
				return 0, err
			}
			if len(rows) == 0 {
				break
			}
			for _, row := range rows {
				r, err := c.record(row.Task.ID)
				if err != nil {
					return 0, err
				}
				if err := c.reopen(r); err != nil {
					return 0, err
				}
				reopened++
			}
		}
	}
	return reopened, nil
}

// reopen lets a task be granted again, from step 0: what it was last stuck at
// may be its checkpoint.
func (c *call) reopen(r Record) error {
	r.Phase, r.Reason, r.Alone, r.Pardoned = Waiting, "", false, r.Attempt
	c.stirred = true
	if err := c.tx.DeleteCheckpoint(r.Task); err != nil {
		return err
	}
	return c.tx.PutRecord(r)
}
