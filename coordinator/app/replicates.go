package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/plan"
)

// Intervals of a run in which results decide on replicates.
const (
	// extendEvery is the shortest time between two extensions of the plan while workers
	// have work, and extendPauseFactor the least ratio of that time to the duration of an
	// extension.
	extendEvery       = 2 * time.Second
	extendPauseFactor = 20
	// announceEvery is the interval at which further tasks are announced.
	announceEvery = 10 * time.Second
)

// replicates is the state of a sweep in which results decide on replicates.
type replicates struct {
	outcomes  map[sweep.TaskID]outcome // by task of the stored plan
	precision plan.Precision           // after these outcomes
	decided   string                   // a text that changes with the results, of those after which the plan was extended last
	next      time.Time                // of the next extension, while workers have work
	announced time.Time                // of further tasks
}

// outcome is what is stored of a task.
type outcome struct {
	digest string // of the accepted result
	plan.Outcome
}

// isAdaptive reports whether results decide on replicates.
func (a *App) isAdaptive() bool { return a.prepared.Grid.Replicates.IsAdaptive() }

// Precision counts the configurations that have reached the precision of the grid.
func (a *App) Precision() plan.Precision { return a.precision }

// readOutcomes reads what is stored of the tasks of the sweep. It decodes only results
// that it has not read before.
func (a *App) readOutcomes(ctx context.Context) error {
	before := a.outcomes
	a.outcomes = make(map[sweep.TaskID]outcome, len(before))
	for row, err := range a.queue.Rows(ctx, a.id) {
		if err != nil {
			return err
		}
		o := before[row.Task.ID]
		if done := row.State == sweep.Done; !done || o.digest == "" || o.digest != row.Digest {
			o = outcome{row.Digest, folder.Outcome(row, a.prepared.Grid.Replicates.Until)}
			if !done {
				o.digest = ""
			}
		}
		a.outcomes[row.Task.ID] = o
	}
	return nil
}

// extendPlan extends the prepared plan after the outcomes that were read last, and
// reports whether that has changed it.
func (a *App) extendPlan(ctx context.Context) (changed bool, err error) {
	extended, precision, err := a.prepared.Plan.Extend(ctx, func(id sweep.TaskID) plan.Outcome { return a.outcomes[id].Outcome })
	if err != nil {
		return false, err
	}
	changed = extended != a.prepared.Plan
	a.prepared.Plan, a.prepared.Grid, a.precision = extended, extended.Grid(), precision
	return changed, nil
}

// addReplicates extends the stored plan until no result demands a change, since another
// sweep may have finished the tasks that it adds. It reports whether the plan has changed.
func (a *App) addReplicates(ctx context.Context) (changed bool, err error) {
	for a.isAdaptive() {
		if err := a.readOutcomes(ctx); err != nil {
			return changed, fmt.Errorf("read the results: %w", err)
		}
		stored, first := a.prepared.Plan, a.Revision
		more, err := a.extendPlan(ctx)
		if err != nil || !more {
			return changed, err
		}
		if err := a.storePlan(ctx, false, ""); err != nil {
			a.prepared.Plan, a.prepared.Grid = stored, stored.Grid()
			return changed, err
		}
		changed = true
		a.Revision.Kept = first.Kept
		a.Revision.Added += first.Added
		a.Revision.Dropped += first.Dropped
	}
	return changed, nil
}

// followReplicates extends the plan of a sweep that runs: immediately if workers have no
// work, otherwise now and then. It reports whether tasks may follow those of the status.
func (a *App) followReplicates(ctx context.Context, status queue.Status) (more bool, err error) {
	if !a.isAdaptive() {
		return false, nil
	}
	mark := fmt.Sprint(status.Changes, status.Counts.Done, status.Counts.Failed, status.Counts.Diverged)
	idle := status.Counts.Finished()
	if idle || mark != a.decided && !time.Now().Before(a.next) {
		began := time.Now()
		if more, err = a.addReplicates(ctx); err == nil {
			a.decided = mark
		}
		if more && a.view != nil {
			a.view.Replan(a.prepared.Plan)
		}
		a.next = time.Now().Add(max(extendEvery, extendPauseFactor*time.Since(began)))
	}
	if err == nil && idle && !more {
		err = a.queue.Expect(ctx, a.id, false)
	} else if err == nil && time.Since(a.announced) >= announceEvery {
		err = a.announce(ctx)
	}
	if err == nil {
		return more, nil
	}
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	if errors.Is(err, queue.ErrUnavailable) {
		a.Log.Warn("cannot add replicates: will try again", "error", err)
		return true, nil
	}
	return true, fmt.Errorf("add replicates: %w", err)
}

// announce announces further tasks, so that workers without work wait for them.
func (a *App) announce(ctx context.Context) error {
	if !a.isAdaptive() {
		return nil
	}
	a.announced = time.Now()
	return a.queue.Expect(ctx, a.id, true)
}

// announceNone withdraws the announcement of a run that ends before its sweep.
func (a *App) announceNone() {
	if !a.isAdaptive() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), refreshLimit)
	defer cancel()
	if err := a.queue.Expect(ctx, a.id, false); err != nil {
		a.Log.Debug("workers wait up to a minute for further tasks", "error", err)
	}
}
