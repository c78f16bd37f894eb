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
)

// Run follows the sweep until all tasks are finished, its time is up (Progress.TimeUp) or
// ctx ends, and brings the output folder up to date. If this process serves the sweep, Run serves workers, and at the
// end has them hand back their tasks; a remote sweep goes on. If ctx ends, Run returns its
// cause. It may be called once.
func (a *App) Run(ctx context.Context) (Progress, error) {
	began := time.Now()
	// The services outlive ctx, since workers hand back their tasks after it ends.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	services.Go(func() error { return a.refreshFolder(serving) })
	if a.host != nil {
		a.host.ShowFolder(a.id, a.folder, a.Variables, a.prepared.selected)
		a.host.Start(serving, services, a.id, a.localWorkers(ctx))
	}
	last, err := a.follow(ctx, serving)
	if err != nil || last.TimeUp {
		a.announceNone()
	}
	if a.host != nil {
		if err == nil {
			a.waitForWorkers(ctx, began)
		}
		a.host.Stop()
	}
	stop()
	if fault := services.Wait(); fault != nil && !errors.Is(fault, context.Canceled) {
		err = fault // the failed service has ended follow
	}
	return a.conclude(last, err)
}

// localWorkers returns the number of local workers to start: none if all tasks are
// finished, or none can end in time.
func (a *App) localWorkers(ctx context.Context) int {
	if status, err := a.queue.Status(ctx, a.id); err == nil && (status.Counts.Finished() || status.TimeUp) {
		return 0
	}
	return a.Local
}

// follow reports the progress until the sweep is finished, its time is up, ctx ends, or a
// failed service ends serving.
func (a *App) follow(ctx, serving context.Context) (Progress, error) {
	pause := pollEvery
	if a.host == nil {
		pause = pollRemoteEvery
	}
	began := time.Now()
	first, unavailable := -1, false // tasks done at the first poll; the last poll failed
	worked := false                 // workers have been present
	var logged []string             // warnings of the store
	for {
		polled := time.Now()
		status, err := a.queue.Status(serving, a.id)
		switch {
		case errors.Is(err, queue.ErrUnavailable):
			if !unavailable {
				a.Log.Warn("cannot read the status of the sweep: will try again", "error", err)
			}
			unavailable = true
		case err != nil:
			return Progress{}, fmt.Errorf("read the status: %w", err)
		default:
			unavailable = false
			if a.host == nil { // otherwise the host logs them
				logged = host.LogWarnings(a.Log, logged, status.Warnings)
			}
			if first < 0 {
				first = status.Counts.Done
			}
			worked = worked || status.Workforce.Processes > 0
			now := Progress{
				Status: status, Elapsed: time.Since(began), Gained: status.Counts.Done - first,
				Deserted: worked && status.Workforce.Processes == 0 && !status.Counts.Finished() && !status.TimeUp,
			}
			if a.Follow != nil {
				a.Follow(now)
			}
			more, err := a.followReplicates(ctx, status)
			if err != nil {
				return Progress{}, err
			}
			if status.Counts.Finished() && !more || status.TimeUp {
				return now, nil
			}
		}
		clock := time.NewTimer(pollPause(pause, time.Since(polled)))
		select {
		case <-clock.C:
		case <-ctx.Done():
			clock.Stop()
			return Progress{}, context.Cause(ctx)
		case <-serving.Done():
			clock.Stop()
			return Progress{}, context.Cause(serving)
		}
	}
}

// pollPause returns the pause after a poll that took that long. Listing a thousand
// workers takes long, and must leave time to serve them.
func pollPause(pause, took time.Duration) time.Duration {
	return max(pause, min(pollPauseFactor*took, longestPollPause))
}

// waitForWorkers gives workers time to learn that all tasks are done, so that they
// leave. Workers that outlived an earlier coordinator of this sweep may not have called
// this one yet.
func (a *App) waitForWorkers(ctx context.Context, began time.Time) {
	if a.Resumed && a.Listen != "" {
		select {
		case <-time.After(time.Until(began.Add(reconnectTime))):
		case <-ctx.Done():
		}
	}
	ctx, cancel := context.WithTimeout(ctx, doneTimeout)
	defer cancel()
	a.host.WaitForWorkers(ctx)
}

// reportAfter is how long the last refresh of the output folder may take without a report.
const reportAfter = 2 * time.Second

// conclude brings the output folder up to date for the last time, within a limit if the
// run was interrupted or its time is up. If the sweep was deleted, conclude returns that as the error,
// since it explains all others.
func (a *App) conclude(last Progress, err error) (Progress, error) {
	ctx := context.Background()
	limit := folder.NoLimit
	if err != nil || last.TimeUp {
		limit = refreshLimit
	}
	removed := ""
	if a.host != nil {
		removed = a.host.RemovedStore()
	}
	if removed != "" { // perhaps with the folder: write all of it again
		a.view = a.newView()
	}
	a.view.RewriteAttempts()
	began := time.Now()
	a.view.ReportTo(func(activity string, done, of int) {
		if time.Since(began) >= reportAfter {
			a.report(activity, done, of)
		}
	})
	if fault := a.view.Refresh(ctx, limit); fault != nil {
		err = errors.Join(err, fmt.Errorf("write the output folder: %w", fault))
	}
	switch status, fault := a.queue.Status(ctx, a.id); {
	case fault == nil:
		last.Status = status
	case errors.Is(fault, queue.ErrUnknown):
		err = folder.BadInput("the sweep of %s was deleted during the run: run the grid again with --replace to start anew", a.folder)
	}
	if removed != "" {
		err = a.storeRemoved(removed, last, err)
	}
	return last, err
}

// refreshFolder keeps the output folder up to date. It tries files again that could not
// be written. If writing takes long, it writes less often, to leave time to serve
// workers.
func (a *App) refreshFolder(ctx context.Context) error {
	for {
		began := time.Now()
		if err := a.view.Refresh(ctx, refreshLimit); err != nil && ctx.Err() == nil {
			a.Log.Warn("the output folder is not up to date", "error", err)
		}
		pause := time.NewTimer(max(RefreshEvery, refreshPauseFactor*time.Since(began)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// storeRemoved adds to the error of a run that its store was removed.
func (a *App) storeRemoved(path string, last Progress, err error) error {
	removed := fmt.Sprintf("the store %s was removed while the sweep ran", path)
	switch {
	case err == nil:
		return fmt.Errorf("%s: the tables in %s are complete, but nothing can be resumed or verified", removed, a.folder)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: interrupted with %d of %d tasks done, and nothing can be resumed or verified", removed, last.Counts.Done, last.Counts.Planned)
	default:
		return errors.Join(err, errors.New(removed))
	}
}
