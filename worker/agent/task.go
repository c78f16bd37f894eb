package agent

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// begin gives the free slots to waiting leases, in the order of their grants,
// fetches what they need, and starts those that have it all.
func (a *Agent) begin(now time.Time) {
	free := int(a.Process.GetSlots())
	for _, h := range a.holds {
		if h.slot {
			free--
		}
	}
	for _, h := range a.holds {
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
		recording, checkpoint := a.recordingReady(now, h), a.checkpointReady(now, h)
		if recording && checkpoint {
			a.start(now, h)
		}
	}
}

// start runs the task. The first start after a grant is told at once: from
// then on it can be to blame for the end of this process.
func (a *Agent) start(now time.Time, h *hold) {
	h.running, h.started, h.moved = true, true, now
	a.do(StartTask{Lease: h.lease, Task: h.task, Body: h.origin})
	h.origin = nil
	if a.fresh {
		a.fresh = false
		a.callBy(now)
	} else {
		a.callBy(now.Add(settle))
	}
}

func (a *Agent) progressed(now time.Time, e Progressed) {
	if h := a.find(e.Lease); h != nil && h.running {
		h.step, h.moved = max(h.step, e.Step), now
	}
}

// ended frees the slot and keeps the outcome for the coordinator.
func (a *Agent) ended(now time.Time, e Ended) {
	h := a.find(e.Lease)
	if h == nil || !h.running {
		return
	}
	h.running, h.slot = false, false
	h.step = max(h.step, e.Step) // of a short task nothing else was heard
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

// watch declares tasks that make no step for too long as failed. Their
// goroutines cannot be ended from outside: the slot stays occupied until they
// notice.
func (a *Agent) watch(now time.Time) {
	for _, h := range a.holds {
		at := h.stallAt()
		if at.IsZero() || now.Before(at) {
			continue
		}
		h.stalled = true
		a.do(StopTask{Lease: h.lease})
		if h.named() {
			a.fail(now, h, &spiqsweepv1.Failure{Message: fmt.Sprintf(
				"stalled: no new step for %v, after step %d", h.task.GetStallTimeout().AsDuration(), h.step)})
		}
	}
	if a.stuck() {
		a.handBackBlocked(now)
	}
}

// handBackBlocked gives back what waits for a slot: none will be free again.
func (a *Agent) handBackBlocked(now time.Time) {
	for _, h := range a.holds {
		if h.waiting() {
			h.slot = false
			a.handBack(now, h, "stalled tasks occupy every slot of the worker")
		}
	}
}

// fail reports that a task failed. What many tasks have in common is logged once,
// and counted at the end.
func (a *Agent) fail(now time.Time, h *hold, f *spiqsweepv1.Failure) {
	level, kind := hclog.Warn, sweep.FailureKind(f.GetMessage())
	if a.failures[kind]++; a.Quiet || a.failures[kind] > 1 {
		level = hclog.Debug
	}
	a.say(level, "task failed", "task", h.lease.Task, "attempt", h.lease.Attempt, "error", f.GetMessage())
	a.report(now, h, &spiqsweepv1.Report{Outcome: &spiqsweepv1.Report_Failure{Failure: f}})
}

func (a *Agent) handBack(now time.Time, h *hold, reason string) {
	a.say(hclog.Info, "task is handed back", "task", h.lease.Task, "attempt", h.lease.Attempt, "step", h.step)
	a.left = true
	a.report(now, h, &spiqsweepv1.Report{Outcome: &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: reason}}})
}

// report ends a lease. Nobody waits for the news while other leases of the
// batch keep the slot busy; a free slot makes call tell it at once.
func (a *Agent) report(now time.Time, h *hold, r *spiqsweepv1.Report) {
	r.Lease = h.wire()
	h.report, h.pending = r, nil
	if a.draining {
		a.callBy(now)
	} else {
		a.callBy(now.Add(settle))
	}
}
