package queue

import (
	"context"
	"fmt"
)

// finish makes the draft the plan, and the plan that was before what is to be
// taken away. If they are the same, it is the draft that goes.
func (d *draft) finish(ctx context.Context) (Revision, error) {
	digest := d.sum.digest()
	var revision Revision
	err := d.queue.update(ctx, func(c *call) error {
		revision = d.revision
		if err := c.touch(d); err != nil {
			return err
		}
		if err := c.eachOnce(d); err != nil {
			return err
		}
		s, found, err := c.begun(d.wanted) // it may have been planned, or forgotten, meanwhile
		if err != nil {
			return err
		}
		if found && s.Digest == digest {
			d.replaced = d.key
			revision, err = c.keepPlan(s, d.wanted)
			return err
		}
		return c.adopt(d, s, found, digest, &revision)
	})
	if err != nil {
		return Revision{}, err
	}
	return revision, nil
}

// adopt gives the draft to its sweep.
func (c *call) adopt(d *draft, s Sweep, found bool, digest string, revision *Revision) error {
	if !found {
		last, err := c.lastTurn()
		if err != nil {
			return err
		}
		s = Sweep{ID: d.wanted.ID, Numerics: d.wanted.Numerics, KernelClass: d.wanted.KernelClass, CreatedAt: c.now, Turn: last + 1}
	}
	d.replaced = s.Plan
	s.Name, s.Grid, s.Plan, s.Digest = d.wanted.Name, d.wanted.Grid, d.key, digest
	s.Revision++
	revision.Number = s.Revision
	c.stirred = revision.Added > 0
	c.closed = true
	if err := c.tx.DeleteDraft(d.key); err != nil {
		return err
	}
	if d.replaced != "" {
		if err := c.tx.PutDraft(Draft{Plan: d.replaced, Touched: c.now}); err != nil {
			return err
		}
	}
	return c.tx.PutSweep(s)
}

func (c *call) lastTurn() (last int64, err error) {
	sweeps, err := c.tx.Sweeps()
	for _, s := range sweeps {
		last = max(last, s.Turn)
	}
	return last, err
}

// eachOnce checks that no task was planned twice.
func (c *call) eachOnce(d *draft) error {
	stored, err := c.tx.CountPlanned(d.key)
	if tasks := d.revision.Added + d.revision.Kept; err == nil && stored != tasks {
		err = fmt.Errorf("%w: two rows are the same task: %d rows are of %d tasks", ErrInvalid, tasks, stored)
	}
	return err
}
