package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// batchBytes is the approximate size of a message of a plan.
const batchBytes = 1 << 20

// PutRecording stores a recording under its digest.
func (c *Client) PutRecording(ctx context.Context, digest string, body []byte) error {
	packed := protocol.Pack(body)
	err := c.try(ctx, transferTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		_, err := client.PutRecording(ctx, &spiqsweepv1.PutRecordingRequest{Digest: digest, Body: packed})
		return err
	})
	if err != nil {
		return fmt.Errorf("store recording %s: %w", digest, err)
	}
	return nil
}

// Plan stores a sweep, or the next revision of one, atomically. It iterates tasks once for
// each try.
func (c *Client) Plan(ctx context.Context, s queue.Sweep, tasks iter.Seq2[queue.Planned, error]) (queue.Revision, error) {
	var revision queue.Revision
	err := c.try(ctx, streamTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		stream, err := client.PlanSweep(ctx)
		if err != nil {
			return err
		}
		if err := send(stream, s, tasks); err != nil {
			return err // the end of ctx aborts the stream, and nothing is planned
		}
		answer, err := stream.CloseAndRecv()
		if err != nil {
			return err
		}
		revision, err = wire.ReadRevision(answer)
		return err
	})
	if err != nil {
		return queue.Revision{}, fmt.Errorf("plan sweep %q: %w", s.Name, err)
	}
	return revision, nil
}

// Expect announces further tasks of a sweep, as queue.Expect does.
func (c *Client) Expect(ctx context.Context, sweepID string, more bool) error {
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		_, err := client.ExpectTasks(ctx, &spiqsweepv1.ExpectTasksRequest{Sweep: sweepID, More: more})
		return err
	})
	if err != nil {
		return fmt.Errorf("announce tasks of sweep %q: %w", sweepID, err)
	}
	return nil
}

type planStream = grpc.ClientStreamingClient[spiqsweepv1.PlanSweepRequest, spiqsweepv1.PlanSweepResponse]

// send sends the sweep, then its tasks in batches. It returns nil if the coordinator has
// ended the stream, since CloseAndRecv returns the reason.
func send(stream planStream, s queue.Sweep, tasks iter.Seq2[queue.Planned, error]) error {
	message := &spiqsweepv1.PlanSweepRequest{Sweep: wire.WriteSweep(queue.Summary{Sweep: s}), Grid: s.Grid, Digest: s.Digest}
	bytes := 0
	for task, err := range tasks {
		if err != nil {
			return err
		}
		written := wire.WritePlanned(task)
		size := proto.Size(written)
		if message.GetSweep() != nil || bytes+size > batchBytes {
			if err := stream.Send(message); err != nil {
				return ignoreEOF(err)
			}
			message, bytes = &spiqsweepv1.PlanSweepRequest{}, 0
		}
		message.Tasks, bytes = append(message.Tasks, written), bytes+size
	}
	return ignoreEOF(stream.Send(message))
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
