package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// Verification is what came of running finished tasks once more.
type Verification struct {
	Sweep    queue.Sweep
	Chosen   int // tasks that ran once more, or were to, with those that were being verified before
	Findings []Finding
	// Diverged are tasks that were meant and had diverged before: they were left out.
	Diverged int
	// Here says that no coordinator runs, which would bring the folder up to date.
	Here bool
}

// Finding is a task whose result could not be confirmed.
type Finding struct {
	Task   sweep.TaskID
	Label  string
	State  sweep.State // diverged, or done if nothing contradicts its result
	Reason string
}

// Verifier has finished tasks run once more, and compares.
type Verifier struct {
	queue.VerifyRequest // its Sweep is a word; "": the folder's
	// Hosting says how to serve a sweep of some kernel class that no coordinator
	// serves: its workers do the work.
	Hosting func(class string) (Hosting, error)
	// Follow hears how many of the chosen tasks have been compared; nil: nobody does.
	Follow func(Progress)
}

// Verify runs finished tasks of a sweep once more and waits until all have been
// compared: through the coordinator that runs there, or, if none does and nothing
// else is left to do, with workers of its own. When ctx ends, it returns the
// cause; the tasks stay chosen, and the next coordinator goes on with them, or the
// next verification, among whose tasks they count.
func (p Place) Verify(ctx context.Context, v Verifier) (Verification, error) {
	if _, err := p.sweep(v.Sweep); err != nil {
		return Verification{}, err
	}
	var done Verification
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		return p.with(ctx, c, c.Sweep, v.Sweep, func(ctx context.Context, k keeper, s queue.Sweep) (err error) {
			done, err = v.at(ctx, k, s.ID, lookElsewhereEvery)
			return err
		})
	})
	if running || err != nil {
		return done, err
	}
	return p.verifyHere(ctx, v)
}

// at verifies at a coordinator that runs.
func (v Verifier) at(ctx context.Context, k keeper, word string, pause time.Duration) (Verification, error) {
	done, tasks, err := v.choose(ctx, k, word)
	if err != nil || len(tasks) == 0 {
		return done, err
	}
	return v.compare(ctx, k, done, tasks, pause)
}

// choose has the tasks run once more by whatever workers there are.
func (v Verifier) choose(ctx context.Context, k keeper, word string) (done Verification, tasks []sweep.TaskID, err error) {
	if done.Sweep, err = k.Sweep(ctx, word); err != nil {
		return done, nil, err
	}
	request := v.VerifyRequest
	request.Sweep = done.Sweep.ID
	tasks, err = k.Verify(ctx, request)
	switch {
	case errors.Is(err, queue.ErrUnknown), errors.Is(err, queue.ErrInvalid):
		return done, nil, &InputError{err}
	case err != nil:
		return done, nil, err
	}
	done.Chosen = len(tasks)
	if done.Diverged, err = v.diverged(ctx, k, done.Sweep.ID, tasks); err != nil {
		return done, nil, err
	}
	if done.Chosen+done.Diverged == 0 {
		return done, nil, badInput("there is no finished task to verify")
	}
	return done, tasks, nil
}

// diverged counts the tasks that are meant and had diverged before those were
// chosen that run once more.
func (v Verifier) diverged(ctx context.Context, k keeper, sweepID string, tasks []sweep.TaskID) (n int, err error) {
	chosen := set(tasks)
	for row, err := range k.Rows(ctx, sweepID) {
		if err != nil {
			return 0, fmt.Errorf("read what has diverged: %w", err)
		}
		if row.State == sweep.Diverged && v.means(row.Task) && !chosen[row.Task.ID] {
			n++
		}
	}
	return n, nil
}

// means says whether the selection names a task.
func (v Verifier) means(task sweep.Task) bool {
	named := len(v.Tasks) == 0 || slices.ContainsFunc(v.Tasks, func(word sweep.TaskID) bool {
		return strings.HasPrefix(string(task.ID), string(word))
	})
	return named && (len(v.Configurations) == 0 || slices.ContainsFunc(v.Configurations, func(c sweep.ConfigurationFilter) bool { return c.Has(task.Configuration) }))
}

// compare waits for what comes of the tasks.
func (v Verifier) compare(ctx context.Context, k keeper, done Verification, tasks []sweep.TaskID, pause time.Duration) (Verification, error) {
	if err := v.wait(ctx, k, done, pause); err != nil {
		return done, err
	}
	var err error
	done.Findings, err = findings(ctx, k, done.Sweep, tasks)
	return done, err
}

