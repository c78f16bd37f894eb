package service

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// worker answers WorkerService over the network: the rules, and patience.
type worker struct {
	spiqsweepv1.UnimplementedWorkerServiceServer
	rules      Rules
	attendance *attendance
	leaving    <-chan struct{}
	atWork     *semaphore.Weighted // of the bytes to which reports are unpacked
}

func (w *worker) Sync(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	if len(in.GetReports()) > 0 { // it is answered at once, as soon as it is its turn
		weight := weigh(in)
		if err := w.atWork.Acquire(ctx, weight); err != nil {
			return nil, statusOf(err, w.rules.Log, "Sync")
		}
		defer w.atWork.Release(weight)
	}
	call, err := w.rules.Read(in)
	if err != nil {
		return nil, err
	}
	if err := w.waitForWork(ctx, call); err != nil {
		return nil, err
	}
	answer, err := w.rules.Judge(ctx, call)
	if err != nil {
		return nil, err
	}
	w.register(in, answer)
	return answer, nil
}

// weigh is the share that a call has of maxAtWork.
func weigh(in *spiqsweepv1.SyncRequest) int64 {
	size := 0
	for _, report := range in.GetReports() {
		size += wire.UnpackedSize(report.GetResult().GetBody())
	}
	return int64(min(max(size, leastAtWork), maxAtWork))
}

// waitForWork keeps a process that has nothing to do or to say from calling
// again and again: it returns when there may be work for it, or after LongPoll.
func (w *worker) waitForWork(ctx context.Context, call SyncCall) error {
	patience := time.NewTimer(LongPoll)
	defer patience.Stop()
	for {
		changed := w.rules.Queue.Changed()
		idle, err := w.rules.WouldWait(ctx, call)
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
			return statusOf(ctx.Err(), w.rules.Log, "Sync")
		}
	}
}

// register notes whether the process will call again.
func (w *worker) register(in *spiqsweepv1.SyncRequest, answer *spiqsweepv1.SyncResponse) {
	process := in.GetProcess().GetId()
	if answer.GetDone() || in.GetDraining() && len(in.GetHeld()) == 0 {
		w.attendance.leaves(process)
		return
	}
	w.attendance.called(process, time.Now().Add(answer.GetLeaseTerm().AsDuration()))
}

func (w *worker) GetRecording(ctx context.Context, in *spiqsweepv1.GetRecordingRequest) (*spiqsweepv1.GetRecordingResponse, error) {
	return w.rules.GetRecording(ctx, in)
}

func (w *worker) PutCheckpoint(ctx context.Context, in *spiqsweepv1.PutCheckpointRequest) (*spiqsweepv1.PutCheckpointResponse, error) {
	return w.rules.PutCheckpoint(ctx, in)
}

func (w *worker) GetCheckpoint(ctx context.Context, in *spiqsweepv1.GetCheckpointRequest) (*spiqsweepv1.GetCheckpointResponse, error) {
	return w.rules.GetCheckpoint(ctx, in)
}
