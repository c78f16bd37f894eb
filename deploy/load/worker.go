package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// worker is one simulated process with one slot.
type worker struct {
	process  *spiqsweepv1.Process
	client   spiqsweepv1.WorkerServiceClient
	load     *load
	sequence uint64
	holds    []*spiqsweepv1.Lease // granted, and to be reported by the next call
}

// load is what the workers share.
type load struct {
	bodies    *bodies
	results   atomic.Uint64 // made, which numbers them
	granted   atomic.Int64
	completed atomic.Int64 // accepted
	lastAt    atomic.Int64 // of the last acceptance, Unix nanoseconds
}

// phase is a stretch of the run.
type phase struct {
	beat  time.Duration // between the calls of one worker; 0: at once
	until func() bool   // ends the phase
	calls latencies
	waits latencies // of calls that may wait at the server
}

// callTimeout is the agent's.
const callTimeout = 30 * time.Second

// work calls until the phase or the sweep ends. With a beat, the first call is
// at a moment of the worker's own, and each has its time, however late the one
// before was answered.
func (w *worker) work(ctx context.Context, p *phase, first time.Time) error {
	due := first
	for !p.until() {
		if err := pause(ctx, due); err != nil {
			return err
		}
		if p.beat == 0 {
			due = time.Now()
		}
		request := w.request()
		response, err := w.sync(ctx, request)
		if err != nil {
			return fmt.Errorf("sync of worker %s: %w", w.process.GetId(), err)
		}
		took := time.Since(due)
		if len(request.GetHeld()) == 0 {
			p.waits.add(took)
		} else {
			p.calls.add(took)
		}
		done, err := w.take(response)
		if err != nil || done {
			return err
		}
		due = due.Add(p.beat)
		if p.beat > 0 && len(request.GetHeld()) == 0 {
			due = time.Now().Add(p.beat) // it may have waited for work, and begins to train now
		}
	}
	return nil
}

func pause(ctx context.Context, until time.Time) error {
	wait := time.Until(until)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request reports all that is held as finished.
func (w *worker) request() *spiqsweepv1.SyncRequest {
	w.sequence++
	r := &spiqsweepv1.SyncRequest{Process: w.process, Sequence: w.sequence, FreeSlots: 1}
	for _, lease := range w.holds {
		r.Held = append(r.Held, &spiqsweepv1.HeldLease{Lease: lease, Started: true})
		r.Reports = append(r.Reports, &spiqsweepv1.Report{
			Lease:   lease,
			Outcome: &spiqsweepv1.Report_Result{Result: w.load.bodies.result(w.load.results.Add(1))},
		})
	}
	return r
}

func (w *worker) sync(ctx context.Context, r *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return w.client.Sync(ctx, r)
}

// take takes note of the verdicts and of what is granted.
func (w *worker) take(r *spiqsweepv1.SyncResponse) (done bool, err error) {
	for _, v := range r.GetVerdicts() {
		if v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED {
			return false, fmt.Errorf("task %s, attempt %d was judged %s: %s",
				v.GetLease().GetTask(), v.GetLease().GetAttempt(), v.GetJudgement(), v.GetReason())
		}
	}
	if n := len(r.GetVerdicts()); n > 0 {
		w.load.completed.Add(int64(n))
		w.load.lastAt.Store(time.Now().UnixNano())
	}
	w.holds = w.holds[:0]
	for _, a := range r.GetAssignments() {
		w.holds = append(w.holds, a.GetLease())
	}
	w.load.granted.Add(int64(len(w.holds)))
	return r.GetDone(), nil
}
