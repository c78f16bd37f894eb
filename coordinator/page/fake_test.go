package page

import (
	"context"
	"iter"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// fakeQueue is a queue with given answers.
type fakeQueue struct {
	sweeps []queue.Summary
	err    error
}

func (q *fakeQueue) Sweeps(context.Context) ([]queue.Summary, error) { return q.sweeps, q.err }

func (q *fakeQueue) Sweep(context.Context, string) (queue.Sweep, error) { return queue.Sweep{}, q.err }

func (q *fakeQueue) Status(context.Context, string) (queue.Status, error) {
	return queue.Status{}, q.err
}

func (q *fakeQueue) Rows(context.Context, string) iter.Seq2[queue.Row, error] {
	return func(func(queue.Row, error) bool) {}
}

func (q *fakeQueue) Attempts(context.Context, string) iter.Seq2[queue.History, error] {
	return func(func(queue.History, error) bool) {}
}

func (q *fakeQueue) Result(context.Context, sweep.TaskID, string) ([]byte, error) { return nil, q.err }
