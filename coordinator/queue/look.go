package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// Look is one task of a sweep, with everything that the queue holds of it but its results.
type Look struct {
	AsOf  time.Time
	Sweep Sweep
	Specification
	Record
	Attempts []Attempt // the last MaxListed by number
	Earlier  int       // attempts before those
}

// Look returns a task of a sweep.
// Errors: ErrUnknown if there is no such sweep, or the sweep has no such task;
// ErrUnavailable.
func (q *Queue) Look(ctx context.Context, sweepID string, task sweep.TaskID) (Look, error) {
	var l Look
	err := q.view(ctx, func(c *call) (err error) {
		l, err = c.look(sweepID, task)
		return err
	})
	if err != nil {
		return Look{}, fmt.Errorf("look at a task: %w", err)
	}
	return l, nil
}

func (c *call) look(sweepID string, task sweep.TaskID) (l Look, err error) {
	l.AsOf = c.now
	if l.Sweep, err = c.sweep(sweepID); err != nil {
		return Look{}, err
	}
	referring, err := c.tx.Referring(task)
	if err != nil {
		return Look{}, err
	}
	if !slices.Contains(referring, sweepID) {
		return Look{}, unknown("task", task)
	}
	if l.Specification, err = c.specification(task); err != nil {
		return Look{}, err
	}
	record, found, err := c.tx.Record(task)
	if err == nil && !found {
		err = unknown("task", task)
	}
	if err != nil {
		return Look{}, err
	}
	l.Record = record
	attempts, err := c.tx.Attempts(task)
	if err != nil {
		return Look{}, err
	}
	l.Earlier = max(0, len(attempts)-MaxListed)
	l.Attempts = attempts[l.Earlier:]
	return l, nil
}

// Present are the workers of a store.
type Present struct {
	AsOf      time.Time
	Workers   []Worker // the first MaxListed by ID
	Workforce Workforce
	// Sweeps has, for each running task, a sweep whose plan has it. A task that none has is
	// about to be withdrawn.
	Sweeps map[sweep.TaskID]string
}

// Workers returns the present workers with the tasks that they run. Errors: ErrUnavailable.
func (q *Queue) Workers(ctx context.Context) (Present, error) {
	var p Present
	err := q.view(ctx, func(c *call) (err error) {
		p, err = c.present()
		return err
	})
	if err != nil {
		return Present{}, fmt.Errorf("list workers: %w", err)
	}
	return p, nil
}

func (c *call) present() (Present, error) {
	p := Present{AsOf: c.now, Sweeps: map[sweep.TaskID]string{}}
	all, err := c.tx.Present(time.Time{})
	if err != nil {
		return Present{}, err
	}
	p.Workforce = workforce(all)
	if p.Workers, err = c.workers(all[:min(len(all), MaxListed)]); err != nil {
		return Present{}, err
	}
	for _, w := range p.Workers {
		for _, r := range w.Running {
			sweeps, err := c.tx.Referring(r.Task)
			if err != nil {
				return Present{}, err
			}
			if len(sweeps) > 0 {
				p.Sweeps[r.Task] = sweeps[0]
			}
		}
	}
	return p, nil
}
