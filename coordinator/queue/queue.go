package queue

import (
	"context"
	"iter"

	"spiqsweep/sweep"
)

// Queue applies the rules to a store. Its methods may be called at once.
type Queue struct {
	store  Store
	policy Policy
}

// New makes the queue of a store. Zero fields of the policy are its defaults.
func New(s Store, p Policy) *Queue { return &Queue{store: s, policy: p.withDefaults()} }

func (q *Queue) Plan(ctx context.Context, s Sweep, tasks []Planned) (Revision, error) {
	return Revision{}, ErrUnavailable
}

func (q *Queue) Sweep(ctx context.Context, id string) (Sweep, error) {
	return Sweep{}, ErrUnavailable
}

func (q *Queue) PutRecording(ctx context.Context, digest string, body []byte) error {
	return ErrUnavailable
}

func (q *Queue) Recording(ctx context.Context, digest string) ([]byte, error) {
	return nil, ErrUnavailable
}

// Sync keeps a process in step.
func (q *Queue) Sync(ctx context.Context, r SyncRequest) (SyncAnswer, error) {
	return SyncAnswer{}, ErrUnavailable
}

// WouldWait says whether a Sync with this request would have nothing to say:
// the process holds and reports nothing, nothing can be granted to it, and work
// may still come. The service then waits for Changed before it calls Sync: a
// second Sync under the same sequence number would be an old call.
func (q *Queue) WouldWait(ctx context.Context, r SyncRequest) (bool, error) {
	return false, ErrUnavailable
}

func (q *Queue) PutCheckpoint(ctx context.Context, process string, l Lease, step uint64, body []byte) (stored bool, err error) {
	return false, ErrUnavailable
}

func (q *Queue) Checkpoint(ctx context.Context, process string, l Lease) (step uint64, body []byte, err error) {
	return 0, nil, ErrUnavailable
}

// Tick expires leases and ends back-offs; it is called every second or so.
func (q *Queue) Tick(ctx context.Context) error { return ErrUnavailable }

func (q *Queue) Retry(ctx context.Context, r RetryRequest) (reopened int, err error) {
	return 0, ErrUnavailable
}

func (q *Queue) Status(ctx context.Context, sweepID string) (Status, error) {
	return Status{}, ErrUnavailable
}

// Rows streams the rows of a sweep in row order.
func (q *Queue) Rows(ctx context.Context, sweepID string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {}
}

// Attempts streams the history of a sweep by row and attempt.
func (q *Queue) Attempts(ctx context.Context, sweepID string) iter.Seq2[History, error] {
	return func(yield func(History, error) bool) {}
}

// Changed returns a channel that is closed after the next commit that may give
// idle processes work, or end the last of it.
func (q *Queue) Changed() <-chan struct{} { return nil }

// Forget removes a sweep. Its finished tasks stay in the store.
func (q *Queue) Forget(ctx context.Context, sweepID string) error { return ErrUnavailable }

var _ sweep.TaskID