// wait returns when no task of the sweep is being verified any more.
func (v Verifier) wait(ctx context.Context, k keeper, done Verification, pause time.Duration) error {
	clock := time.NewTicker(pause)
	defer clock.Stop()
	began := time.Now()
	for {
		status, err := k.Status(ctx, done.Sweep.ID)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, queue.ErrUnavailable):
			// the next look may find another coordinator
		case err != nil:
			return fmt.Errorf("read the status: %w", err)
		default:
			if v.Follow != nil {
				v.Follow(done.progress(status, time.Since(began)))
			}
			if status.Counts.Verifying == 0 {
				return nil
			}
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// progress is that of the verification alone.
func (v Verification) progress(s queue.Status, elapsed time.Duration) Progress {
	compared := max(0, v.Chosen-s.Counts.Verifying)
	held := 0
	for _, w := range s.Workers {
		held += len(w.Running)
	}
	running := v.Chosen - compared
	if held < queue.MaxListed { // else there are more than are listed
		running = min(running, held)
	}
	s.Counts = queue.Counts{Planned: v.Chosen, Done: compared, Leased: running, Pending: v.Chosen - compared - running}
	s.TimeLeft = 0 // that of the sweep
	return Progress{Status: s, Elapsed: elapsed, Gained: compared}
}

// findings are what is not as it was before.
func findings(ctx context.Context, k keeper, s queue.Sweep, tasks []sweep.TaskID) ([]Finding, error) {
	chosen := set(tasks)
	axes := grid.Columns(s.Grid)
	var found []Finding
	for row, err := range k.Rows(ctx, s.ID) {
		if err != nil {
			return nil, fmt.Errorf("read what came of it: %w", err)
		}
		if chosen[row.Task.ID] && (row.State != sweep.Done || row.Reason != "") {
			found = append(found, Finding{row.Task.ID, row.Task.Configuration.Label(axes...), row.State, row.Reason})
		}
	}
	return found, nil
}

func set(tasks []sweep.TaskID) map[sweep.TaskID]bool {
	in := make(map[sweep.TaskID]bool, len(tasks))
	for _, task := range tasks {
		in[task] = true
	}
	return in
}

// verifyHere serves the sweep for as long as it takes.
func (p Place) verifyHere(ctx context.Context, v Verifier) (Verification, error) {
	s, err := p.idle(ctx, v.Sweep)
	if err != nil {
		return Verification{}, err
	}
	hosting, err := v.Hosting(s.KernelClass)
	if err != nil {
		return Verification{}, err
	}
	hosting.Store = p.Store
	lock, err := folder(p.Out).lock()
	if err != nil {
		return Verification{}, &InputError{err}
	}
	defer lock.Close()
	h := &host{Hosting: hosting, folder: folder(p.Out), class: s.KernelClass}
	defer h.close()
	if err := errors.Join(h.openDoor(), h.openStore(ctx)); err != nil {
		return Verification{}, err
	}
	if err := h.publish(); err != nil {
		return Verification{}, err
	}
	return v.with(ctx, h, s)
}

// with verifies with the workers of a host, which start when there is work: at
// once, they would find nothing to do, and leave.
func (v Verifier) with(ctx context.Context, h *host, s queue.Sweep) (Verification, error) {
	done, tasks, err := v.choose(ctx, h.queue, s.ID)
	done.Here = true
	if err != nil || len(tasks) == 0 {
		return done, err
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	h.start(serving, services, s.ID, min(h.Local, len(tasks)))
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	context.AfterFunc(serving, func() { cancel(context.Cause(serving)) })
	done, err = v.compare(watching, h.queue, done, tasks, lookEvery)
	h.stop()
	stop()
	if fault := services.Wait(); fault != nil && !errors.Is(fault, context.Canceled) {
		err = fault
	}
	return done, err
}

// idle finds a sweep in a store that no coordinator serves, if nothing of it is
// left to do: else the workers would do that first.
func (p Place) idle(ctx context.Context, word string) (s queue.Sweep, err error) {
	look := func(ctx context.Context, k keeper, found queue.Sweep) error {
		s = found
		status, err := k.Status(ctx, s.ID)
		if err != nil {
			return err
		}
		if left := status.Counts.Leased + status.Counts.Pending; left > 0 {
			return badInput("%d tasks of the sweep are left to do: start its coordinator again, and verify while it runs or when it has ended", left)
		}
		if s.Numerics != sweep.Numerics {
			return badInput("the sweep was computed with numerics %d, and this program computes with %d: verify it with the program that ran it", s.Numerics, sweep.Numerics)
		}
		return nil
	}
	err = p.inStore(ctx, readOnly, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, word, look) })
	return s, err
}
