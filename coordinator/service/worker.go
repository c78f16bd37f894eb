package service

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// worker answers WorkerService.
type worker struct {
	spiqsweepv1.UnimplementedWorkerServiceServer
	Config
	attendance *attendance
	leaving    <-chan struct{}
}

func (w *worker) Sync(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	process, err := w.process(in.GetProcess())
	if err != nil {
		return nil, err
	}
	call, err := readSync(process, in)
	if err != nil {
		return nil, err
	}
	if err := w.waitForWork(ctx, call.SyncRequest); err != nil {
		return nil, statusOf(err, w.Log, "Sync")
	}
	answer, err := w.Queue.Sync(ctx, call.SyncRequest)
	if err != nil {
		return nil, statusOf(err, w.Log, "Sync")
	}
	w.register(call.SyncRequest, answer)
	return call.answer(answer), nil
}

// waitForWork keeps a process that has nothing to do or to say from calling
// again and again: it returns when there may be work for it, or after LongPoll.
func (w *worker) waitForWork(ctx context.Context, r queue.SyncRequest) error {
	patience := time.NewTimer(LongPoll)
	defer patience.Stop()
	for {
		changed := w.Queue.Changed()
		idle, err := w.Queue.WouldWait(ctx, r)
		if err != nil || !idle {
			return err
		}
		select {
		case <-changed:
		case <-patience.C:
			return nil
		case <-w.leaving:
			return nil
		case <-ctx.Done(): // its answer would reach nobody
			return ctx.Err()
		}
	}
}

// register notes whether the process will call again.
func (w *worker) register(r queue.SyncRequest, a queue.SyncAnswer) {
	if a.Done || r.Draining && len(r.Held) == 0 {
		w.attendance.leaves(r.ID)
		return
	}
	w.attendance.called(r.ID, time.Now().Add(a.LeaseTerm))
}

func (w *worker) GetRecording(ctx context.Context, in *spiqsweepv1.GetRecordingRequest) (*spiqsweepv1.GetRecordingResponse, error) {
	if !isDigest(in.GetDigest()) {
		return nil, invalid("digest %.80q: must be a SHA-256 in lower-case hexadecimal", in.GetDigest())
	}
	body, err := w.Queue.Recording(ctx, in.GetDigest())
	if err != nil {
		return nil, statusOf(err, w.Log, "GetRecording")
	}
	return &spiqsweepv1.GetRecordingResponse{Body: pack(body)}, nil
}

func (w *worker) PutCheckpoint(ctx context.Context, in *spiqsweepv1.PutCheckpointRequest) (*spiqsweepv1.PutCheckpointResponse, error) {
	process, lease, err := w.holder(in)
	if err != nil {
		return nil, err
	}
	if in.GetStep() == 0 || len(in.GetBody()) == 0 {
		return nil, invalid("a checkpoint of step %d with %d bytes: there is nothing to resume from", in.GetStep(), len(in.GetBody()))
	}
	stored, err := w.Queue.PutCheckpoint(ctx, process.ID, lease, in.GetStep(), in.GetBody())
	if err != nil {
		return nil, statusOf(err, w.Log, "PutCheckpoint")
	}
	return &spiqsweepv1.PutCheckpointResponse{Stored: stored}, nil
}

func (w *worker) GetCheckpoint(ctx context.Context, in *spiqsweepv1.GetCheckpointRequest) (*spiqsweepv1.GetCheckpointResponse, error) {
	process, lease, err := w.holder(in)
	if err != nil {
		return nil, err
	}
	step, body, err := w.Queue.Checkpoint(ctx, process.ID, lease)
	if err != nil {
		return nil, statusOf(err, w.Log, "GetCheckpoint")
	}
	return &spiqsweepv1.GetCheckpointResponse{Step: step, Body: body}, nil
}

// process checks who calls, and that its numbers are those that are wanted.
func (w *worker) process(in *spiqsweepv1.Process) (queue.Process, error) {
	p, err := readProcess(in)
	if err != nil {
		return queue.Process{}, err
	}
	if why := w.mismatch(in.GetProtocol(), p); why != "" {
		return queue.Process{}, status.Error(codes.FailedPrecondition, why)
	}
	return p, nil
}

// holder reads which process speaks of which of its leases.
func (w *worker) holder(in interface {
	GetProcess() *spiqsweepv1.Process
	GetLease() *spiqsweepv1.Lease
},
) (queue.Process, queue.Lease, error) {
	process, err := w.process(in.GetProcess())
	if err != nil {
		return queue.Process{}, queue.Lease{}, err
	}
	lease, err := readLease(in.GetLease())
	return process, lease, err
}
