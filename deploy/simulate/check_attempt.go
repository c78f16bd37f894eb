package simulate

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// checkAttempt: what becomes of an attempt is what its holder said of it, or
// what its silence means. newest is the attempt of its task that counted before.
func (w *world) checkAttempt(was, is queue.Attempt, newest uint64) {
	number := w.jobOf[is.Task].number
	if was.Attempt == 0 {
		w.checkGrant(is)
		return
	}
	if is.Process != was.Process || is.Host != was.Host || !is.GrantedAt.Equal(was.GrantedAt) ||
		is.Step < was.Step || was.Started && !is.Started || was.Digest != "" && is.Digest != was.Digest {
		w.violated(Nothing, "attempt %d of task %d was %+v, is %+v", is.Attempt, number, was, is)
	}
	if is.Digest != was.Digest {
		w.checkReported(is)
	}
	if is.Outcome == was.Outcome {
		return
	}
	switch was.Outcome {
	case queue.Live, queue.Lost, queue.Withdrawn:
	default:
		w.violated(Nothing, "attempt %d of task %d had ended as %q, is %q", is.Attempt, number, was.Outcome, is.Outcome)
	}
	if is.Outcome != queue.Late && is.Attempt != newest {
		w.violated(Fencing, "attempt %d of task %d is %q, the newest is %d", is.Attempt, number, is.Outcome, newest)
	}
	byHolder := w.act.caller() == is.Process
	switch is.Outcome {
	case queue.Live:
		w.tally[Revived]++
		w.require(byHolder && (w.act.kind == syncing || w.act.kind == saving), is, "lives again")
	case queue.Accepted, queue.Late:
		w.require(byHolder && w.act.kind == syncing && is.Digest != "", is, "has a result")
	case queue.Failed:
		w.require(byHolder && w.act.kind == syncing, is, "failed")
		if !w.failures[is.Lease] {
			w.violated(Blame, "attempt %d of task %d failed, and did not: %s", is.Attempt, number, is.Reason)
		}
	case queue.HandedBack:
		w.tally[HandedBack]++
		w.require(byHolder && w.act.kind == syncing && (w.act.call.Draining || w.handsBack(is.Lease)), is, "was handed back")
	case queue.Lost:
		w.require(w.act.kind == ticking, is, "was lost")
	case queue.Withdrawn:
		w.tally[Withdrawn]++
		w.require(w.act.kind == planning || w.act.kind == forgetting, is, "was withdrawn")
	}
}

// handsBack says whether the present call gives a lease back.
func (w *world) handsBack(l queue.Lease) bool {
	return slices.ContainsFunc(w.act.call.Reports, func(r queue.Report) bool { return r.Lease == l && r.HandBack != nil })
}

func (w *world) require(ok bool, a queue.Attempt, what string) {
	if !ok {
		w.violated(Fencing, "attempt %d of task %d, of %s, %s by an act of another (%d, of %q)",
			a.Attempt, w.jobOf[a.Task].number, a.Process, what, w.act.kind, w.act.caller())
	}
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
	if r.Accepted != "" && !w.ledger.reopened[a.Task] {
		w.violated(TrainedAgain, "task %d has a result and is granted as attempt %d", number, a.Attempt)
	}
}

// checkReported: a result is stored under the very lease whose holder reported it.
func (w *world) checkReported(a queue.Attempt) {
	for _, report := range w.act.call.Reports {
		if report.Lease == a.Lease && report.Result != nil && report.Result.Digest == a.Digest {
			if a.Outcome != queue.Accepted {
				w.tally[LateResults]++
			}
			return
		}
	}
	w.violated(Fencing, "the result of attempt %d of task %d was not reported by its holder %s under it", a.Attempt, w.jobOf[a.Task].number, a.Process)
}
