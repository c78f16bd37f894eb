package app

import (
	"context"
	"errors"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// Status says how a sweep gets on, in the words of the wire: the one that a word
// names, or the folder's. It says whether a coordinator runs.
func (p Place) Status(ctx context.Context, word string) (answer *spiqsweepv1.GetStatusResponse, running bool, err error) {
	running, err = p.read(ctx, word, func(ctx context.Context, k keeper, s queue.Sweep) (err error) {
		if c, ok := k.(*remote.Client); ok {
			answer, err = c.WireStatus(ctx, s.ID) // which has the labels of tasks
			return err
		}
		status, err := k.Status(ctx, s.ID)
		answer = wire.WriteStatus(status)
		return err
	})
	return answer, running, err
}

// Ask asks the coordinator that runs there, if one does.
func (p Place) Ask(ctx context.Context) (answer *spiqsweepv1.GetStatusResponse, running bool, err error) {
	word, err := p.sweep("")
	if err != nil {
		return nil, false, err
	}
	running, err = p.ask(ctx, func(ctx context.Context, c *remote.Client) (err error) {
		answer, err = c.WireStatus(ctx, word)
		return err
	})
	return answer, running, err
}

// List lists the sweeps of the coordinator that runs there, or of the store.
func (p Place) List(ctx context.Context) (sweeps []queue.Summary, err error) {
	if _, err := p.sweep(""); err != nil {
		return nil, err
	}
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) (err error) {
		sweeps, err = c.Sweeps(ctx)
		return err
	})
	if running || err != nil {
		return sweeps, err
	}
	err = p.inStore(ctx, readOnly, func(q *queue.Queue) (err error) {
		sweeps, err = q.Sweeps(ctx)
		return err
	})
	return sweeps, err
}

// ErrNoName says that a sweep must be named: the place is not the folder of one.
var ErrNoName = errors.New("say which sweep to forget")

// Delete ends the sweep that a word names, or the folder's, and returns what it
// was. What it has finished stays in the store. Errors: ErrNoName.
func (p Place) Delete(ctx context.Context, word string) (forgotten queue.Sweep, err error) {
	if id, err := folder(p.Out).identity(); word == "" && (err != nil || id == "" || p.Out == "" || p.Coordinator.Token != "") {
		return queue.Sweep{}, &InputError{ErrNoName}
	}
	err = p.write(ctx, word, func(ctx context.Context, k keeper, s queue.Sweep) error {
		forgotten = s
		return k.Delete(ctx, s.ID)
	})
	return forgotten, err
}

// Retry reopens tasks of one sweep: all that failed, or diverged, if none
// is named.
func (p Place) Retry(ctx context.Context, s queue.Selection, diverged bool) (reopened int, err error) {
	err = p.change(ctx, s, func(ctx context.Context, k keeper, s queue.Selection) (err error) {
		reopened, err = k.Retry(ctx, queue.RetryRequest{Selection: s, Diverged: diverged})
		return err
	})
	return reopened, err
}

// Cancel sets the unfinished tasks of one sweep aside: all if none is named.
func (p Place) Cancel(ctx context.Context, s queue.Selection) (cancelled, shared int, err error) {
	err = p.change(ctx, s, func(ctx context.Context, k keeper, s queue.Selection) (err error) {
		cancelled, shared, err = k.Cancel(ctx, s)
		return err
	})
	return cancelled, shared, err
}

// change does something with tasks of the sweep that the selection names by a
// word, or of the folder's.
func (p Place) change(ctx context.Context, s queue.Selection, do func(context.Context, keeper, queue.Selection) error) error {
	return p.write(ctx, s.Sweep, func(ctx context.Context, k keeper, found queue.Sweep) error {
		s.Sweep = found.ID
		return do(ctx, k, s)
	})
}

// Drain asks workers of the coordinator that runs there to leave. Without one
// there is nobody to ask: local workers have ended with it, and others wait for
// the next.
func (p Place) Drain(ctx context.Context, r queue.DrainRequest) (draining int, err error) {
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) (err error) {
		draining, err = c.Drain(ctx, r)
		return err
	})
	if err == nil && !running {
		err = badInput("output folder %s: no coordinator is running there, so there is no worker to drain", p.Out)
	}
	return draining, err
}

// finished are the tasks that the folder's sweep has done: none if there is no
// sweep yet.
func (p Place) finished(ctx context.Context) (map[sweep.TaskID]bool, error) {
	if id, err := folder(p.Out).identity(); err != nil || id == "" {
		return nil, err
	}
	done := map[sweep.TaskID]bool{}
	_, err := p.read(ctx, "", func(ctx context.Context, k keeper, s queue.Sweep) error {
		for row, err := range k.Rows(ctx, s.ID) {
			if err != nil {
				return err
			}
			done[row.Task.ID] = row.State == sweep.Done
		}
		return nil
	})
	if errors.Is(err, queue.ErrUnknown) {
		return nil, nil // named, but never planned
	}
	return done, err
}
