package service

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func (o *operator) ListRows(in *spiqsweepv1.ListRowsRequest, stream grpc.ServerStreamingServer[spiqsweepv1.ListRowsResponse]) error {
	s, err := o.find(stream.Context(), in.GetSweep(), "ListRows")
	if err != nil {
		return err
	}
	rows := batch[*spiqsweepv1.Row]{send: func(rows []*spiqsweepv1.Row) error {
		return stream.Send(&spiqsweepv1.ListRowsResponse{Rows: rows})
	}}
	for row, err := range o.Queue.Rows(stream.Context(), s.ID) {
		if err != nil {
			return statusOf(err, o.Log, "ListRows")
		}
		if err := rows.add(wire.WriteRow(row)); err != nil {
			return err
		}
	}
	return rows.flush()
}

func (o *operator) ListAttempts(in *spiqsweepv1.ListAttemptsRequest, stream grpc.ServerStreamingServer[spiqsweepv1.ListAttemptsResponse]) error {
	s, err := o.find(stream.Context(), in.GetSweep(), "ListAttempts")
	if err != nil {
		return err
	}
	attempts := batch[*spiqsweepv1.Attempt]{send: func(attempts []*spiqsweepv1.Attempt) error {
		return stream.Send(&spiqsweepv1.ListAttemptsResponse{Attempts: attempts})
	}}
	for attempt, err := range o.Queue.Attempts(stream.Context(), s.ID) {
		if err != nil {
			return statusOf(err, o.Log, "ListAttempts")
		}
		if err := attempts.add(wire.WriteAttempt(attempt)); err != nil {
			return err
		}
	}
	return attempts.flush()
}

// GetResult returns a whole result.
func (o *operator) GetResult(ctx context.Context, in *spiqsweepv1.GetResultRequest) (*spiqsweepv1.GetResultResponse, error) {
	if !wire.IsDigest(in.GetTask()) || !wire.IsDigest(in.GetDigest()) {
		return nil, invalid("result %.80q of task %.80q: must be 64 hexadecimal digits each", in.GetDigest(), in.GetTask())
	}
	body, err := o.Queue.Result(ctx, sweep.TaskID(in.GetTask()), in.GetDigest())
	if err != nil {
		return nil, statusOf(err, o.Log, "GetResult")
	}
	return &spiqsweepv1.GetResultResponse{Body: wire.Pack(body)}, nil
}

// batch gathers items and sends them together, up to batchBytes or a single
// item that is larger.
type batch[M proto.Message] struct {
	send  func([]M) error
	items []M
	bytes int
}

func (b *batch[M]) add(item M) error {
	size := proto.Size(item)
	if b.bytes+size > batchBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.items, b.bytes = append(b.items, item), b.bytes+size
	return nil
}

func (b *batch[M]) flush() error {
	if len(b.items) == 0 {
		return nil
	}
	err := b.send(b.items)
	b.items, b.bytes = nil, 0
	return err
}
