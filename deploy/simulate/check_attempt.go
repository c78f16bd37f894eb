package simulate

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// checkAttempt: what becomes of an attempt is what its holder said of it, or
// what its silence means. newest is the attempt of its task that counted before.
func (w *world) checkAttempt(was, is queue.Attempt, newest uint64) {
	if was.Attempt == 0 {
		w.checkGrant(is)
		return
	}
	w.checkKept(was, is)
	if is.Digest != was.Digest {
		w.checkReported(is)
	}
	if is.Outcome == was.Outcome {
		return
	}
	if is.Outcome != queue.Late && is.Attempt != newest {
		w.violated(Fencing, "attempt %d of task %d is %q, the newest is %d", is.Attempt, w.jobOf[is.Task].number, is.Outcome, newest)
	}
	if may := outcomes[is.Outcome]; !may(w, is) {
		w.violated(Fencing, "attempt %d of task %d, of %s, is %q by %v of %q",
			is.Attempt, w.jobOf[is.Task].number, is.Process, is.Outcome, w.act.kind, w.act.caller())
	}
	w.count(is)
}

// checkKept: what an attempt was granted as and has come to stays.
func (w *world) checkKept(was, is queue.Attempt) {
	same := is.Process == was.Process && is.Host == was.Host && is.GrantedAt.Equal(was.GrantedAt)
	grown := is.Step >= was.Step && (is.Started || !was.Started) && (was.Digest == "" || is.Digest == was.Digest)
	over := true
	switch was.Outcome {
	case queue.Live, queue.Lost, queue.Withdrawn, queue.Cancelled:
		over = false
	default:
	}
	if was.Outcome == queue.Cancelled { // its result is still welcome
		over = is.Outcome != queue.Accepted && is.Outcome != queue.Late
	}
	if !same || !grown || over && is.Outcome != was.Outcome {
		w.violated(Nothing, "attempt %d of task %d was %+v, is %+v", is.Attempt, w.jobOf[is.Task].number, was, is)
	}
}

// outcomes say whether the present act may end an attempt so.
var outcomes = map[queue.Outcome]func(*world, queue.Attempt) bool{
	queue.Live: func(w *world, a queue.Attempt) bool {
		return w.act.caller() == a.Process && (w.act.kind == syncing || w.act.kind == saving)
	},
	queue.Accepted: (*world).byResult,
	queue.Late:     (*world).byResult,
	queue.Verified: func(w *world, a queue.Attempt) bool {
		return w.byResult(a) && a.Digest == w.ledger.records[a.Task].Accepted
	},
	queue.Differed: func(w *world, a queue.Attempt) bool {
		return w.byResult(a) && a.Digest != w.ledger.records[a.Task].Accepted
	},
	queue.AttemptFailed: func(w *world, a queue.Attempt) bool {
		if !w.failures[a.Lease] {
			w.violated(Blame, "attempt %d of task %d failed, and did not: %s", a.Attempt, w.jobOf[a.Task].number, a.Reason)
		}
		return w.byHolder(a)
	},
	queue.HandedBack: func(w *world, a queue.Attempt) bool {
		return w.byHolder(a) && (w.act.call.Draining || w.handsBack(a.Lease))
	},
	queue.Lost:      func(w *world, _ queue.Attempt) bool { return w.act.kind == ticking || w.act.kind == burying },
	queue.Withdrawn: func(w *world, _ queue.Attempt) bool { return w.act.kind == planning || w.act.kind == deleting },
	queue.Cancelled: func(w *world, _ queue.Attempt) bool { return w.act.kind == cancelling },
}

// byHolder says whether the holder of an attempt makes the present call.
func (w *world) byHolder(a queue.Attempt) bool {
	return w.act.kind == syncing && w.act.call.ID == a.Process
}

func (w *world) byResult(a queue.Attempt) bool { return w.byHolder(a) && a.Digest != "" }

// count notes how an attempt has ended, or begun again.
func (w *world) count(a queue.Attempt) {
	events := map[queue.Outcome]Event{
		queue.Live: Revived, queue.HandedBack: HandedBack, queue.Withdrawn: Withdrawn, queue.Cancelled: Cancelled,
		queue.Verified: Verified, queue.Differed: Verified,
	}
	if e, ok := events[a.Outcome]; ok {
		w.tally[e]++
	}
}

// handsBack says whether the present call gives a lease back.
func (w *world) handsBack(l queue.Lease) bool {
	return slices.ContainsFunc(w.act.call.Reports, func(r queue.Report) bool { return r.Lease == l && r.HandBack != nil })
}

// checkGrant: a newer call of a process that stays was given a task that waited.
func (w *world) checkGrant(a queue.Attempt) {
	w.tally[Grants]++
	number, r := w.jobOf[a.Task].number, w.ledger.records[a.Task]
	for _, other := range w.ledger.attempts[a.Task] {
		if other.Attempt != a.Attempt && other.Outcome == queue.Live {
			w.violated(OneAttempt, "task %d has the live attempts %d and %d", number, other.Attempt, a.Attempt)
		}
	}
	if a.Attempt != r.Attempt || w.act.kind != syncing || a.Process != w.act.call.ID || w.act.call.Draining {
		w.violated(Fencing, "attempt %d of task %d was granted to %s by an act of %q", a.Attempt, number, a.Process, w.act.caller())
	}
	if w.ledger.presences[a.Process].Leaving {
		w.violated(Leaving, "%s was asked to leave and is granted task %d", a.Process, number)
	}
	if r.Accepted != "" && !w.ledger.reopened[a.Task] {
		w.violated(TrainedAgain, "task %d has a result and is granted as attempt %d", number, a.Attempt)
	}
}

// checkReported: a result is stored under the very lease whose holder reported it.
func (w *world) checkReported(a queue.Attempt) {
	for _, report := range w.act.call.Reports {
		if report.Lease == a.Lease && report.Result != nil && report.Result.Digest == a.Digest {
			switch a.Outcome {
			case queue.Accepted, queue.Verified, queue.Differed:
			default:
				w.tally[LateResults]++
			}
			return
		}
	}
	w.violated(Fencing, "the result of attempt %d of task %d was not reported by its holder %s under it", a.Attempt, w.jobOf[a.Task].number, a.Process)
}
