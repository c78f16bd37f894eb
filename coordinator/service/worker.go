package service

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// worker implements WorkerService: Rules, a long poll, a limit on decoding, and a cache
// of recordings.
type worker struct {
	spiqsweepv1.UnimplementedWorkerServiceServer
	rules      Rules
	workers    *registry
	stopping   <-chan struct{}
	decoding   *semaphore.Weighted // bytes of decompressed results
	recordings *lru.Cache[string, *spiqsweepv1.GetRecordingResponse]
	packing    singleflight.Group // by the digest of a recording
}

func (w *worker) Sync(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	checked, sizes, err := w.rules.precheck(ctx, in)
	if err != nil {
		return nil, err
	}
	call, release, err := w.reserveAndDecode(ctx, checked, sizes)
	if err != nil {
		return nil, err
	}
	defer release()
	received := time.Now()
	if err := w.waitForWork(ctx, call, received); err != nil {
		return nil, err
	}
	answer, err := w.rules.Apply(ctx, call.After(time.Since(received)))
	if err != nil {
		return nil, err
	}
	w.updateRegistry(in, answer)
	return answer, nil
}

// reserveAndDecode decodes a Sync. It reserves memory for the size its results claim, then
// shrinks the reservation to the real size. A result larger than sizes allows for its
// lease is not decompressed. The caller must call release.
func (w *worker) reserveAndDecode(ctx context.Context, in *spiqsweepv1.SyncRequest, sizes map[queue.Lease]int) (call SyncCall, release func(), err error) {
	if len(in.GetReports()) == 0 {
		call, err = w.rules.read(in, sizes)
		return call, func() {}, err
	}
	claimed, actual := 0, 0
	for _, report := range in.GetReports() {
		if size := protocol.UnpackedSize(report.GetResult().GetBody()); sizes == nil || size <= sizes[leaseOf(report.GetLease())] {
			claimed += size
		}
	}
	reserved := decodingWeight(claimed)
	if err := w.decoding.Acquire(ctx, reserved); err != nil {
		return call, nil, statusOf(err, w.rules.Log, "Sync")
	}
	if call, err = w.rules.read(in, sizes); err != nil {
		w.decoding.Release(reserved)
		return call, nil, err
	}
	for _, report := range call.Reports {
		if report.Result != nil {
			actual += len(report.Result.Body)
		}
	}
	kept := min(reserved, decodingWeight(actual))
	w.decoding.Release(reserved - kept)
	return call, func() { w.decoding.Release(kept) }, nil
}

// decodingWeight returns the part of maxDecoding that a number of bytes occupies.
func decodingWeight(size int) int64 { return int64(min(max(size, minDecoding), maxDecoding)) }

// waitForWork implements the long poll: it waits while the process is idle and there is
// no work for it, for Rules.LongPoll at most.
func (w *worker) waitForWork(ctx context.Context, call SyncCall, received time.Time) error {
	timeout := time.NewTimer(w.rules.LongPoll())
	defer timeout.Stop()
	for {
		changed := w.rules.Queue.Changed()
		wait, err := w.rules.WouldWait(ctx, call.After(time.Since(received)))
		if err != nil || !wait {
			return err
		}
		if again, err := w.wait(ctx, changed, timeout.C); err != nil || !again {
			return err
		}
	}
}

// wait waits until there may be work, and reports whether to look for it and wait again.
func (w *worker) wait(ctx context.Context, changed <-chan struct{}, timeout <-chan time.Time) (again bool, err error) {
	defer w.rules.Metrics.LongPoll(ctx)()
	select {
	case <-changed:
		return true, nil
	case <-timeout:
		return false, nil
	case <-w.stopping:
		return false, nil
	case <-ctx.Done(): // the caller is gone
		return false, statusOf(ctx.Err(), w.rules.Log, "Sync")
	}
}

// updateRegistry registers or deregisters the process after a Sync.
func (w *worker) updateRegistry(in *spiqsweepv1.SyncRequest, answer *spiqsweepv1.SyncResponse) {
	process := in.GetProcess().GetId()
	if answer.GetDone() || in.GetDraining() && len(in.GetHeld()) == 0 {
		w.workers.deregister(process)
		return
	}
	w.workers.register(process, time.Now().Add(answer.GetLeaseTerm().AsDuration()))
}

// GetRecording caches compressed recordings: compression is slow, and many workers
// fetch the same recording.
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
