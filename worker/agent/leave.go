package agent

import (
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/proto/protocol"
)

const leaving = "the worker is leaving"

// drain begins the hand-back: nothing new is taken, what waits is given back
// as it is, what runs is stopped and follows when its checkpoint is stored.
func (a *Agent) drain(now time.Time) {
	if a.draining {
		return
	}
	a.draining, a.drainBy = true, now.Add(drainTimeout)
	for _, h := range a.holds {
		switch {
		case h.waiting():
			h.slot = false
			a.handBack(now, h, leaving)
		case h.running && !h.released:
			a.do(StopTask{Lease: h.lease})
		}
		h.store.retry = retry{} // there is no time for a back-off
	}
	if a.calling && len(a.asked.GetHeld()) == 0 {
		a.calling = false // the coordinator may let an idle worker wait: replace the call
	}
	a.farewell = a.away.failures > 0 && a.namedHolds() == 0 // nobody is missed
	a.away = retry{}
	a.callBy(now)
}

// handBackStopped gives back the leases whose tasks have stopped and whose
// last checkpoints are stored.
func (a *Agent) handBackStopped(now time.Time) {
	for _, h := range a.holds {
		if h.stopped && h.report == nil && !h.released && h.pending == nil {
			a.handBack(now, h, leaving)
		}
	}
}

// stop leaves at once.
func (a *Agent) stop() {
	a.left = a.left || a.namedHolds() > 0
	a.exit(a.codeLeft())
}

// leave exits when there is nothing left to do here, or nothing that can be done.
func (a *Agent) leave(now time.Time) {
	nothing := a.namedHolds() == 0
	switch {
	case a.exited:
	case a.draining && nothing && a.farewell && !a.calling:
		a.exit(a.codeLeft())
	case a.draining && !now.Before(a.drainBy):
		if !nothing {
			a.left = true
			a.say(hclog.Warn, "no time left to hand back: the leases will run out", "leases", a.namedHolds())
		}
		a.exit(a.codeLeft())
	case a.draining:
	case !a.giveUpAt().IsZero() && !now.Before(a.giveUpAt()):
		a.giveUp(now)
	case nothing && a.done:
		a.say(hclog.Info, "the sweep is done")
		a.exit(protocol.ExitDone)
	case nothing && a.stuck():
		a.say(hclog.Error, "stalled tasks occupy every slot: this process is of no more use")
		a.exit(protocol.ExitFault)
	}
}

func (a *Agent) giveUp(now time.Time) {
	pairs := []any{"after", now.Sub(a.heard).Round(time.Millisecond).String()}
	if a.refusals.reason != "" {
		pairs = append(pairs, "refused", a.refusals.reason)
	}
	a.say(hclog.Error, "no coordinator: giving up", pairs...)
	a.exit(protocol.ExitUnreachable)
}

// giveUpAt is when the coordinator has been away for too long; zero while it is not away.
func (a *Agent) giveUpAt() time.Time {
	if a.away.failures == 0 || a.ConnectTimeout <= 0 {
		return time.Time{}
	}
	return a.heard.Add(a.ConnectTimeout)
}

// stuck: every slot is occupied by a task that has stalled and does not stop.
func (a *Agent) stuck() bool {
	stalled := 0
	for _, h := range a.holds {
		if h.running && h.stalled {
			stalled++
		}
	}
	return stalled >= int(a.Process.GetSlots())
}

// namedHolds counts the leases that the coordinator counts on, and the reports
// that it has not judged.
func (a *Agent) namedHolds() int {
	count := 0
	for _, h := range a.holds {
		if h.named() {
			count++
		}
	}
	return count
}

func (a *Agent) codeLeft() int {
	if a.left {
		return protocol.ExitWorkLeft
	}
	return protocol.ExitDone
}

func (a *Agent) exit(code int) {
	for _, kind := range slices.Sorted(maps.Keys(a.failures)) {
		if n := a.failures[kind]; n > 1 && !a.Quiet {
			a.say(hclog.Warn, "tasks failed in the same way", "tasks", n, "error", kind)
		}
	}
	if code == protocol.ExitWorkLeft {
		a.say(hclog.Info, "stopped with work left: start a worker again to go on")
	}
	a.exited = true
	a.do(Exit{Code: code})
}
