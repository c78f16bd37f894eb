package app

import (
	"errors"
	"strings"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
)

// patience is how long a call to a coordinator elsewhere is repeated before it
// has failed. What follows a sweep then tries again.
const patience = 5 * time.Second

// chooseKeeper says who keeps the queue: the coordinator that is named, the one
// that the folder's sweep was submitted to before, or this one.
func (a *App) chooseKeeper() (err error) {
	if a.Coordinator.Token == "" {
		if a.Coordinator, err = a.folder.coordinator(); err != nil {
			return err
		}
	}
	if a.Coordinator.Token == "" {
		a.host = &host{Hosting: a.Hosting, folder: a.folder, class: a.Kernel.Class}
		return nil
	}
	if a.Listen != "" || a.Store != "" {
		return badInput("the sweep of %s is kept by the coordinator at %s: leave --listen and --store to it; to run the sweep here, delete %s",
			a.folder, strings.Join(a.Coordinator.Addresses, ", "), a.folder.path(coordinatorFile))
	}
	if a.client, err = remote.New(a.Coordinator, patience); err != nil {
		return &InputError{err}
	}
	a.keeper = a.client
	return nil
}

// fixable marks what a person can repair of a refusal from elsewhere.
func (a *App) fixable(err error) error {
	if a.client == nil {
		return err
	}
	for _, kind := range []error{queue.ErrUnavailable, queue.ErrMismatch, queue.ErrInvalid, remote.ErrRefused} {
		if errors.Is(err, kind) {
			return &InputError{err}
		}
	}
	return err
}
