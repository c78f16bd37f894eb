package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// worker is one simulated process with one slot.
type worker struct {
	process  *spiqsweepv1.Process
	client   spiqsweepv1.WorkerServiceClient
	load     *load
	timeLeft time.Duration // that it reports; 0: none
	sequence uint64
	held     []*spiqsweepv1.Lease // reported as finished by the next call
}

// load is the state that the workers share.
type load struct {
	bodies    *bodies
	results   atomic.Uint64 // made so far; also their numbers
	granted   atomic.Int64
	completed atomic.Int64 // accepted
	lastAt    atomic.Int64 // time of the last acceptance, Unix nanoseconds
}

// phase is a part of the run.
type phase struct {
	interval time.Duration // between the calls of one worker; 0 is none
	until    func() bool   // reports the end of the phase
	calls    latencies
	waits    latencies // of calls that may wait in the server
}

// callTimeout is that of the agent.
const callTimeout = 30 * time.Second

// work calls until the phase or the sweep ends. With an interval, the calls are
// scheduled from the first one on, however long the previous call took.
func (w *worker) work(ctx context.Context, p *phase, first time.Time) error {
	due := first
	for !p.until() {
		if err := pause(ctx, due); err != nil {
			return err
		}
		if p.interval == 0 {
			due = time.Now()
		}
		request := w.request()
		response, err := w.sync(ctx, request)
		if err != nil {
			return fmt.Errorf("sync of worker %s: %w", w.process.GetId(), err)
		}
		latency := time.Since(due)
		if len(request.GetHeld()) == 0 {
			p.waits.add(latency)
		} else {
			p.calls.add(latency)
		}
		done, err := w.handle(response)
		if err != nil || done {
			return err
		}
		due = due.Add(p.interval)
		if p.interval > 0 && len(request.GetHeld()) == 0 {
			due = time.Now().Add(p.interval) // the call may have waited for work
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

// request reports all held leases as finished.
func (w *worker) request() *spiqsweepv1.SyncRequest {
	w.sequence++
	r := &spiqsweepv1.SyncRequest{Process: w.process, Sequence: w.sequence, FreeSlots: 1}
	if w.timeLeft > 0 {
		r.TimeLeft = durationpb.New(w.timeLeft)
	}
	for _, lease := range w.held {
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

// handle counts the verdicts and keeps the granted leases.
func (w *worker) handle(r *spiqsweepv1.SyncResponse) (done bool, err error) {
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
	w.held = w.held[:0]
	for _, a := range r.GetAssignments() {
		w.held = append(w.held, a.GetLease())
	}
	w.load.granted.Add(int64(len(w.held)))
	return r.GetDone() || r.GetNoneFits(), nil
}

// latencies collects the latencies of calls.
type latencies struct {
	mu  sync.Mutex
	all []time.Duration // guarded by mu
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// quantile returns the nearest-rank quantile of a share in (0, 1], 0 without calls.
func (l *latencies) quantile(share float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	slices.Sort(l.all)
	return l.all[max(0, min(len(l.all)-1, int(share*float64(len(l.all))+0.5)-1))]
}

func (l *latencies) String() string {
	ms := func(share float64) float64 { return float64(l.quantile(share).Microseconds()) / 1000 }
	return fmt.Sprintf("%d calls, median %.1f ms, p99 %.1f ms, largest %.1f ms", len(l.all), ms(0.5), ms(0.99), ms(1))
}
