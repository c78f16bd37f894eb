package queue

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Plan stores a sweep, or the next revision of one. Tasks that are already in the
// store keep their state: what is finished is done, for every sweep, and what was
// failed stays failed. Tasks that the revision drops are withdrawn unless
// another sweep refers to them. The same plan once more changes nothing and is
// the same revision; if the sweep comes with the [Digest] of its plan, that is
// noticed before any task is read.
//
// The plan is written task by task, in many transactions, so that others are
// served in between, under a key that no reader knows. The last of them makes it
// the sweep's, all at once: until then, or after a crash or an error, the sweep
// is what it was before. It costs least if the tasks come in order of their IDs.
//
// Of two who plan a sweep at once, the last to finish has it.
//
// Errors: ErrInvalid if two tasks share an ID or a row; ErrMismatch if the sweep
// was begun with other numerics or another kernel class; ErrUnavailable; an error
// of the stream of tasks.
func (q *Queue) Plan(ctx context.Context, s Sweep, tasks iter.Seq2[Planned, error]) (Revision, error) {
	revision, err := q.plan(ctx, s, tasks)
	if err != nil {
		return Revision{}, fmt.Errorf("plan sweep %q: %w", s.Name, err)
	}
	return revision, nil
}

func (q *Queue) plan(ctx context.Context, s Sweep, tasks iter.Seq2[Planned, error]) (Revision, error) {
	if s.ID == "" {
		return Revision{}, fmt.Errorf("%w: the sweep has no ID", ErrInvalid)
	}
	if s.Digest != "" {
		if revision, same, err := q.planned(ctx, s); err != nil || same {
			return revision, err
		}
	}
	d, err := q.beginDraft(ctx, s)
	if err != nil {
		return Revision{}, err
	}
	revision, err := d.write(ctx, tasks)
	if err != nil {
		// What cannot be taken away now is later.
		_, fault := q.clear(ctx, d.key)
		return Revision{}, errors.Join(err, fault)
	}
	dropped, err := q.clear(ctx, d.replaced)
	if err != nil {
		return Revision{}, err
	}
	if d.replaced != d.key {
		revision.Dropped = max(0, dropped-revision.Kept)
	}
	return revision, nil
}

// planned says whether a sweep has the plan of that digest. Its name and its
// grid's text may be others, which makes a new revision.
func (q *Queue) planned(ctx context.Context, s Sweep) (Revision, bool, error) {
	var revision Revision
	var same bool
	err := q.update(ctx, func(c *call) error {
		revision, same = Revision{}, false
		before, found, err := c.begun(s)
		if err != nil || !found || before.Digest != s.Digest {
			return err
		}
		same = true
		revision, err = c.keepPlan(before, s)
		return err
	})
	if err != nil {
		return Revision{}, false, err
	}
	return revision, same, nil
}

// begun looks a sweep up that is to be planned: it must be of the same numbers.
func (c *call) begun(s Sweep) (before Sweep, found bool, err error) {
	before, found, err = c.tx.Sweep(s.ID)
	if err == nil && found && (s.Numerics != before.Numerics || s.KernelClass != before.KernelClass) {
		err = fmt.Errorf("%w: it was begun with numerics %d on kernels of class %q, this is numerics %d of class %q",
			ErrMismatch, before.Numerics, before.KernelClass, s.Numerics, s.KernelClass)
	}
	return before, found, err
}

// keepPlan leaves a sweep its plan, and counts it.
func (c *call) keepPlan(before, s Sweep) (Revision, error) {
	tallies, err := c.tx.Tallies(before.Plan)
	if err != nil {
		return Revision{}, err
	}
	if s.Name != before.Name || string(s.Grid) != string(before.Grid) {
		before.Revision++
		before.Name, before.Grid = s.Name, s.Grid
		if err := c.tx.PutSweep(before); err != nil {
			return Revision{}, err
		}
	}
	counts := count(tallies)
	c.closed = true
	return Revision{Number: before.Revision, Kept: counts.Planned, AlreadyDone: counts.Done}, nil
}
