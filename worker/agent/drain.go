package agent

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/proto/protocol"
)

const leaving = "the worker is leaving"

// drain starts the hand-back. It hands back waiting leases, and stops running tasks, which
// follow when their last checkpoints are stored.
func (a *Agent) drain(now time.Time) {
	if a.draining {
		return
	}
	a.draining, a.drainBy = true, now.Add(drainTimeout)
	for _, h := range a.leases {
		switch {
		case h.waiting(), h.running && !h.released:
			a.returnTask(now, h, leaving)
		case h.report.GetHandBack() != nil: // not yet accepted
			a.workLeft = true
		}
		h.store.retry = retry{} // a draining worker does not back off
	}
	if a.calling && len(a.lastRequest.GetHeld()) == 0 {
		a.calling = false // replaces the call, which may be a long poll
	}
	a.drainReported = a.backoff.failures > 0 && a.listedLeases() == 0 // the coordinator expects no hand-back
	a.backoff = retry{}
	a.callBy(now)
}

// recall begins to hand back a lease that the coordinator wants back. It does nothing if the
// lease is being handed back, or its outcome is known.
func (a *Agent) recall(now time.Time, h *heldLease, reason string) {
	if a.draining || h.recalled != "" || !h.waiting() && (!h.running || h.released) {
		return
	}
	h.recalled = reason
	a.returnTask(now, h, reason)
}

// returnTask hands back a waiting lease, or stops its running task, which follows when its
// last checkpoint is stored.
func (a *Agent) returnTask(now time.Time, h *heldLease, reason string) {
	if h.waiting() {
		h.slot = false
		a.handBack(now, h, reason)
		return
	}
	a.do(StopTask{Lease: h.lease})
}

// handBackStopped hands back leases whose tasks have stopped and whose last checkpoints are
// stored.
func (a *Agent) handBackStopped(now time.Time) {
	for _, h := range a.leases {
		if h.stopped && h.report == nil && !h.released && h.pending == nil {
			a.handBack(now, h, cmp.Or(h.recalled, leaving))
		}
	}
}

// stop exits immediately.
func (a *Agent) stop() {
	a.workLeft = a.workLeft || a.listedLeases() > 0
	a.exit(a.drainCode())
}

// leave exits if no work is left, or none can be done.
func (a *Agent) leave(now time.Time) {
	nothing := a.listedLeases() == 0
	switch {
	case a.exited:
	case a.draining && nothing && a.drainReported && !a.calling:
		a.exit(a.drainCode())
	case a.draining && !now.Before(a.drainBy):
		if !nothing {
			a.workLeft = true
			a.log(hclog.Warn, "no time left to hand back: the leases will run out", "leases", a.listedLeases())
		}
		a.exit(a.drainCode())
	case a.draining:
	case !a.connectDeadline().IsZero() && !now.Before(a.connectDeadline()):
		a.giveUp(now)
	case nothing && a.done:
		a.log(hclog.Info, "the coordinator has no more work")
		a.exit(protocol.ExitDone)
	case nothing && a.stuck():
		a.log(hclog.Error, "stalled tasks occupy every slot: this process is of no more use")
		a.exit(protocol.ExitFault)
	}
}

func (a *Agent) giveUp(now time.Time) {
	pairs := []any{"after", now.Sub(a.lastReply).Round(time.Millisecond).String()}
	message := "no coordinator answers: giving up; start the coordinator again, or give the worker.json of one that runs"
	if a.refusals.reason != "" {
		message, pairs = "no coordinator accepts this worker: giving up", append(pairs, "reason", a.refusals.reason)
	}
	a.log(hclog.Error, message, pairs...)
	a.exit(protocol.ExitUnreachable)
}

// connectDeadline returns when the agent gives up on the coordinator; zero while it responds.
func (a *Agent) connectDeadline() time.Time {
	if a.backoff.failures == 0 || a.ConnectTimeout <= 0 {
		return time.Time{}
	}
	return a.lastReply.Add(a.ConnectTimeout)
}

// stuck reports whether stalled tasks occupy all slots.
func (a *Agent) stuck() bool {
	stalled := 0
	for _, h := range a.leases {
		if h.running && h.stalled {
			stalled++
		}
	}
	return stalled >= int(a.Process.GetSlots())
}

// listedLeases counts the leases that a call must list.
func (a *Agent) listedLeases() int {
	count := 0
	for _, h := range a.leases {
		if h.listed() {
			count++
		}
	}
	return count
}

func (a *Agent) drainCode() int {
	switch {
	case a.badUsage:
		return protocol.ExitUsage
	case a.workLeft:
		return protocol.ExitWorkLeft
	default:
		return protocol.ExitDone
	}
}

func (a *Agent) exit(code int) {
	for _, kind := range slices.Sorted(maps.Keys(a.failures)) {
		if n := a.failures[kind]; n > 1 && !a.Quiet {
			a.log(hclog.Warn, "tasks failed in the same way", "tasks", n, "error", kind)
		}
	}
	if code == protocol.ExitWorkLeft {
		a.log(hclog.Info, "stopped with work left: start a worker again to go on")
	}
	a.exited = true
	a.do(Exit{Code: code})
}
