package service

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// operator implements OperatorService.
type operator struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	Config
}

func (o *operator) ListSweeps(ctx context.Context, _ *spiqsweepv1.ListSweepsRequest) (*spiqsweepv1.ListSweepsResponse, error) {
	sweeps, err := o.Queue.Sweeps(ctx)
	if err != nil {
		return nil, statusOf(err, o.Log, "ListSweeps")
	}
	out := &spiqsweepv1.ListSweepsResponse{}
	for _, s := range sweeps {
		out.Sweeps = append(out.Sweeps, wire.WriteSweep(s))
	}
	return out, nil
}

func (o *operator) GetSweep(ctx context.Context, in *spiqsweepv1.GetSweepRequest) (*spiqsweepv1.GetSweepResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "GetSweep")
	if err != nil {
		return nil, err
	}
	status, err := o.Queue.Status(ctx, s.ID)
	if err != nil {
		return nil, statusOf(err, o.Log, "GetSweep")
	}
	return &spiqsweepv1.GetSweepResponse{
		Sweep: wire.WriteSweep(queue.Summary{Sweep: s, Counts: status.Counts}), Grid: s.Grid,
	}, nil
}

func (o *operator) GetStatus(ctx context.Context, in *spiqsweepv1.GetStatusRequest) (*spiqsweepv1.GetStatusResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "GetStatus")
	if err != nil {
		return nil, err
	}
	status, err := o.Queue.Status(ctx, s.ID)
	if err != nil {
		return nil, statusOf(err, o.Log, "GetStatus")
	}
	return wire.WriteStatus(status), nil
}

func (o *operator) PauseSweep(ctx context.Context, in *spiqsweepv1.PauseSweepRequest) (*spiqsweepv1.PauseSweepResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "PauseSweep")
	if err != nil {
		return nil, err
	}
	if err := o.Queue.Pause(ctx, s.ID, in.GetPaused()); err != nil {
		return nil, statusOf(err, o.Log, "PauseSweep")
	}
	return &spiqsweepv1.PauseSweepResponse{}, nil
}

func (o *operator) DeleteSweep(ctx context.Context, in *spiqsweepv1.DeleteSweepRequest) (*spiqsweepv1.DeleteSweepResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "DeleteSweep")
	if err != nil {
		return nil, err
	}
	if err := o.Queue.Delete(ctx, s.ID); err != nil {
		return nil, statusOf(err, o.Log, "DeleteSweep")
	}
	return &spiqsweepv1.DeleteSweepResponse{}, nil
}

// find returns the sweep with an ID or name; for "", the coordinator's own or only one.
func (o *operator) find(ctx context.Context, name, call string) (queue.Sweep, error) {
	if !wire.IsLabel(name) {
		return queue.Sweep{}, invalid("sweep %.80q: must be at most %d bytes of printable text", name, wire.MaxLabel)
	}
	if name == "" {
		name = o.Sweep
	}
	s, err := o.Queue.Find(ctx, name)
	if err != nil {
		return queue.Sweep{}, statusOf(err, o.Log, call)
	}
	return s, nil
}

func (o *operator) ListConfigurations(in *spiqsweepv1.ListConfigurationsRequest, stream grpc.ServerStreamingServer[spiqsweepv1.ListConfigurationsResponse]) error {
	s, err := o.find(stream.Context(), in.GetSweep(), "ListConfigurations")
	if err != nil {
		return err
	}
	tasks := batch[*spiqsweepv1.PlannedTask]{send: func(tasks []*spiqsweepv1.PlannedTask) error {
		return stream.Send(&spiqsweepv1.ListConfigurationsResponse{Tasks: tasks})
	}}
	for first, err := range o.Queue.Configurations(stream.Context(), s.ID) {
		if err != nil {
			return statusOf(err, o.Log, "ListConfigurations")
		}
		if err := tasks.add(wire.WritePlanned(first)); err != nil {
			return err
		}
	}
	return tasks.flush()
}

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

