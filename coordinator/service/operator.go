package service

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// operator answers OperatorService.
type operator struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	Config
}

func (o *operator) GetStatus(ctx context.Context, _ *spiqsweepv1.GetStatusRequest) (*spiqsweepv1.GetStatusResponse, error) {
	status, err := o.Queue.Status(ctx, o.Sweep)
	if err != nil {
		return nil, statusOf(err, o.Log, "GetStatus")
	}
	return WriteStatus(status), nil
}

func (o *operator) Retry(ctx context.Context, in *spiqsweepv1.RetryRequest) (*spiqsweepv1.RetryResponse, error) {
	request := queue.RetryRequest{Diverged: in.GetDiverged()}
	for _, task := range in.GetTasks() {
		if !isDigest(task) {
			return nil, invalid("task %.80q: must be the 64 hexadecimal digits of a task", task)
		}
		request.Tasks = append(request.Tasks, sweep.TaskID(task))
	}
	reopened, err := o.Queue.Retry(ctx, request)
	if err != nil {
		return nil, statusOf(err, o.Log, "Retry")
	}
	return &spiqsweepv1.RetryResponse{Reopened: uint64(reopened)}, nil
}

// WriteStatus puts a status into the wire's words; they are also what
// `coordinator status --json` prints, whether a coordinator runs or not.
func WriteStatus(s queue.Status) *spiqsweepv1.GetStatusResponse {
	return &spiqsweepv1.GetStatusResponse{
		Sweep: s.Sweep.ID, Name: s.Sweep.Name, Revision: uint32(s.Sweep.Revision),
		Counts: &spiqsweepv1.TaskCounts{
			Planned: uint64(s.Counts.Planned), Done: uint64(s.Counts.Done), Leased: uint64(s.Counts.Leased),
			Pending: uint64(s.Counts.Pending), SetAside: uint64(s.Counts.SetAside), Diverged: uint64(s.Counts.Diverged),
		},
		Workers:  each(s.Workers, writeWorker),
		SetAside: each(s.SetAside, writeTask),
		Diverged: each(s.Diverged, writeTask),
		TimeLeft: durationpb.New(s.TimeLeft),
		AsOf:     timestamppb.New(s.AsOf),
	}
}

func writeWorker(w queue.Worker) *spiqsweepv1.WorkerStatus {
	return &spiqsweepv1.WorkerStatus{
		Process: w.ID, Host: w.Host, Kernel: w.Kernel, Slots: uint32(w.Slots),
		LastSeen: timestamppb.New(w.LastSeen),
		Running:  each(w.Running, writeRunning),
	}
}

func writeRunning(r queue.Running) *spiqsweepv1.RunningTask {
	return &spiqsweepv1.RunningTask{
		Task: string(r.Task), Attempt: r.Lease.Attempt,
		Step: r.Step, Steps: r.Steps,
	}
}

func writeTask(r queue.Row) *spiqsweepv1.TaskStatus {
	return &spiqsweepv1.TaskStatus{Task: string(r.Task.ID), Label: r.Task.Configuration.Label(), Reason: r.Reason}
}

func each[A, B any](list []A, convert func(A) B) []B {
	converted := make([]B, len(list))
	for i, item := range list {
		converted[i] = convert(item)
	}
	return converted
}
