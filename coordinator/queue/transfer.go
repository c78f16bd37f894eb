package queue

import (
	"context"
	"fmt"

	"spiqsweep/sweep"
	"spiqsweep/sweep/failpoint"
)

// PutCheckpoint stores a checkpoint of a lease if the lease is live and the step is above
// that of the stored checkpoint, and reports whether it did. It also renews the holder's
// leases, since the call proves that the holder lives, and revives an expired lease whose
// task was not granted since.
//
// Errors: ErrInvalid if the task has no such step; ErrUnavailable.
func (q *Queue) PutCheckpoint(ctx context.Context, process string, l Lease, step uint64, body []byte) (bool, error) {
	var stored bool
	err := q.updateClaimed(ctx, Claim{Process: process, Tasks: []sweep.TaskID{l.Task}}, func(c *call) (err error) {
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
	if larger, err := c.isNewer(l, step); err != nil || !larger {
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
	return true, c.noteAlive(a, step)
}

// isNewer reports whether a step is above that of the stored checkpoint.
func (c *call) isNewer(l Lease, step uint64) (bool, error) {
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

// noteAlive stores the step of an attempt and extends its holder's deadline.
func (c *call) noteAlive(a Attempt, step uint64) error {
	if err := c.progress(&a, Held{Lease: a.Lease, Step: step, Started: true}); err != nil {
		return err
	}
	p, found, err := c.tx.Presence(a.Process)
	if err != nil || !found {
		return err
	}
	p.extend(c.now, c.policy.LeaseTerm)
	return c.tx.PutPresence(p)
}

// Checkpoint returns the step and body of the newest checkpoint of a task to the holder
// of its lease, or 0 and nil if there is none.
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

// PutRecording stores a recording under its digest. It changes nothing if the digest is
// stored already. Errors: ErrUnavailable.
func (q *Queue) PutRecording(ctx context.Context, digest string, body []byte) error {
	err := q.updateClaimed(ctx, Claim{}, func(c *call) error { return c.tx.PutRecording(digest, body) })
	if err != nil {
		return fmt.Errorf("store recording %s: %w", digest, err)
	}
	return nil
}

// Recording returns a stored recording. Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Recording(ctx context.Context, digest string) ([]byte, error) {
	var body []byte
	err := q.view(ctx, func(c *call) error {
		stored, found, err := c.tx.Recording(digest)
		if err == nil && !found {
			err = ErrUnknown
		}
		body = stored
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch recording %.100q: %w", digest, err)
	}
	return body, nil
}

// Result returns a result of a task by its digest, as canonical JSON.
// Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error) {
	var body []byte
	err := q.view(ctx, func(c *call) error {
		stored, found, err := c.tx.Result(task, digest)
		if err == nil && !found {
			err = ErrUnknown
		}
		body = stored.Body
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch result %.100q of task %.100q: %w", digest, task, err)
	}
	return body, nil
}
