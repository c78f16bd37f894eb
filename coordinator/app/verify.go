package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// Verification is the outcome of running finished tasks once more.
type Verification struct {
	Sweep    queue.Sweep
	Chosen   int // tasks selected to run once more, with those of earlier verifications
	Findings []Finding
	// Diverged counts selected tasks that had diverged before; they do not run again.
	Diverged int
	// Local reports that this process did the work, since no coordinator runs that would
	// bring the folder up to date.
	Local bool
}

// Finding is a task whose result was not confirmed.
type Finding struct {
	Task   sweep.TaskID
	Label  string
	State  sweep.State // diverged, or done if no other result contradicts it
	Reason string
}

// Verifier configures a verification.
type Verifier struct {
	queue.VerifyRequest // its Sweep is a name or ID; "": that of the folder
	// Memory is what this process may use, in bytes, and bounds the number of local workers; 0:
	// unknown.
	Memory uint64
	// Options returns how to serve a sweep of a kernel class, if no coordinator serves it.
	Options func(class string) (host.Options, error)
	// Follow is called with the progress of the verification; it may be nil.
	Follow func(Progress)
}

// Verify runs finished tasks of a sweep once more and waits until all results are
// compared. The running coordinator does the work, or local workers, if no coordinator
// runs and all tasks are finished. When ctx ends, Verify returns the cause; the tasks
// stay selected, and the next coordinator or verification resumes them.
func (p Place) Verify(ctx context.Context, v Verifier) (Verification, error) {
	if _, err := p.sweep(v.Sweep); err != nil {
		return Verification{}, err
	}
	var done Verification
	running, err := p.ask(ctx, func(ctx context.Context, c *remote.Client) error {
		return p.with(ctx, c, c.Sweep, v.Sweep, func(ctx context.Context, q sweepQueue, s queue.Sweep) (err error) {
			if v.Configurations, err = p.stored(ctx, q, s, v.Configurations); err != nil {
				return err
			}
			done, err = v.verifyRemotely(ctx, q, s.ID, pollRemoteEvery)
			return err
		})
	})
	if running || err != nil {
		return done, err
	}
	return p.verifyLocally(ctx, v)
}

// verifyRemotely verifies at a running coordinator.
func (v Verifier) verifyRemotely(ctx context.Context, q sweepQueue, id string, pause time.Duration) (Verification, error) {
	done, tasks, err := v.choose(ctx, q, id)
	if err != nil || len(tasks) == 0 {
		return done, err
	}
	return v.compare(ctx, q, done, tasks, pause)
}

// choose selects the tasks to run once more.
func (v Verifier) choose(ctx context.Context, q sweepQueue, id string) (done Verification, tasks []sweep.TaskID, err error) {
	if done.Sweep, err = q.Sweep(ctx, id); err != nil {
		return done, nil, err
	}
	if done.Sweep.Paused {
		return done, nil, folder.BadInput("sweep %s is paused, so none of its tasks runs: resume it first with `coordinator resume`", done.Sweep.Name)
	}
	request := v.VerifyRequest
	request.Sweep = done.Sweep.ID
	tasks, err = q.Verify(ctx, request)
	switch {
	case errors.Is(err, queue.ErrUnknown), errors.Is(err, queue.ErrInvalid):
		return done, nil, &folder.InputError{Err: err}
	case err != nil:
		return done, nil, err
	}
	done.Chosen = len(tasks)
	if done.Diverged, err = v.diverged(ctx, q, done.Sweep.ID, tasks); err != nil {
		return done, nil, err
	}
	if done.Chosen+done.Diverged == 0 {
		return done, nil, folder.BadInput("no selected task is finished")
	}
	return done, tasks, nil
}

// diverged counts the selected tasks that had diverged before the verification.
func (v Verifier) diverged(ctx context.Context, q sweepQueue, sweepID string, tasks []sweep.TaskID) (n int, err error) {
	chosen := set(tasks)
	for row, err := range q.Rows(ctx, sweepID) {
		if err != nil {
			return 0, fmt.Errorf("read the diverged tasks: %w", err)
		}
		if row.State == sweep.Diverged && v.Has(row.Task) && !chosen[row.Task.ID] {
			n++
		}
	}
	return n, nil
}

// compare waits for the results and returns the findings.
func (v Verifier) compare(ctx context.Context, q sweepQueue, done Verification, tasks []sweep.TaskID, pause time.Duration) (Verification, error) {
	if err := v.wait(ctx, q, done, pause); err != nil {
		return done, err
	}
	var err error
	done.Findings, err = findings(ctx, q, done.Sweep, tasks)
	return done, err
}

