package agent

import (
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// callBy plans the next call at t or earlier. Agent.call makes it once no other call is in
// flight and the back-off is over.
func (a *Agent) callBy(t time.Time) {
	if a.callAt.IsZero() || t.Before(a.callAt) {
		a.callAt = t
	}
}

// call makes the next Sync if it is due, or if more slots are free than the last call offered.
func (a *Agent) call(now time.Time) {
	if a.freeSlots() > int(a.lastRequest.GetFreeSlots()) {
		a.callBy(now)
	}
	if a.exited || a.calling || a.callAt.IsZero() || now.Before(a.callAt) || !a.backoff.due(now) {
		return
	}
	a.sequence++
	a.calling, a.callAt = true, time.Time{}
	a.lastRequest = a.request(now)
	a.do(Call{Request: a.lastRequest})
}

func (a *Agent) request(now time.Time) *spiqsweepv1.SyncRequest {
	r := &spiqsweepv1.SyncRequest{
		Process: a.Process, Sequence: a.sequence,
		FreeSlots: uint32(a.freeSlots()), Draining: a.draining, Stays: a.Stays,
	}
	if !a.endAt.IsZero() {
		r.TimeLeft = durationpb.New(max(0, a.endAt.Sub(now)))
	}
	bytes := 0
	for _, h := range a.leases {
		if !h.listed() {
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

// freeSlots counts the slots without a lease. It must be called after startTasks.
func (a *Agent) freeSlots() int {
	free := int(a.Process.GetSlots())
	if a.draining {
		return 0
	}
	for _, h := range a.leases {
		if h.slot {
			free--
		}
	}
	return max(free, 0)
}

func (a *Agent) answered(now time.Time, e Answered) {
	if !a.calling || e.Sequence != a.sequence {
		return // an old or repeated response
	}
	if !a.connected || a.backoff.failures > 0 {
		a.log(hclog.Info, "in touch with the coordinator")
	}
	a.calling, a.connected, a.lastReply, a.backoff, a.refusals, a.warned = false, true, now, retry{}, refusals{}, nil
	a.counts.lastSync = now
	a.checkIdleTimeout(now, e.Response.GetLeaseTerm().AsDuration())
	a.done = e.Response.GetDone()
	a.drainReported = a.lastRequest.GetDraining()
	a.applyVerdicts(e.Response.GetVerdicts())
	a.assign(now, e.Response.GetAssignments())
	if e.Response.GetDrain() && !a.draining {
		a.log(hclog.Info, "an operator asks this worker to leave")
		a.drainedByOperator = true
		a.drain(now)
	}
	if e.Response.GetNoneFits() && !a.draining && a.listedLeases() == 0 {
		a.log(hclog.Info, "tasks are pending, but none can end in the time left, by the cost model: leaving; start workers with a longer --lifetime, or with --lifetime 0 to train longer tasks in parts", "left", a.endAt.Sub(now).Round(time.Second).String())
		a.drain(now)
	}

	again := e.Response.GetCallAgainIn().AsDuration()
	if again <= 0 {
		again = callAgain
	}
	a.callBy(now.Add(max(again, batchDelay)))
	for _, h := range a.leases {
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
	a.counts.syncFailures++
	a.refusals.note(e, a.connected)
	if a.refusals.byAll(a.Coordinators) {
		a.log(hclog.Error, "the coordinator refuses this worker", "reason", a.refusals.reason)
		a.exit(protocol.ExitFault)
		return
	}
	a.backoff.failed(now, e.Err, a.Random)
	a.warn(now, e.Err)
	a.callBy(a.backoff.at)
	if a.draining && a.listedLeases() == 0 {
		a.drainReported = true // the coordinator expects no hand-back
	}
}

// warn logs each kind of failure once between responses.
func (a *Agent) warn(now time.Time, err error) {
	what, why := "cannot reach the coordinator: will try again", credentials.Explain(err)
	failure := what + status.Code(err).String() // ignores the details of the network error
	switch {
	case !retryable(err):
		what = "a coordinator refuses this worker: will try the others"
		failure = what + status.Code(err).String()
	case (status.Code(err) == codes.Unavailable || status.Code(err) == codes.ResourceExhausted) && !credentials.Unreached(err):
		what = "the coordinator cannot take calls now: will try again"
		failure = what + why // e.g. a full disk, then a read-only one
	}
	level := hclog.Debug
	if !slices.Contains(a.warned, failure) {
		level, a.warned = hclog.Warn, append(a.warned, failure)
	}
	a.log(level, what, "error", why, "in", a.backoff.at.Sub(now).Round(time.Millisecond).String())
}

// applyVerdicts applies the coordinator's verdicts on reports.
func (a *Agent) applyVerdicts(verdicts []*spiqsweepv1.Verdict) {
	for _, v := range verdicts {
		h := a.find(leaseOf(v.GetLease()))
		if h == nil || h.report == nil || !h.sent {
			continue
		}
		switch v.GetJudgement() {
		case spiqsweepv1.Verdict_JUDGEMENT_INVALID:
			a.logLease(hclog.Error, "report is invalid", h.lease, "why", v.GetReason())
		case spiqsweepv1.Verdict_JUDGEMENT_LATE:
			a.logLease(hclog.Info, "report came late", h.lease, "why", v.GetReason())
		case spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED, spiqsweepv1.Verdict_JUDGEMENT_DUPLICATE:
			a.logLease(hclog.Debug, "report is accepted", h.lease)
		default:
			continue
		}
		h.report, h.released = nil, true
	}
}

// assign adds new leases and withdraws those that the response omits. The call listed
// every lease that is still held, because only responses add leases.
func (a *Agent) assign(now time.Time, assignments []*spiqsweepv1.Assignment) {
	named := map[Lease]bool{}
	for _, assignment := range assignments {
		l := leaseOf(assignment.GetLease())
		named[l] = true
		if h := a.find(l); h != nil {
			h.proof = assignment.GetLease().GetProof()
			if reason := assignment.GetHandBack(); reason != "" {
				a.recall(now, h, reason)
			}
			continue
		}
		if assignment.GetTask() == nil {
			continue
		}
		h := &heldLease{lease: l, proof: assignment.GetLease().GetProof(), task: assignment.GetTask()}
		a.leases = append(a.leases, h)
		a.newLeases = true
		if a.draining {
			a.handBack(now, h, leaving)
		}
	}
	for _, h := range a.leases {
		if h.report == nil && !h.released && !named[h.lease] {
			a.withdraw(h)
		}
	}
}

func (a *Agent) withdraw(h *heldLease) {
	a.logLease(hclog.Info, "lease is withdrawn", h.lease)
	h.released = true
	h.pending = nil
	if h.running {
		a.do(StopTask{Lease: h.lease})
	} else {
		h.slot = false
	}
}
