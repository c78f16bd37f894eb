package service

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"spiqsweep/coordinator/queue"
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
	recordings *lru.Cache[string, *spiqsweepv1.GetRecordingResponse]
	packing    singleflight.Group // of recordings
}

func (w *worker) Sync(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	checked, sizes, err := w.rules.check(ctx, in)
	if err != nil {
		return nil, err
	}
	call, leave, err := w.unpack(ctx, checked, sizes)
	if err != nil {
		return nil, err
	}
	defer leave()
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

// unpack decodes a Sync. It reserves memory for the size its results claim, then
// shrinks the reservation to the real size. A result larger than sizes allows for its
// lease is not decoded. The caller must call leave.
func (w *worker) unpack(ctx context.Context, in *spiqsweepv1.SyncRequest, sizes map[queue.Lease]int) (call SyncCall, leave func(), err error) {
	if len(in.GetReports()) == 0 {
		call, err = w.rules.read(in, sizes)
		return call, func() {}, err
	}
	claimed, size := 0, 0
	for _, report := range in.GetReports() {
		if size := wire.UnpackedSize(report.GetResult().GetBody()); sizes == nil || size <= sizes[leaseOf(report.GetLease())] {
			claimed += size
		}
	}
	weight := share(claimed)
	if err := w.atWork.Acquire(ctx, weight); err != nil {
		return call, nil, statusOf(err, w.rules.Log, "Sync")
	}
	if call, err = w.rules.read(in, sizes); err != nil {
		w.atWork.Release(weight)
		return call, nil, err
	}
	for _, report := range call.Reports {
		if report.Result != nil {
			size += len(report.Result.Body)
		}
	}
	rest := min(weight, share(size))
	w.atWork.Release(weight - rest)
	return call, func() { w.atWork.Release(rest) }, nil
}

// share is what a number of bytes takes of maxAtWork.
func share(size int) int64 { return int64(min(max(size, leastAtWork), maxAtWork)) }

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

// GetRecording answers from the recordings that were asked for last: to pack one takes
// long, and any worker may ask for any.
func (w *worker) GetRecording(ctx context.Context, in *spiqsweepv1.GetRecordingRequest) (*spiqsweepv1.GetRecordingResponse, error) {
	if packed, ok := w.recordings.Get(in.GetDigest()); ok {
		return packed, nil
	}
	packed, err, _ := w.packing.Do(in.GetDigest(), func() (any, error) {
		packed, err := w.rules.GetRecording(ctx, in)
		if err == nil {
			w.recordings.Add(in.GetDigest(), packed)
		}
		return packed, err
	})
	if err != nil {
		return nil, err
	}
	return packed.(*spiqsweepv1.GetRecordingResponse), nil
}

func (w *worker) PutCheckpoint(ctx context.Context, in *spiqsweepv1.PutCheckpointRequest) (*spiqsweepv1.PutCheckpointResponse, error) {
	return w.rules.PutCheckpoint(ctx, in)
}

func (w *worker) GetCheckpoint(ctx context.Context, in *spiqsweepv1.GetCheckpointRequest) (*spiqsweepv1.GetCheckpointResponse, error) {
	return w.rules.GetCheckpoint(ctx, in)
}
