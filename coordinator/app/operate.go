package app

import (
	"context"
	"errors"
	"slices"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/wire"
)

// Status returns the state of a sweep, by its name or ID; "" stands for the folder's
// sweep.
func (p Place) Status(ctx context.Context, name string) (status Status, err error) {
	running, err := p.read(ctx, name, func(ctx context.Context, q sweepQueue, s queue.Sweep) (err error) {
		status, err = p.status(ctx, q, s)
		return err
	})
	status.Running = running
	return status, err
}

// status returns the state of a sweep, without Running.
func (p Place) status(ctx context.Context, q sweepQueue, s queue.Sweep) (Status, error) {
	if c, ok := q.(*remote.Client); ok {
		answer, err := c.WireStatus(ctx, s.ID) // with the labels of tasks
		return newStatus(answer), err
	}
	stored, err := q.Status(ctx, s.ID)
	status := newStatus(wire.WriteStatus(stored))
	status.ServedByAnother = err == nil && p.servedByAnother(stored)
	return status, err
}

// servedByAnother reports whether a coordinator serves the store, although that of
// the folder does not run: a worker has called it within its lease term.
func (p Place) servedByAnother(s queue.Status) bool {
	url, err := folder.Folder(p.Out).StoreURL(p.Store)
	return err == nil && p.Coordinator.Token == "" && store.Shared(url) &&
		slices.ContainsFunc(s.Workers, func(w queue.Worker) bool { return w.Deadline.After(s.AsOf) })
}

// Ask returns the state of the sweep as the running coordinator reports it, and
// whether one runs.
func (p Place) Ask(ctx context.Context) (status Status, running bool, err error) {
	id, err := p.sweep("")
	if err != nil {
		return Status{}, false, err
	}
	running, err = p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		answer, err := c.WireStatus(ctx, id)
		status = newStatus(answer)
		return err
	})
	status.Running = running
	return status, running, err
}

// List lists the sweeps of the running coordinator, else of the store.
func (p Place) List(ctx context.Context) ([]SweepSummary, error) {
	if _, err := p.sweep(""); err != nil {
		return nil, err
	}
	var sweeps []queue.Summary
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) (err error) {
		sweeps, err = c.Sweeps(ctx)
		return err
	})
	if !running && err == nil {
		err = p.inStore(ctx, readOnly, func(q *queue.Queue) (err error) {
			sweeps, err = q.Sweeps(ctx)
			return err
		})
	}
	summaries := []SweepSummary{}
	for _, s := range sweeps {
		summaries = append(summaries, newSweepSummary(s))
	}
	return summaries, err
}

// ErrNoName reports that the user must name the sweep, since the place is not the
// folder of one.
var ErrNoName = errors.New("name the sweep to delete")

// Delete deletes a sweep, by its name or ID, or that of the folder, and returns what it
// was. Its results stay in the store. Errors: ErrNoName.
func (p Place) Delete(ctx context.Context, name string) (deleted queue.Sweep, err error) {
	if err := p.checkFolder(); err != nil {
		return queue.Sweep{}, err
	}
	if id, err := folder.Folder(p.Out).Identity(); name == "" && (err != nil || id == "" || p.Out == "" || p.Coordinator.Token != "") {
		return queue.Sweep{}, &folder.InputError{Err: ErrNoName}
	}
	err = p.write(ctx, name, func(ctx context.Context, q sweepQueue, s queue.Sweep) error {
		deleted = s
		return q.Delete(ctx, s.ID)
	})
	return deleted, err
}

// Pause pauses a sweep, by its name or ID, or that of the folder, or resumes it. It returns
// the status before.
func (p Place) Pause(ctx context.Context, name string, paused bool) (before queue.Status, err error) {
	err = p.write(ctx, name, func(ctx context.Context, q sweepQueue, s queue.Sweep) (err error) {
		if before, err = q.Status(ctx, s.ID); err != nil {
			return err
		}
		return q.Pause(ctx, s.ID, paused)
	})
	return before, err
}

// Retry reopens selected tasks of a sweep that failed, or that diverged. An empty
// selection means all of them.
func (p Place) Retry(ctx context.Context, s queue.Selection, diverged bool) (reopened int, err error) {
	err = p.change(ctx, s, func(ctx context.Context, q sweepQueue, s queue.Selection) (err error) {
		reopened, err = q.Retry(ctx, queue.RetryRequest{Selection: s, Diverged: diverged})
		return err
	})
	return reopened, err
}

// Cancel cancels selected unfinished tasks of a sweep. An empty selection means all of
// them. shared counts the tasks that go on, since another sweep needs them.
func (p Place) Cancel(ctx context.Context, s queue.Selection) (cancelled, shared int, err error) {
	err = p.change(ctx, s, func(ctx context.Context, q sweepQueue, s queue.Selection) (err error) {
		cancelled, shared, err = q.Cancel(ctx, s)
		return err
	})
	return cancelled, shared, err
}

// change calls do with the selection, with the ID of the sweep and with settings that are stored.
func (p Place) change(ctx context.Context, s queue.Selection, do func(context.Context, sweepQueue, queue.Selection) error) error {
	return p.write(ctx, s.Sweep, func(ctx context.Context, q sweepQueue, found queue.Sweep) (err error) {
		s.Sweep = found.ID
		if s.Configurations, err = p.stored(ctx, q, found, s.Configurations); err != nil {
			return err
		}
		return do(ctx, q, s)
	})
}

// Drain asks workers of the running coordinator to leave. It is an error if none runs:
// local workers have ended with it, and others wait for the next one.
func (p Place) Drain(ctx context.Context, r queue.DrainRequest) (draining int, err error) {
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) (err error) {
		draining, err = c.Drain(ctx, r)
		return err
	})
	if err == nil && !running {
		err = folder.BadInput("output folder %s: no coordinator is running, so there is no worker to drain", p.Out)
	}
	return draining, err
}
