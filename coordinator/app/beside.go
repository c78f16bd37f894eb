package app

import (
	"context"
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
)

// Beside says whether another coordinator serves the store of a sweep, for when
// that of the folder does not run: workers have called it, and their lease term
// has not run out. word names the sweep, "": the folder's.
func (p Place) Beside(ctx context.Context, word string) (served bool, err error) {
	url, err := folder(p.Out).storeURL(p.Store)
	if err != nil || p.Coordinator.Token != "" || !store.Shared(url) {
		return false, err
	}
	_, err = p.read(ctx, word, func(ctx context.Context, k keeper, s queue.Sweep) error {
		status, err := k.Status(ctx, s.ID)
		served = slices.ContainsFunc(status.Workers, func(w queue.Worker) bool { return w.Deadline.After(status.AsOf) })
		return err
	})
	return served, err
}
