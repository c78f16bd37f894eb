package app

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/sweep"
)

// sweepQueue is the queue of a sweep: that of this process, or of a remote coordinator.
type sweepQueue interface {
	folder.Source

	PutRecording(ctx context.Context, digest string, body []byte) error
	Plan(context.Context, queue.Sweep, iter.Seq2[queue.Planned, error]) (queue.Revision, error)
	Delete(ctx context.Context, sweep string) error

	Sweep(ctx context.Context, id string) (queue.Sweep, error)
	Sweeps(context.Context) ([]queue.Summary, error)

	Retry(context.Context, queue.RetryRequest) (int, error)
	Cancel(context.Context, queue.Selection) (cancelled, shared int, err error)
	Verify(context.Context, queue.VerifyRequest) ([]sweep.TaskID, error)
}

var (
	_ sweepQueue = (*queue.Queue)(nil)
	_ sweepQueue = (*remote.Client)(nil)
)

// remotePatience is how long the client repeats a call to a remote coordinator before
// the call fails.
const remotePatience = 5 * time.Second

// chooseQueue chooses the coordinator of the sweep: the named one, the one that the
// folder records, or this process.
func (a *App) chooseQueue() (err error) {
	if a.Coordinator.Token == "" {
		if a.Coordinator, err = a.folder.Coordinator(); err != nil {
			return err
		}
	}
	if a.Coordinator.Token == "" {
		a.host = host.New(a.Options, a.folder, a.Kernel.Class)
		return nil
	}
	if a.Listen != "" || a.Store != "" {
		return folder.BadInput("the sweep of %s is run by the coordinator at %s: give --listen and --store to that one; to run the sweep here, delete %s",
			a.folder, strings.Join(a.Coordinator.Addresses, ", "), a.folder.Path(folder.CoordinatorFile))
	}
	if a.client, err = remote.New(a.Coordinator, remotePatience); err != nil {
		return &folder.InputError{Err: err}
	}
	a.queue = a.client
	return nil
}

// asInputError marks refusals of a remote coordinator that the user can fix.
func (a *App) asInputError(err error) error {
	if a.client == nil {
		return err
	}
	for _, kind := range []error{queue.ErrUnavailable, queue.ErrMismatch, queue.ErrInvalid, remote.ErrRefused} {
		if errors.Is(err, kind) {
			return &folder.InputError{Err: err}
		}
	}
	return err
}