// wait returns when no task of the sweep is being verified any more.
func (v Verifier) wait(ctx context.Context, q sweepQueue, done Verification, pause time.Duration) error {
	clock := time.NewTicker(pause)
	defer clock.Stop()
	began := time.Now()
	for {
		status, err := q.Status(ctx, done.Sweep.ID)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, queue.ErrUnavailable):
			// the next call may reach another coordinator
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

// progress returns the progress of the verification alone.
func (v Verification) progress(s queue.Status, elapsed time.Duration) Progress {
	compared := max(0, v.Chosen-s.Counts.Verifying)
	held := 0
	for _, w := range s.Workers {
		held += len(w.Running)
	}
	running := v.Chosen - compared
	if held < queue.MaxListed { // otherwise the list is incomplete
		running = min(running, held)
	}
	s.Counts = queue.Counts{Planned: v.Chosen, Done: compared, Leased: running, Pending: v.Chosen - compared - running}.At(s.Workforce)
	s.TimeLeft = 0 // it is that of the sweep
	return Progress{Status: s, Elapsed: elapsed, Gained: compared}
}

// findings returns the tasks whose results were not confirmed.
func findings(ctx context.Context, q sweepQueue, s queue.Sweep, tasks []sweep.TaskID) ([]Finding, error) {
	chosen := set(tasks)
	axes := grid.StoredColumns(s.Grid)
	var found []Finding
	for row, err := range q.Rows(ctx, s.ID) {
		if err != nil {
			return nil, fmt.Errorf("read the outcome: %w", err)
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

// verifyLocally serves the sweep to local workers until the verification ends.
func (p Place) verifyLocally(ctx context.Context, v Verifier) (Verification, error) {
	s, err := p.finishedSweep(ctx, v.Sweep)
	if err != nil {
		return Verification{}, err
	}
	options, err := v.Options(s.KernelClass)
	if err != nil {
		return Verification{}, err
	}
	options.Store = p.Store
	lock, err := folder.Folder(p.Out).Lock()
	if err != nil {
		return Verification{}, &folder.InputError{Err: err}
	}
	defer lock.Close()
	h := host.New(options, folder.Folder(p.Out), s.KernelClass)
	defer h.Close()
	if err := errors.Join(h.Listen(), h.OpenStore(ctx)); err != nil {
		return Verification{}, err
	}
	if err := h.Publish(); err != nil {
		return Verification{}, err
	}
	if v.Configurations, err = p.stored(ctx, h.Queue(), s, v.Configurations); err != nil {
		return Verification{}, err
	}
	return v.with(ctx, h, s)
}

// with verifies with the local workers of a host. They start after tasks were
// selected: earlier, they would find no work and leave.
func (v Verifier) with(ctx context.Context, h *host.Host, s queue.Sweep) (Verification, error) {
	if err := v.fitWorkers(ctx, h, s); err != nil {
		return Verification{}, err
	}
	done, tasks, err := v.choose(ctx, h.Queue(), s.ID)
	done.Local = true
	if err != nil || len(tasks) == 0 {
		return done, err
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	h.Start(serving, services, s.ID, min(h.Local, len(tasks)))
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	context.AfterFunc(serving, func() { cancel(context.Cause(serving)) })
	done, err = v.compare(watching, h.Queue(), done, tasks, pollEvery)
	h.Stop()
	stop()
	if fault := services.Wait(); fault != nil && !errors.Is(fault, context.Canceled) {
		err = fault
	}
	return done, err
}

// finishedSweep finds a sweep in a store that no coordinator serves. All its tasks must
// be finished: otherwise the workers would run the others first.
func (p Place) finishedSweep(ctx context.Context, name string) (s queue.Sweep, err error) {
	look := func(ctx context.Context, q sweepQueue, found queue.Sweep) error {
		s = found
		status, err := q.Status(ctx, s.ID)
		if err != nil {
			return err
		}
		if left := status.Counts.Leased + status.Counts.Pending; left > 0 {
			return folder.BadInput("%d tasks of the sweep are unfinished: start its coordinator again, and verify while it runs or when it has ended", left)
		}
		if reason, with := queue.SweepMismatch(s.Arithmetic(), queue.ProgramArithmetic(s.KernelClass)); reason != "" {
			return folder.BadInput("the sweep %s: verify it with %s", reason, with)
		}
		return nil
	}
	err = p.inStore(ctx, readOnly, func(q *queue.Queue) error { return p.with(ctx, q, q.Find, name, look) })
	return s, err
}
