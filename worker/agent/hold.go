package agent

import (
	"time"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// hold is a lease and what has become of it here.
type hold struct {
	lease Lease
	proof []byte // that it was granted, as the newest answer gave it
	task  *spiqsweepv1.Task

	slot    bool // occupies a slot: preparing or running
	running bool // from StartTask until Ended
	started bool // StartTask was once asked for
	stalled bool // made no step for too long
	stopped bool // ended without result or failure
	// released: the coordinator no longer counts on this lease, because it was
	// withdrawn or its report judged.
	released bool

	step  uint64
	moved time.Time // last sign of life while running

	resume  errand // fetching the checkpoint to start from
	resumed bool   // it is here, or not to be had
	origin  []byte // that checkpoint; nil: from step 0

	pending *checkpoint
	store   errand // storing pending

	report *spiqsweepv1.Report // what ended it; kept until its verdict
	sent   bool                // in some call
}

// checkpoint is the newest state of a task that is not yet stored.
type checkpoint struct {
	step uint64
	body []byte
}

func (h *hold) recording() string { return h.task.GetRecordingDigest() }

// waiting: it should run, and does not yet.
func (h *hold) waiting() bool {
	return h.report == nil && !h.released && !h.running && !h.stopped
}

func (h *hold) preparing() bool { return h.waiting() && h.slot }

// named: a call must mention it as held.
func (h *hold) named() bool { return !h.released || h.report != nil }

// gone: there is nothing more to do about it.
func (h *hold) gone() bool { return !h.named() && !h.running }

// stallAt is when the lack of a new step counts as a stall; zero: never.
func (h *hold) stallAt() time.Time {
	patience := h.task.GetStallTimeout().AsDuration()
	if !h.running || h.stalled || patience <= 0 {
		return time.Time{}
	}
	return h.moved.Add(patience)
}

// times returns when the agent must look at the lease again; zero times mean nothing.
func (h *hold) times() []time.Time {
	times := []time.Time{h.stallAt()}
	if h.preparing() && !h.resumed && !h.resume.asked {
		times = append(times, h.resume.at)
	}
	if h.storable() && !h.store.asked {
		times = append(times, h.store.at)
	}
	return times
}

// storable: it has a checkpoint that the coordinator still wants.
func (h *hold) storable() bool { return h.pending != nil && !h.released && h.report == nil }

// held describes the lease to the coordinator.
func (h *hold) held() *spiqsweepv1.HeldLease {
	return &spiqsweepv1.HeldLease{Lease: h.wire(), Step: h.step, Started: h.started}
}

// wire is the lease with its proof, which an answer may have renewed.
func (h *hold) wire() *spiqsweepv1.Lease {
	l := h.lease.wire()
	l.Proof = h.proof
	return l
}

func (l Lease) wire() *spiqsweepv1.Lease {
	return &spiqsweepv1.Lease{Task: l.Task, Attempt: l.Attempt}
}

func leaseOf(l *spiqsweepv1.Lease) Lease {
	return Lease{Task: l.GetTask(), Attempt: l.GetAttempt()}
}
