package queue

import (
	"context"
	"fmt"
	"iter"

	"spiqsweep/sweep"
)

// Plan stores a sweep, or the next revision of one, in one transaction. Tasks
// that are already in the store keep their state: what is finished is done, for
// every sweep, and what was set aside stays aside. Tasks that the revision drops
// are withdrawn unless another sweep refers to them. The same plan once more
// changes nothing and is the same revision.
//
// Errors: ErrInvalid if two tasks share an ID or a row; ErrMismatch if the sweep
// was begun with other numerics or another kernel class; ErrUnavailable; an error
// of the stream of tasks.
func (q *Queue) Plan(ctx context.Context, s Sweep, stream iter.Seq2[Planned, error]) (Revision, error) {
	tasks, err := gather(stream)
	if err != nil {
		return Revision{}, fmt.Errorf("plan sweep %q: %w", s.Name, err)
	}
	if err := validatePlan(s, tasks); err != nil {
		return Revision{}, fmt.Errorf("plan sweep %q: %w", s.Name, err)
	}
	var revision Revision
	err = q.update(ctx, func(c *call) (err error) {
		revision, err = c.plan(s, tasks)
		return err
	})
	if err != nil {
		return Revision{}, fmt.Errorf("plan sweep %q: %w", s.Name, err)
	}
	return revision, nil
}

func gather(stream iter.Seq2[Planned, error]) ([]Planned, error) {
	var tasks []Planned
	for task, err := range stream {
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

// maxCost bounds what a task may be said to cost, in seconds: 30 years.
const maxCost = 1e9

func validatePlan(s Sweep, tasks []Planned) error {
	if s.ID == "" {
		return fmt.Errorf("%w: the sweep has no ID", ErrInvalid)
	}
	rowOf := make(map[sweep.TaskID]int, len(tasks))
	taken := make(map[int]bool, len(tasks))
	for _, p := range tasks {
		if p.Task.ID == "" {
			return fmt.Errorf("%w: the task of row %d has no ID", ErrInvalid, p.Row)
		}
		if row, twice := rowOf[p.Task.ID]; twice {
			return fmt.Errorf("%w: rows %d and %d are the same task %s", ErrInvalid, row, p.Row, p.Task.ID)
		}
		if taken[p.Row] || p.Row < 0 {
			return fmt.Errorf("%w: row = %d of task %s: must be at least 0 and of no other task", ErrInvalid, p.Row, p.Task.ID)
		}
		if !(p.Cost >= 0 && p.Cost <= maxCost) {
			return fmt.Errorf("%w: cost = %v of task %s: must be from 0 to %v seconds", ErrInvalid, p.Cost, p.Task.ID, maxCost)
		}
		rowOf[p.Task.ID], taken[p.Row] = p.Row, true
	}
	return nil
}

func (c *call) plan(s Sweep, tasks []Planned) (Revision, error) {
	before, changed, err := c.putSweep(s)
	if err != nil {
		return Revision{}, err
	}
	revision := Revision{Number: before.Revision}
	for _, p := range tasks {
		altered, err := c.place(before.ID, p, &revision)
		if err != nil {
			return Revision{}, err
		}
		changed = changed || altered
	}
	if revision.Dropped, err = c.dropOthers(before.ID, tasks); err != nil {
		return Revision{}, err
	}
	if changed || revision.Dropped > 0 {
		before.Revision++
		revision.Number = before.Revision
		before.Name, before.Grid = s.Name, s.Grid
		err = c.tx.PutSweep(before)
	}
	c.stirred = c.stirred || revision.Added > 0
	c.closed = true
	return revision, err
}

// putSweep returns the sweep as it was stored before, or a new one without a
// revision, and whether its name or grid is another now.
func (c *call) putSweep(s Sweep) (before Sweep, changed bool, err error) {
	before, found, err := c.tx.Sweep(s.ID)
	if err != nil {
		return Sweep{}, false, err
	}
	if found {
		if s.Numerics != before.Numerics || s.KernelClass != before.KernelClass {
			return Sweep{}, false, fmt.Errorf("%w: it was begun with numerics %d on kernels of class %q, this is numerics %d of class %q",
				ErrMismatch, before.Numerics, before.KernelClass, s.Numerics, s.KernelClass)
		}
		return before, s.Name != before.Name || string(s.Grid) != string(before.Grid), nil
	}
	s.Revision, s.CreatedAt = 0, c.now
	if s.Turn, err = c.lastTurn(); err != nil {
		return Sweep{}, false, err
	}
	s.Turn++
	return s, true, c.tx.PutSweep(s)
}

func (c *call) lastTurn() (last int64, err error) {
	sweeps, err := c.tx.Sweeps()
	for _, s := range sweeps {
		last = max(last, s.Turn)
	}
	return last, err
}

// place puts a task into the sweep and says whether anything of its place changed.
func (c *call) place(id string, p Planned, revision *Revision) (changed bool, err error) {
	if err := c.tx.PutSpecification(Specification{Task: p.Task, Cost: p.Expected()}); err != nil {
		return false, err
	}
	r, known, err := c.tx.Record(p.Task.ID)
	if err != nil {
		return false, err
	}
	if !known {
		r = Record{Task: p.Task.ID, Phase: Waiting}
		if err := c.tx.PutRecord(r); err != nil {
			return false, err
		}
	}
	kept, changed, err := c.tx.PutPlanned(id, p)
	if kept {
		revision.Kept++
	} else {
		revision.Added++
	}
	if r.Accepted != "" {
		revision.AlreadyDone++
	}
	return changed, err
}

// planPage bounds how many planned tasks are read at once.
const planPage = 512

// dropOthers removes from a sweep the tasks that are not in its new plan.
func (c *call) dropOthers(id string, tasks []Planned) (dropped int, err error) {
	tallies, err := c.tx.Tallies(id)
	if err != nil || count(tallies).Planned == len(tasks) {
		return 0, err // all of them were put just now
	}
	wanted := make(map[sweep.TaskID]bool, len(tasks))
	for _, p := range tasks {
		wanted[p.Task.ID] = true
	}
	after := sweep.TaskID("")
	for {
		page, err := c.tx.PlannedTasks(id, after, planPage)
		if err != nil {
			return 0, err
		}
		for _, task := range page {
			if !wanted[task] {
				dropped++
				if err := c.drop(id, task); err != nil {
					return 0, err
				}
			}
			after = task
		}
		if len(page) < planPage {
			return dropped, nil
		}
	}
}

// drop removes a task from a sweep. If no other sweep refers to it, its lease is
// withdrawn, and it is not verified any more.
func (c *call) drop(id string, task sweep.TaskID) error {
	if err := c.tx.DropPlanned(id, task); err != nil {
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
	return c.settle(a)
}

// Forget removes a sweep. Its finished tasks stay in the store; what no other
// sweep refers to is withdrawn. Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Forget(ctx context.Context, sweepID string) error {
	err := q.update(ctx, func(c *call) error {
		if _, err := c.sweep(sweepID); err != nil {
			return err
		}
		if _, err := c.dropOthers(sweepID, nil); err != nil {
			return err
		}
		c.closed = true
		return c.tx.DeleteSweep(sweepID)
	})
	if err != nil {
		return fmt.Errorf("forget sweep %q: %w", sweepID, err)
	}
	return nil
}
