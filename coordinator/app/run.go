package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
)

// Run serves until nothing is left that could run, or until ctx ends; then
// workers hand back what they hold, and Run returns the context's cause. It
// leaves the output folder up to date. It is called once.
func (a *App) Run(ctx context.Context) (Progress, error) {
	server := a.server()
	began := time.Now()
	// What serves the workers must outlive ctx: they have work to hand back.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	services, serving := errgroup.WithContext(base)
	services.Go(func() error { return server.Serve(a.listener) })
	services.Go(func() error { return a.tick(serving) })
	services.Go(func() error { return a.keepFresh(serving) })
	fleet := local.Start(a.needed(ctx), a.launch(), a.Log.Named("local"))

	last, err := a.follow(ctx, serving)
	if err == nil {
		a.sayFarewell(ctx, server, began)
	}
	a.takeLeave(server, fleet)
	stop()
	if fault := services.Wait(); fault != nil && !errors.Is(fault, context.Canceled) {
		err = fault // the reason why following ended
	}
	return a.conclude(last, err)
}

// needed is how many local workers to start: none if nothing is left to do.
func (a *App) needed(ctx context.Context) int {
	if status, err := a.queue.Status(ctx, a.id); err == nil && status.Counts.Finished() {
		return 0
	}
	return a.Local
}

func (a *App) launch() local.Launch {
	if a.Launch == nil {
		return nil
	}
	return a.Launch(a.keys.worker.At(nearby(a.listener.Addr())))
}

// follow reports on the sweep until it is finished, interrupted, or one of the
// services has failed.
func (a *App) follow(ctx, serving context.Context) (Progress, error) {
	clock := time.NewTicker(lookEvery)
	defer clock.Stop()
	began := time.Now()
	first, away := -1, false // tasks done at the first look; whether the store is away
	for {
		status, err := a.queue.Status(serving, a.id)
		switch {
		case errors.Is(err, queue.ErrUnavailable):
			if !away {
				a.Log.Warn("the store is not available: will try again", "error", err)
			}
			away = true
		case err != nil:
			return Progress{}, fmt.Errorf("read the status: %w", err)
		default:
			away = false
			if first < 0 {
				first = status.Counts.Done
			}
			now := Progress{Status: status, Elapsed: time.Since(began), Gained: status.Counts.Done - first}
			if a.Follow != nil {
				a.Follow(now)
			}
			if status.Counts.Finished() {
				return now, nil
			}
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return Progress{}, context.Cause(ctx)
		case <-serving.Done():
			return Progress{}, context.Cause(serving)
		}
	}
}

// sayFarewell lets workers hear that all is done, so that they leave by
// themselves. Those that outlived another coordinator of this sweep may not
// have called this one yet.
func (a *App) sayFarewell(ctx context.Context, server *service.Server, began time.Time) {
	if a.Resumed && a.Listen != "" {
		select {
		case <-time.After(time.Until(began.Add(comeBack))):
		case <-ctx.Done():
		}
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	server.Farewell(ctx)
}

// takeLeave ends the local workers, which hand back what they hold, then the server.
func (a *App) takeLeave(server *service.Server, fleet *local.Fleet) {
	ctx, cancel := context.WithTimeout(context.Background(), handBack)
	defer cancel()
	fleet.Stop(ctx)
	ctx, cancel = context.WithTimeout(context.Background(), lastCalls)
	defer cancel()
	server.Stop(ctx)
}

// conclude brings the output folder up to date a last time.
func (a *App) conclude(last Progress, err error) (Progress, error) {
	ctx := context.Background()
	if fault := a.view.refresh(ctx); fault != nil {
		err = errors.Join(err, fmt.Errorf("write the output folder: %w", fault))
	}
	if status, fault := a.queue.Status(ctx, a.id); fault == nil {
		last.Status = status
	}
	return last, err
}

// tick moves the queue's clock.
func (a *App) tick(ctx context.Context) error {
	return every(ctx, tickEvery, func() error {
		err := a.queue.Tick(ctx)
		if errors.Is(err, queue.ErrUnavailable) {
			return nil // the next tick finds the leases as they are
		}
		return err
	})
}

// keepFresh keeps the output folder up to date. What cannot be written now may
// be writable later.
func (a *App) keepFresh(ctx context.Context) error {
	return every(ctx, RefreshEvery, func() error {
		if err := a.view.refresh(ctx); err != nil && ctx.Err() == nil {
			a.Log.Warn("the output folder is not up to date", "error", err)
		}
		return nil
	})
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
