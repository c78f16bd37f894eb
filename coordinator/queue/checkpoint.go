package queue

import (
	"context"
	"fmt"

	"spiqsweep/sweep"
	"spiqsweep/sweep/failpoint"
)

// PutCheckpoint stores a checkpoint of a lease: only the live attempt's, and
// only with a larger step than the one before. It says whether it did. Since it
// proves that the holder lives, it renews the holder's leases, and brings one
// back that had expired but was not granted again.
//
// Errors: ErrInvalid if the task has no such step; ErrUnavailable.
func (q *Queue) PutCheckpoint(ctx context.Context, process string, l Lease, step uint64, body []byte) (bool, error) {
	var stored bool
	err := q.share(ctx, process, []sweep.TaskID{l.Task}, func(c *call) (err error) {
		stored, err = c.putCheckpoint(process, l, step, body)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store the checkpoint of task %s, attempt %d, step %d: %w", l.Task, l.Attempt, step, err)
	}
	return stored, nil
}

func (c *call) putCheckpoint(process string, l Lease, step uint64, body []byte) (bool, error) {
	a, found, err := c.tx.Attempt(l)
	if err != nil || !found || a.Process != process {
		return false, err
	}
	if larger, err := c.larger(l, step); err != nil || !larger {
		return false, err
	}
	if a.Outcome != Live {
		var revived bool
		if a, revived, err = c.revive(process, l); err != nil || !revived {
			return false, err
		}
	}
	if err := c.tx.PutCheckpoint(l.Task, step, body); err != nil {
		return false, err
	}
	failpoint.Reach("coordinator.checkpoint")
	return true, c.alive(a, step)
}

// larger says whether a step is beyond the checkpoint that is stored.
func (c *call) larger(l Lease, step uint64) (bool, error) {
	s, err := c.specification(l.Task)
	if err != nil {
		return false, err
	}
	if steps := uint64(s.Configuration.Training.Steps); step == 0 || step > steps {
		return false, fmt.Errorf("%w: step = %d: must be from 1 to %d", ErrInvalid, step, steps)
	}
	before, err := c.tx.CheckpointStep(l.Task)
	return step > before, err
}

// alive notes that the holder of a lease has shown itself at a step.
func (c *call) alive(a Attempt, step uint64) error {
	if err := c.progress(&a, Held{Lease: a.Lease, Step: step, Started: true}); err != nil {
		return err
	}
	p, found, err := c.tx.Presence(a.Process)
	if err != nil || !found {
		return err
	}
	p.heard(c.now, c.policy.LeaseTerm)
	return c.tx.PutPresence(p)
}

// Checkpoint returns the newest checkpoint of a task, its step first, to the
// holder of its lease: step 0 and no body if there is none.
//
// Errors: ErrNotHeld; ErrUnavailable.
func (q *Queue) Checkpoint(ctx context.Context, process string, l Lease) (uint64, []byte, error) {
	var step uint64
	var body []byte
	err := q.view(ctx, func(c *call) (err error) {
		step, body, err = c.checkpoint(process, l)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("fetch the checkpoint of task %s, attempt %d: %w", l.Task, l.Attempt, err)
	}
	return step, body, nil
}

func (c *call) checkpoint(process string, l Lease) (step uint64, body []byte, err error) {
	a, found, err := c.tx.Attempt(l)
	if err != nil {
		return 0, nil, err
	}
	if !found || a.Process != process || a.Outcome != Live {
		return 0, nil, fmt.Errorf("%w by process %q", ErrNotHeld, process)
	}
	step, body, _, err = c.tx.Checkpoint(l.Task)
	return step, body, err
}
