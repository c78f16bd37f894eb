package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// Sweep returns a sweep by its ID or name, as queue.Find does.
func (c *Client) Sweep(ctx context.Context, name string) (queue.Sweep, error) {
	var s queue.Sweep
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.GetSweep(ctx, &spiqsweepv1.GetSweepRequest{Sweep: name})
		if err != nil {
			return err
		}
		read, err := wire.ReadSweep(answer.GetSweep())
		s = read.Sweep
		s.Grid = answer.GetGrid()
		return err
	})
	if err != nil {
		return queue.Sweep{}, wrap("find the sweep", err)
	}
	return s, nil
}

// Sweeps lists the sweeps of the coordinator's store, by turn.
func (c *Client) Sweeps(ctx context.Context) ([]queue.Summary, error) {
	var sweeps []queue.Summary
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.ListSweeps(ctx, &spiqsweepv1.ListSweepsRequest{})
		if err != nil {
			return err
		}
		sweeps = nil
		for _, written := range answer.GetSweeps() {
			s, err := wire.ReadSweep(written)
			if err != nil {
				return err
			}
			sweeps = append(sweeps, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list sweeps: %w", err)
	}
	return sweeps, nil
}

// Status returns the status of a sweep by its ID or name. The tasks it lists have only their
// IDs and reasons.
func (c *Client) Status(ctx context.Context, name string) (queue.Status, error) {
	var s queue.Status
	answer, err := c.WireStatus(ctx, name)
	if err == nil {
		s, err = wire.ReadStatus(answer)
	}
	if err != nil {
		return queue.Status{}, fmt.Errorf("status: %w", err)
	}
	return s, nil
}

// WireStatus returns the status message of a sweep by its ID or name; it has the labels of the
// tasks.
func (c *Client) WireStatus(ctx context.Context, name string) (*spiqsweepv1.GetStatusResponse, error) {
	var answer *spiqsweepv1.GetStatusResponse
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.GetStatus(ctx, &spiqsweepv1.GetStatusRequest{Sweep: name})
		return err
	})
	return answer, err
}

// errStopped ends a stream whose iteration was stopped.
var errStopped = errors.New("the iteration was stopped")

// Rows returns the rows of a sweep in order, as queue.Rows does.
func (c *Client) Rows(ctx context.Context, name string) iter.Seq2[queue.Row, error] {
	return func(yield func(queue.Row, error) bool) {
		after := -1
		err := c.try(ctx, streamTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
			stream, err := client.ListRows(ctx, &spiqsweepv1.ListRowsRequest{Sweep: name})
			if err != nil {
				return err
			}
			return receive(stream.Recv, (*spiqsweepv1.ListRowsResponse).GetRows, func(in *spiqsweepv1.Row) error {
				row, err := wire.ReadRow(in)
				if err != nil || row.Row <= after { // received before the stream broke
					return err
				}
				after = row.Row
				return unlessStopped(yield(row, nil))
			})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(queue.Row{}, fmt.Errorf("read rows: %w", err))
		}
	}
}

// Configurations returns the first task of each configuration of a sweep, as
// queue.Configurations does.
func (c *Client) Configurations(ctx context.Context, name string) iter.Seq2[queue.Planned, error] {
	return func(yield func(queue.Planned, error) bool) {
		after := -1
		err := c.try(ctx, streamTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
			stream, err := client.ListConfigurations(ctx, &spiqsweepv1.ListConfigurationsRequest{Sweep: name})
			if err != nil {
				return err
			}
			return receive(stream.Recv, (*spiqsweepv1.ListConfigurationsResponse).GetTasks, func(in *spiqsweepv1.PlannedTask) error {
				first, err := wire.ReadPlanned(in)
				if err != nil || first.Row <= after {
					return err
				}
				after = first.Row
				return unlessStopped(yield(first, nil))
			})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(queue.Planned{}, fmt.Errorf("read configurations: %w", err))
		}
	}
}

// Attempts returns the attempts of a sweep's tasks by row and attempt, as queue.Attempts does.
func (c *Client) Attempts(ctx context.Context, name string) iter.Seq2[queue.History, error] {
	return func(yield func(queue.History, error) bool) {
		row, attempt := -1, uint64(0)
		err := c.try(ctx, streamTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
			stream, err := client.ListAttempts(ctx, &spiqsweepv1.ListAttemptsRequest{Sweep: name})
			if err != nil {
				return err
			}
			return receive(stream.Recv, (*spiqsweepv1.ListAttemptsResponse).GetAttempts, func(in *spiqsweepv1.Attempt) error {
				h, err := wire.ReadAttempt(in)
				if err != nil || h.Row < row || h.Row == row && h.Attempt.Attempt <= attempt {
					return err
				}
				row, attempt = h.Row, h.Attempt.Attempt
				return unlessStopped(yield(h, nil))
			})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(queue.History{}, fmt.Errorf("read attempts: %w", err))
		}
	}
}

// Result returns the result of a task with a digest, as canonical JSON.
func (c *Client) Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error) {
	var body []byte
	err := c.try(ctx, transferTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.GetResult(ctx, &spiqsweepv1.GetResultRequest{Task: string(task), Digest: digest})
		if err != nil {
			return err
		}
		body, err = protocol.Unpack(answer.GetBody(), protocol.MaxUnpackedBytes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch result %.100q of task %.100q: %w", digest, task, err)
	}
	return body, nil
}

// receive calls take for each item of a stream of batches.
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

func unlessStopped(more bool) error {
	if more {
		return nil
	}
	return errStopped
}
