package agent

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// startTasks assigns free slots to waiting leases in the order of their grants, fetches their
// recordings and checkpoints, and starts those that have both.
func (a *Agent) startTasks(now time.Time) {
	free := int(a.Process.GetSlots())
	for _, h := range a.leases {
		if h.slot {
			free--
		}
	}
	for _, h := range a.leases {
		if !h.waiting() {
			continue
		}
		if !h.slot {
			if free <= 0 {
				continue
			}
			free--
			h.slot = true
		}
		recording, checkpoint := a.ensureRecording(now, h), a.ensureCheckpoint(now, h)
		if recording && checkpoint {
			a.start(now, h)
		}
	}
}

// start starts a task. The first start after a grant is reported immediately: from then on the
// task may be blamed if this process dies.
func (a *Agent) start(now time.Time, h *heldLease) {
	h.running, h.started, h.lastProgress = true, true, now
	a.counts.running++
	a.do(StartTask{Lease: h.lease, Task: h.task, Body: h.resumeBody})
	h.resumeBody = nil
	if a.newLeases {
		a.newLeases = false
		a.callBy(now)
	} else {
		a.callBy(now.Add(batchDelay))
	}
}

func (a *Agent) progressed(now time.Time, e Progressed) {
	if h := a.find(e.Lease); h != nil && h.running {
		a.advance(h, e.Step)
		h.lastProgress = now
	}
}

// advance records that a task has done a number of steps.
func (a *Agent) advance(h *heldLease, step uint64) {
	if step > h.step {
		a.counts.iterations += step - h.step
		h.step = step
	}
}

// ended frees the slot and keeps the outcome for the coordinator.
func (a *Agent) ended(now time.Time, e Ended) {
	h := a.find(e.Lease)
	if h == nil || !h.running {
		return
	}
	h.running, h.slot = false, false
	a.counts.running--
	a.advance(h, e.Step) // a short task may end without Progressed
	switch {
	case h.report != nil: // a stall was reported
	case e.Result != nil:
		a.report(now, h, &spiqsweepv1.Report{Outcome: &spiqsweepv1.Report_Result{Result: e.Result}})
	case h.released:
	case e.Failure != nil:
		a.fail(now, h, e.Failure)
	default:
		h.stopped = true
	}
}

// detectStalls fails tasks that make no step within their stall time-out. A goroutine cannot be
// killed, so the slot stays occupied until it stops.
func (a *Agent) detectStalls(now time.Time) {
	for _, h := range a.leases {
		at := h.stallAt()
		if at.IsZero() || now.Before(at) {
			continue
		}
		h.stalled = true
		a.do(StopTask{Lease: h.lease})
		if h.listed() {
			a.fail(now, h, &spiqsweepv1.Failure{Message: fmt.Sprintf(
				"stalled: no new step for %v, after step %d", h.task.GetStallTimeout().AsDuration(), h.step)})
		}
	}
	if a.stuck() {
		a.handBackBlocked(now)
	}
}

// handBackBlocked hands back leases that wait for a slot, since none will become free.
func (a *Agent) handBackBlocked(now time.Time) {
	for _, h := range a.leases {
		if h.waiting() {
			h.slot = false
			a.handBack(now, h, "stalled tasks occupy every slot of the worker")
		}
	}
}

// fail reports that a task failed. It logs each kind of failure once; exit logs the counts.
func (a *Agent) fail(now time.Time, h *heldLease, f *spiqsweepv1.Failure) {
	level, kind := hclog.Warn, sweep.FailureKind(f.GetMessage())
	if a.failures[kind]++; a.Quiet || a.failures[kind] > 1 {
		level = hclog.Debug
	}
	a.logLease(level, "task failed", h.lease, "error", f.GetMessage())
	a.report(now, h, &spiqsweepv1.Report{Outcome: &spiqsweepv1.Report_Failure{Failure: f}})
}

// handBack reports that the worker does not finish a task. If the worker is leaving, work is left.
func (a *Agent) handBack(now time.Time, h *heldLease, reason string) {
	a.logLease(hclog.Info, "task is handed back", h.lease, "step", h.step)
	a.workLeft = a.workLeft || a.draining
	a.report(now, h, &spiqsweepv1.Report{Outcome: &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: reason}}})
}

// report keeps the outcome of a lease for the next call. Reports are batched for batchDelay
// while other leases keep the slots busy; a free slot makes the agent call immediately.
func (a *Agent) report(now time.Time, h *heldLease, r *spiqsweepv1.Report) {
	r.Lease = h.wire()
	h.report, h.pending = r, nil
	a.counts.reported(r)
	if a.draining {
		a.callBy(now)
	} else {
		a.callBy(now.Add(batchDelay))
	}
}
