package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/queue"
)

// Run follows the sweep until nothing is left of it that could run, or until ctx
// ends, and leaves the output folder up to date. If this coordinator keeps the
// sweep it serves workers meanwhile, and in the end has them hand back what they
// hold; elsewhere, the sweep goes on. It returns the context's cause, and is
// called once.
func (a *App) Run(ctx context.Context) (Progress, error) {
	began := time.Now()
	// What serves the workers must outlive ctx: they have work to hand back.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	services.Go(func() error { return a.keepFresh(serving) })
	if a.host != nil {
		a.host.start(serving, services, a.id, a.needed(ctx))
	}
	last, err := a.follow(ctx, serving)
	if a.host != nil {
		if err == nil {
			a.sayWaitForWorkers(ctx, began)
		}
		a.host.stop()
	}
	stop()
	if fault := services.Wait(); fault != nil && !errors.Is(fault, context.Canceled) {
		err = fault // the reason why following ended
	}
	return a.conclude(last, err)
}

// needed is how many local workers to start: none if nothing is left to do.
func (a *App) needed(ctx context.Context) int {
	if status, err := a.keeper.Status(ctx, a.id); err == nil && status.Counts.Finished() {
		return 0
	}
	return a.Local
}

// follow reports on the sweep until it is finished, interrupted, or one of the
// services has failed.
func (a *App) follow(ctx, serving context.Context) (Progress, error) {
	pause := lookEvery
	if a.host == nil {
		pause = lookElsewhereEvery
	}
	began := time.Now()
	first, away := -1, false // tasks done at the first look; whether their keeper is away
	worked := false          // whether there were workers
	var logged []string      // what is wrong with the store, as far as it was logged
	for {
		looked := time.Now()
		status, err := a.keeper.Status(serving, a.id)
		switch {
		case errors.Is(err, queue.ErrUnavailable):
			if !away {
				a.Log.Warn("cannot look at the sweep: will try again", "error", err)
			}
			away = true
		case err != nil:
			return Progress{}, fmt.Errorf("read the status: %w", err)
		default:
			away = false
			if a.host == nil { // else host.tick does so
				logged = warn(a.Log, logged, status.Warnings)
			}
			if first < 0 {
				first = status.Counts.Done
			}
			worked = worked || status.Workforce.Processes > 0
			now := Progress{
				Status: status, Elapsed: time.Since(began), Gained: status.Counts.Done - first,
				Deserted: worked && status.Workforce.Processes == 0 && !status.Counts.Finished(),
			}
			if a.Follow != nil {
				a.Follow(now)
			}
			if status.Counts.Finished() {
				return now, nil
			}
		}
		clock := time.NewTimer(lookAgain(pause, time.Since(looked)))
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

// lookAgain is the pause after a look that took so long: a thousand workers are
// long to list, and are to be served meanwhile.
func lookAgain(pause, took time.Duration) time.Duration {
	return max(pause, min(lookShare*took, longestLook))
}

// sayWaitForWorkers lets workers hear that all is done, so that they leave by
// themselves. Those that outlived another coordinator of this sweep may not
// have called this one yet.
func (a *App) sayWaitForWorkers(ctx context.Context, began time.Time) {
	if a.Resumed && a.Listen != "" {
		select {
		case <-time.After(time.Until(began.Add(comeBack))):
		case <-ctx.Done():
		}
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	a.host.server.WaitForWorkers(ctx)
}

// conclude brings the output folder up to date a last time. Who has interrupted
// the sweep does not wait for models. That the sweep was forgotten explains
// whatever else failed.
func (a *App) conclude(last Progress, err error) (Progress, error) {
	ctx := context.Background()
	patience := forever
	if err != nil {
		patience = patient
	}
	removed := a.host != nil && a.host.file.removed()
	if removed { // perhaps with the folder: all of it is written again
		a.view = a.newView()
	}
	a.view.attempted = ""
	if fault := a.view.refresh(ctx, patience); fault != nil {
		err = errors.Join(err, fmt.Errorf("write the output folder: %w", fault))
	}
	switch status, fault := a.keeper.Status(ctx, a.id); {
	case fault == nil:
		last.Status = status
	case errors.Is(fault, queue.ErrUnknown):
		err = badInput("the sweep of %s was forgotten while it was followed: run the grid again with --replace to begin anew", a.folder)
	}
	if removed {
		err = a.storeRemoved(last, err)
	}
	return last, err
}

// keepFresh keeps the output folder up to date. What cannot be written now may
// be writable later. A folder that takes long to write is written less often, so
// that the workers are served meanwhile.
func (a *App) keepFresh(ctx context.Context) error {
	for {
		began := time.Now()
		if err := a.view.refresh(ctx, patient); err != nil && ctx.Err() == nil {
			a.Log.Warn("the output folder is not up to date", "error", err)
		}
		pause := time.NewTimer(max(RefreshEvery, refreshShare*time.Since(began)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// every calls f now and after each period, until it fails or ctx ends.
func every(ctx context.Context, period time.Duration, f func() error) error {
	clock := time.NewTicker(period)
	defer clock.Stop()
	for {
		if err := f(); err != nil {
			return err
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
