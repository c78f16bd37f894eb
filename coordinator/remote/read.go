package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// errLeft ends a stream whose reader has left.
var errLeft = errors.New("the reader has left")

// Rows streams the rows of a sweep in row order, as queue.Rows does.
func (c *Client) Rows(ctx context.Context, word string) iter.Seq2[queue.Row, error] {
	return func(yield func(queue.Row, error) bool) {
		after := -1
		err := c.try(ctx, streamTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
			stream, err := client.ListRows(ctx, &spiqsweepv1.ListRowsRequest{Sweep: word})
			if err != nil {
				return err
			}
			return receive(stream.Recv, (*spiqsweepv1.ListRowsResponse).GetRows, func(in *spiqsweepv1.Row) error {
				row, err := wire.ReadRow(in)
				if err != nil || row.Row <= after { // it came before the stream broke off
					return err
				}
				after = row.Row
				return unlessLeft(yield(row, nil))
			})
		})
		if err != nil && !errors.Is(err, errLeft) {
			yield(queue.Row{}, fmt.Errorf("read rows: %w", err))
		}
	}
}

// Attempts streams the history of a sweep's tasks, by row and attempt, as
// queue.Attempts does.
func (c *Client) Attempts(ctx context.Context, word string) iter.Seq2[queue.History, error] {
	return func(yield func(queue.History, error) bool) {
		row, attempt := -1, uint64(0)
		err := c.try(ctx, streamTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
			stream, err := client.ListAttempts(ctx, &spiqsweepv1.ListAttemptsRequest{Sweep: word})
			if err != nil {
				return err
			}
			return receive(stream.Recv, (*spiqsweepv1.ListAttemptsResponse).GetAttempts, func(in *spiqsweepv1.Attempt) error {
				h, err := wire.ReadAttempt(in)
				if err != nil || h.Row < row || h.Row == row && h.Attempt.Attempt <= attempt {
					return err
				}
				row, attempt = h.Row, h.Attempt.Attempt
				return unlessLeft(yield(h, nil))
			})
		})
		if err != nil && !errors.Is(err, errLeft) {
			yield(queue.History{}, fmt.Errorf("read attempts: %w", err))
		}
	}
}

// Result returns a result of a task by its digest, as canonical JSON.
func (c *Client) Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error) {
	var body []byte
	err := c.try(ctx, transferTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.GetResult(ctx, &spiqsweepv1.GetResultRequest{Task: string(task), Digest: digest})
		if err != nil {
			return err
		}
		body, err = wire.Unpack(answer.GetBody(), wire.MaxUnpackedBytes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch result %.100q of task %.100q: %w", digest, task, err)
	}
	return body, nil
}

// receive takes the items of a stream of batches one by one.
func receive[Batch, Item any](next func() (Batch, error), items func(Batch) []Item, take func(Item) error) error {
	for {
		batch, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, item := range items(batch) {
			if err := take(item); err != nil {
				return err
			}
		}
	}
}

func unlessLeft(stays bool) error {
	if stays {
		return nil
	}
	return errLeft
}
