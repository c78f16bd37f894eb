package agent

import (
	"time"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// heldLease is a granted lease and the local state of its task.
type heldLease struct {
	lease Lease
	proof []byte // from the newest response
	task  *spiqsweepv1.Task

	slot    bool // occupies a slot
	running bool // from StartTask until Ended
	started bool // StartTask was issued once
	stalled bool // made no step within the stall time-out
	stopped bool // ended without a result or failure
	// recalled is why the coordinator wants the lease back; "" if it does not.
	recalled string
	// released: the lease was withdrawn or its report judged.
	released bool

	step         uint64
	lastProgress time.Time // time of the last new step while running

	resume     transfer // fetches the checkpoint to resume from
	resumed    bool     // it was fetched or does not exist
	resumeBody []byte   // that checkpoint; nil: start from step 0

	pending *checkpoint
	store   transfer // stores pending

	report *spiqsweepv1.Report // the outcome; kept until its verdict
	sent   bool                // in a call
}

// checkpoint is a state of a task that is not stored yet.
type checkpoint struct {
	step uint64
	body []byte
}

func (h *heldLease) recording() string { return h.task.GetRecordingDigest() }

// waiting reports whether the task waits or prepares (see the package comment).
func (h *heldLease) waiting() bool {
	return h.report == nil && !h.released && !h.running && !h.stopped
}

// preparing reports whether the task has a slot and waits for its recording or checkpoint.
func (h *heldLease) preparing() bool { return h.waiting() && h.slot }

// listed reports whether a call must list the lease as held.
func (h *heldLease) listed() bool { return !h.released || h.report != nil }

// finished reports whether the lease can be dropped.
func (h *heldLease) finished() bool { return !h.listed() && !h.running }

// stallAt returns when the task stalls without a new step; zero: never.
func (h *heldLease) stallAt() time.Time {
	patience := h.task.GetStallTimeout().AsDuration()
	if !h.running || h.stalled || patience <= 0 {
		return time.Time{}
	}
	return h.lastProgress.Add(patience)
}

// times returns when the agent must reconsider the lease; it ignores zero times.
func (h *heldLease) times() []time.Time {
	times := []time.Time{h.stallAt()}
	if h.preparing() && !h.resumed && !h.resume.inProgress {
		times = append(times, h.resume.at)
	}
	if h.storable() && !h.store.inProgress {
		times = append(times, h.store.at)
	}
	return times
}

// storable reports whether there is a checkpoint to store.
func (h *heldLease) storable() bool { return h.pending != nil && !h.released && h.report == nil }

// held encodes the lease for a call.
func (h *heldLease) held() *spiqsweepv1.HeldLease {
	return &spiqsweepv1.HeldLease{Lease: h.wire(), Step: h.step, Started: h.started}
}

// wire encodes the lease with its newest proof.
func (h *heldLease) wire() *spiqsweepv1.Lease {
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
