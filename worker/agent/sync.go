package agent

import (
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// callBy makes sure that the next call is made at t or before (but never
// while another is in flight, nor before the back-off is over).
func (a *Agent) callBy(t time.Time) {
	if a.callAt.IsZero() || t.Before(a.callAt) {
		a.callAt = t
	}
}

// call makes the next Sync if it is due, or if slots have become free that no
// call has offered yet.
func (a *Agent) call(now time.Time) {
	if a.freeSlots() > int(a.asked.GetFreeSlots()) {
		a.callBy(now)
	}
	if a.exited || a.calling || a.callAt.IsZero() || now.Before(a.callAt) || !a.away.due(now) {
		return
	}
	a.sequence++
	a.calling, a.callAt = true, time.Time{}
	a.asked = a.request()
	a.do(Call{Request: a.asked})
}

func (a *Agent) request() *spiqsweepv1.SyncRequest {
	r := &spiqsweepv1.SyncRequest{
		Process: a.Process, Sequence: a.sequence,
		FreeSlots: uint32(a.freeSlots()), Draining: a.draining, Stays: a.Stays,
	}
	bytes := 0
	for _, h := range a.holds {
		if !h.named() {
			continue
		}
		r.Held = append(r.Held, h.held())
		if h.report == nil {
			continue
		}
		size := proto.Size(h.report)
		if len(r.Reports) > 0 && bytes+size > reportBytes {
			continue
		}
		bytes += size
		r.Reports = append(r.Reports, h.report)
		h.sent = true
	}
	return r
}

// freeSlots counts the slots for which no lease is at hand. (After begin, a
// lease waits only if there is none.)
func (a *Agent) freeSlots() int {
	free := int(a.Process.GetSlots())
	if a.draining {
		return 0
	}
	for _, h := range a.holds {
		if h.slot {
			free--
		}
	}
	return max(free, 0)
}

func (a *Agent) answered(now time.Time, e Answered) {
	if !a.calling || e.Sequence != a.sequence {
		return // an answer to an older call, or the same answer again
	}
	if !a.greeted || a.away.failures > 0 {
		a.say(hclog.Info, "in touch with the coordinator")
	}
	a.calling, a.greeted, a.heard, a.away, a.refusals, a.warned = false, true, now, retry{}, refusals{}, nil
	a.done = e.Response.GetDone()
	a.farewell = a.asked.GetDraining()
	a.judge(e.Response.GetVerdicts())
	a.assign(now, e.Response.GetAssignments())
	if e.Response.GetDrain() && !a.draining {
		a.say(hclog.Info, "an operator asks this worker to leave")
		a.sentAway = true
		a.drain(now)
	}

	again := e.Response.GetCallAgainIn().AsDuration()
	if again <= 0 {
		again = callAgain
	}
	a.callBy(now.Add(max(again, settle)))
	for _, h := range a.holds {
		if h.report != nil && !h.sent {
			a.callBy(now) // it did not fit into the last call
		}
	}
}

func (a *Agent) callFailed(now time.Time, e CallFailed) {
	if !a.calling || e.Sequence != a.sequence {
		return
	}
	a.calling = false
	a.refusals.note(e, a.greeted)
	if a.refusals.by(a.Coordinators) {
		a.say(hclog.Error, "the coordinator refuses this worker", "reason", a.refusals.reason)
		a.exit(protocol.ExitFault)
		return
	}
	a.away.failed(now, e.Err, a.Random)
	a.warn(now, e.Err)
	a.callBy(a.away.at)
	if a.draining && a.namedHolds() == 0 {
		a.farewell = true // nobody is missed
	}
}

// warn logs each kind of failure once, until a coordinator answers.
func (a *Agent) warn(now time.Time, err error) {
	what, why := "cannot reach the coordinator: will try again", credentials.Explain(err)
	failure := what + status.Code(err).String() // of one kind, whatever the network says of it
	switch {
	case !worthRetrying(err):
		what = "a coordinator refuses this worker: will try the others"
		failure = what + status.Code(err).String()
	case (status.Code(err) == codes.Unavailable || status.Code(err) == codes.ResourceExhausted) && !credentials.Unreached(err):
		what = "the coordinator cannot take calls now: will try again"
		failure = what + why // such as a full disk, then a read-only one
	}
	level := hclog.Debug
	if !slices.Contains(a.warned, failure) {
		level, a.warned = hclog.Warn, append(a.warned, failure)
	}
	a.say(level, what, "error", why, "in", a.away.at.Sub(now).Round(time.Millisecond).String())
}

// judge takes note of what became of the reports.
func (a *Agent) judge(verdicts []*spiqsweepv1.Verdict) {
	for _, v := range verdicts {
		h := a.find(leaseOf(v.GetLease()))
		if h == nil || h.report == nil || !h.sent {
			continue
		}
		switch v.GetJudgement() {
		case spiqsweepv1.Verdict_JUDGEMENT_INVALID:
			a.say(hclog.Error, "report is invalid", "task", h.lease.Task, "attempt", h.lease.Attempt, "why", v.GetReason())
		case spiqsweepv1.Verdict_JUDGEMENT_LATE:
			a.say(hclog.Info, "report came late", "task", h.lease.Task, "attempt", h.lease.Attempt, "why", v.GetReason())
		case spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED, spiqsweepv1.Verdict_JUDGEMENT_DUPLICATE:
			a.say(hclog.Debug, "report is taken", "task", h.lease.Task, "attempt", h.lease.Attempt)
		default:
			continue
		}
		h.report, h.released = nil, true
	}
}

// assign adds the leases that are new and withdraws those that are no longer
// named. Every lease in hand was named in the call, for only its answer adds any.
func (a *Agent) assign(now time.Time, assignments []*spiqsweepv1.Assignment) {
	named := map[Lease]bool{}
	for _, assignment := range assignments {
		l := leaseOf(assignment.GetLease())
		named[l] = true
		if h := a.find(l); h != nil {
			h.proof = assignment.GetLease().GetProof()
			continue
		}
		if assignment.GetTask() == nil {
			continue
		}
		h := &hold{lease: l, proof: assignment.GetLease().GetProof(), task: assignment.GetTask()}
		a.holds = append(a.holds, h)
		a.fresh = true
		if a.draining {
			a.handBack(now, h, leaving)
		}
	}
	for _, h := range a.holds {
		if h.report == nil && !h.released && !named[h.lease] {
			a.withdraw(h)
		}
	}
}

func (a *Agent) withdraw(h *hold) {
	a.say(hclog.Info, "lease is withdrawn", "task", h.lease.Task, "attempt", h.lease.Attempt)
	h.released = true
	h.pending = nil
	if h.running {
		a.do(StopTask{Lease: h.lease})
	} else {
		h.slot = false
	}
}
