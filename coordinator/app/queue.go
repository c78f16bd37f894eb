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
	Expect(ctx context.Context, sweep string, more bool) error
	Pause(ctx context.Context, sweep string, paused bool) error
	Delete(ctx context.Context, sweep string) error

	Sweep(ctx context.Context, id string) (queue.Sweep, error)
	Sweeps(context.Context) ([]queue.Summary, error)
	Configurations(ctx context.Context, sweep string) iter.Seq2[queue.Planned, error]

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
	if a.Listen != "" || a.Store != "" || a.HTTP != "" {
		return folder.BadInput("the sweep of %s is run by the coordinator at %s: give --listen, --http and --store to that one; to run the sweep here, delete %s",
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
	if unreachable := startAgain(err); unreachable != nil {
		return unreachable
	}
	for _, kind := range []error{queue.ErrUnavailable, queue.ErrMismatch, queue.ErrInvalid, remote.ErrRefused} {
		if errors.Is(err, kind) {
			return &folder.InputError{Err: err}
		}
	}
	return err
}

// startAgain returns the remedy for an error that stands for a coordinator that does not
// run; nil for any other error. It leaves out what was asked of the coordinator.
func startAgain(err error) error {
	unreachable := (*remote.UnreachableError)(nil)
	if !errors.As(err, &unreachable) {
		return nil
	}
	file := unreachable.File
	if file.Source == "" {
		return folder.BadInput("%w: check the address, or start the coordinator there again", unreachable)
	}
	command, where := []string{"serve", "--listen", file.Addresses[0]}, ""
	if file.Folder != nil {
		command = append(command, "--out", file.Folder.Path)
		where = " on " + file.Folder.Host
	}
	return folder.BadInput("%w: start it again%s with its own command, such as `%s`, or name the operator.json of one that runs with --coordinator",
		unreachable, where, folder.CommandLine("coordinator", command...))
}