func (o *operator) GetResult(ctx context.Context, in *spiqsweepv1.GetResultRequest) (*spiqsweepv1.GetResultResponse, error) {
	if !wire.IsDigest(in.GetTask()) || !wire.IsDigest(in.GetDigest()) {
		return nil, invalid("result %.80q of task %.80q: must be 64 hexadecimal digits each", in.GetDigest(), in.GetTask())
	}
	body, err := o.Queue.Result(ctx, sweep.TaskID(in.GetTask()), in.GetDigest())
	if err != nil {
		return nil, statusOf(err, o.Log, "GetResult")
	}
	return &spiqsweepv1.GetResultResponse{Body: protocol.Pack(body)}, nil
}

func (o *operator) Retry(ctx context.Context, in *spiqsweepv1.RetryRequest) (*spiqsweepv1.RetryResponse, error) {
	request := queue.RetryRequest{Diverged: in.GetDiverged()}
	if in.GetSelection() != nil {
		selection, err := o.selection(ctx, in.GetSelection(), "Retry")
		if err != nil {
			return nil, err
		}
		request.Selection = selection
	}
	tasks, err := wire.ReadTasks(in.GetTasks())
	if err != nil {
		return nil, invalid("%v", err)
	}
	request.Tasks = append(request.Tasks, tasks...)
	reopened, err := o.Queue.Retry(ctx, request)
	if err != nil {
		return nil, statusOf(err, o.Log, "Retry")
	}
	return &spiqsweepv1.RetryResponse{Reopened: uint64(reopened)}, nil
}

func (o *operator) Cancel(ctx context.Context, in *spiqsweepv1.CancelRequest) (*spiqsweepv1.CancelResponse, error) {
	selection, err := o.selection(ctx, in.GetSelection(), "Cancel")
	if err != nil {
		return nil, err
	}
	cancelled, shared, err := o.Queue.Cancel(ctx, selection)
	if err != nil {
		return nil, statusOf(err, o.Log, "Cancel")
	}
	return &spiqsweepv1.CancelResponse{Cancelled: uint64(cancelled), Shared: uint64(shared)}, nil
}

func (o *operator) Drain(ctx context.Context, in *spiqsweepv1.DrainRequest) (*spiqsweepv1.DrainResponse, error) {
	for kind, names := range map[string][]string{"process": in.GetProcesses(), "host": in.GetHosts()} {
		for _, name := range names {
			if name == "" || !wire.IsLabel(name) {
				return nil, invalid("%s %.80q: must be some printable text of at most %d bytes", kind, name, wire.MaxLabel)
			}
		}
	}
	draining, err := o.Queue.Drain(ctx, queue.DrainRequest{Processes: in.GetProcesses(), Hosts: in.GetHosts()})
	if err != nil {
		return nil, statusOf(err, o.Log, "Drain")
	}
	return &spiqsweepv1.DrainResponse{Draining: uint64(draining)}, nil
}

func (o *operator) Verify(ctx context.Context, in *spiqsweepv1.VerifyRequest) (*spiqsweepv1.VerifyResponse, error) {
	selection, err := o.selection(ctx, in.GetSelection(), "Verify")
	if err != nil {
		return nil, err
	}
	tasks, err := o.Queue.Verify(ctx, queue.VerifyRequest{Selection: selection, Share: in.GetShare(), Seed: in.GetSeed()})
	if err != nil {
		return nil, statusOf(err, o.Log, "Verify")
	}
	out := &spiqsweepv1.VerifyResponse{}
	for _, task := range tasks {
		out.Tasks = append(out.Tasks, string(task))
	}
	return out, nil
}

// selection decodes a selection and finds its sweep.
func (o *operator) selection(ctx context.Context, in *spiqsweepv1.Selection, call string) (queue.Selection, error) {
	selection, err := wire.ReadSelection(in)
	if err != nil {
		return queue.Selection{}, invalid("%v", err)
	}
	s, err := o.find(ctx, selection.Sweep, call)
	selection.Sweep = s.ID
	return selection, err
}

// batch collects the items of a stream into messages of about batchBytes.
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
