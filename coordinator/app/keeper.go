package app

import (
	"context"
	"iter"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/remote"
	"spiqsweep/sweep"
)

// keeper is whoever keeps the queue: this process, on a store of its own, or a
// coordinator elsewhere. An output folder is written by the same code from both.
type keeper interface {
	PutRecording(ctx context.Context, digest string, body []byte) error
	Plan(context.Context, queue.Sweep, iter.Seq2[queue.Planned, error]) (queue.Revision, error)
	Delete(ctx context.Context, sweep string) error

	Sweep(ctx context.Context, id string) (queue.Sweep, error)
	Sweeps(context.Context) ([]queue.Summary, error)
	Status(ctx context.Context, sweep string) (queue.Status, error)
	Rows(ctx context.Context, sweep string) iter.Seq2[queue.Row, error]
	Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error)
	Attempts(ctx context.Context, sweep string) iter.Seq2[queue.History, error]

	Retry(context.Context, queue.RetryRequest) (int, error)
	Cancel(context.Context, queue.Selection) (cancelled, shared int, err error)
	Verify(context.Context, queue.VerifyRequest) ([]sweep.TaskID, error)
}

var (
	_ keeper = (*queue.Queue)(nil)
	_ keeper = (*remote.Client)(nil)
)
