package simulate

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// checkAttempt checks that the present call may change an attempt. newest is the number
// of its task's newest attempt before the call.
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

// checkKept checks what must not change in an attempt.
func (w *world) checkKept(was, is queue.Attempt) {
	same := is.Process == was.Process && is.Host == was.Host && is.GrantedAt.Equal(was.GrantedAt)
	grown := is.Step >= was.Step && (is.Started || !was.Started) && (was.Digest == "" || is.Digest == was.Digest)
	over := true
	switch was.Outcome {
	case queue.Live, queue.Lost, queue.Withdrawn, queue.Cancelled:
		over = false
	default:
	}
	if was.Outcome == queue.Cancelled { // a result is still accepted
		over = is.Outcome != queue.Accepted && is.Outcome != queue.Late
	}
	if !same || !grown || over && is.Outcome != was.Outcome {
		w.violated(Nothing, "attempt %d of task %d was %+v, is %+v", is.Attempt, w.jobOf[is.Task].number, was, is)
	}
}

// outcomes holds, by outcome, whether the present call may give it to an attempt.
var outcomes = map[queue.Outcome]func(*world, queue.Attempt) bool{
	queue.Live: func(w *world, a queue.Attempt) bool {
		return w.act.caller() == a.Process && (w.act.kind == syncing || w.act.kind == storing)
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
			w.violated(Blame, "attempt %d of task %d is marked as failed, and did not fail: %s", a.Attempt, w.jobOf[a.Task].number, a.Reason)
		}
		return w.byHolder(a)
	},
	queue.HandedBack: func(w *world, a queue.Attempt) bool {
		return w.byHolder(a) && (w.act.call.Draining || w.handsBack(a.Lease))
	},
	queue.Lost:      func(w *world, _ queue.Attempt) bool { return w.act.kind == ticking || w.act.kind == reportingEnds },
	queue.Withdrawn: func(w *world, _ queue.Attempt) bool { return w.act.kind == planning || w.act.kind == deleting },
	queue.Cancelled: func(w *world, _ queue.Attempt) bool { return w.act.kind == cancelling },
}

// byHolder reports whether the holder of an attempt makes the present call.
func (w *world) byHolder(a queue.Attempt) bool {
	return w.act.kind == syncing && w.act.call.ID == a.Process
}

func (w *world) byResult(a queue.Attempt) bool { return w.byHolder(a) && a.Digest != "" }

// count counts the outcome of an attempt.
func (w *world) count(a queue.Attempt) {
	events := map[queue.Outcome]Event{
		queue.Live: Revived, queue.HandedBack: HandedBack, queue.Withdrawn: Withdrawn, queue.Cancelled: Cancelled,
		queue.Verified: Verified, queue.Differed: Verified,
	}
	if e, ok := events[a.Outcome]; ok {
		w.tally[e]++
	}
}

// handsBack reports whether the present call hands a lease back.
func (w *world) handsBack(l queue.Lease) bool {
	return slices.ContainsFunc(w.act.call.Reports, func(r queue.Report) bool { return r.Lease == l && r.HandBack != nil })
}

// checkGrant checks that a new call of a process that may take work was granted a task.
func (w *world) checkGrant(a queue.Attempt) {
	w.tally[Grants]++
	number, r := w.jobOf[a.Task].number, w.ledger.records[a.Task]
	for _, other := range w.ledger.attempts[a.Task] {
		if other.Attempt != a.Attempt && other.Outcome == queue.Live {
			w.violated(OneAttempt, "task %d has the live attempts %d and %d", number, other.Attempt, a.Attempt)
		}
	}
	if a.Attempt != r.Attempt || w.act.kind != syncing || a.Process != w.act.call.ID || w.act.call.Draining {
		w.violated(Fencing, "attempt %d of task %d was granted to %s by a call of %q", a.Attempt, number, a.Process, w.act.caller())
	}
	if w.ledger.presences[a.Process].Leaving {
		w.violated(Leaving, "%s was asked to leave and is granted task %d", a.Process, number)
	}
	if r.Accepted != "" && !w.ledger.reopened[a.Task] {
		w.violated(TrainedAgain, "task %d has a result and is granted as attempt %d", number, a.Attempt)
	}
}

// checkReported checks that a result is stored under the lease whose holder reported it.
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

// transitions holds the allowed changes of a task's phase, and the calls that make them
// (coordinator/queue/doc.go).
var transitions = map[[2]queue.Phase][]kind{
	{"", queue.Waiting}: {planning},

	{queue.Waiting, queue.Leased}:     {syncing, storing},
	{queue.Waiting, queue.Done}:       {syncing}, // by the result of an expired lease
	{queue.Waiting, queue.Diverged}:   {syncing},
	{queue.Waiting, queue.BackingOff}: {syncing},
	{queue.Waiting, queue.Failed}:     {syncing},

	{queue.BackingOff, queue.Waiting}: {ticking},

	{queue.Leased, queue.Done}:       {syncing},
	{queue.Leased, queue.Diverged}:   {syncing, ticking, reportingEnds},
	{queue.Leased, queue.BackingOff}: {syncing},
	{queue.Leased, queue.Waiting}:    {syncing, ticking, reportingEnds, planning, deleting},
	{queue.Leased, queue.Failed}:     {syncing, ticking, reportingEnds},

	{queue.Failed, queue.Waiting}:    {retrying, syncing},
	{queue.Failed, queue.Leased}:     {syncing, storing},
	{queue.Failed, queue.Done}:       {syncing},
	{queue.Failed, queue.Diverged}:   {syncing},
	{queue.Failed, queue.BackingOff}: {syncing},

	{queue.Done, queue.Diverged}: {syncing},
	{queue.Done, queue.Waiting}:  {verifying},

	{queue.Diverged, queue.Waiting}: {retryingDiverged},
}

// stops holds the calls that may end a waiting or running task. A task without a result
// fails; a reopened one returns to its earlier phase.
var stops = map[kind][]queue.Phase{
	cancelling: {queue.Failed, queue.Done, queue.Diverged},
	planning:   {queue.Done, queue.Diverged}, // no sweep wants the task any more
	deleting:   {queue.Done, queue.Diverged},
}

func (w *world) allowed(was, is queue.Record) bool {
	switch was.Phase {
	case queue.Waiting, queue.BackingOff, queue.Leased:
		if slices.Contains(stops[w.act.kind], is.Phase) {
			return (is.Phase == queue.Failed) == (is.Accepted == "")
		}
	default:
	}
	if was.Verifying && !is.Verifying && is.Phase == queue.Done {
		return slices.Contains([]kind{syncing, ticking, reportingEnds}, w.act.kind) // verified, or not verifiable
	}
	return slices.Contains(transitions[[2]queue.Phase{was.Phase, is.Phase}], w.act.kind) || w.reverts(was, is)
}

// checkRecord checks that the present call may change a task as it did.
func (w *world) checkRecord(was, is queue.Record) {
	number := w.jobOf[is.Task].number
	if is.Phase != was.Phase {
		w.log("task %d: %s, was %s: %s", number, is.Phase, was.Phase, is.Reason)
		if !w.allowed(was, is) {
			w.violated(OneState, "task %d went from %q to %q by %v", number, was.Phase, is.Phase, w.act.kind)
		}
	}
	if is.Attempt < was.Attempt || is.Attempt > was.Attempt+1 || is.Pardoned < was.Pardoned {
		w.violated(Fencing, "task %d: attempt %d after %d, pardoned %d after %d", number, is.Attempt, was.Attempt, is.Pardoned, was.Pardoned)
	}
	if was.Reason == queue.CancelledByOperator && is.Reason != was.Reason && is.Accepted == "" && w.act.kind != retrying {
		w.violated(OneState, "task %d was cancelled, and is %s by %v", number, is.Phase, w.act.kind)
	}
	if w.act.kind == verifying && is.State() != was.State() {
		w.violated(OneState, "task %d was %s, and is %s by %v", number, was.State(), is.State(), w.act.kind)
	}
	w.checkAccepted(was, is)
	w.checkBlame(was, is)
	switch {
	case is.Phase == queue.Waiting && (was.Phase == queue.Diverged || was.Phase == queue.Done):
		w.ledger.reopened[is.Task] = true
	case is.Phase == queue.Done || is.Phase == queue.Diverged:
		w.ledger.reopened[is.Task] = false
	}
	if is.Phase != was.Phase {
		switch is.Phase {
		case queue.Diverged:
			w.tally[Divergences]++
		case queue.Failed:
			w.tally[Failed]++
		default:
		}
	}
}

// reverts reports whether the lost lease of a reopened task is revived after the loss
// had closed the task.
func (w *world) reverts(was, is queue.Record) bool {
	return was.Phase == queue.Diverged && is.Accepted != "" &&
		(w.act.kind == syncing || w.act.kind == storing) && is.Attempt > is.Pardoned
}

// checkAccepted checks that an accepted result changes only after a reopened task has run
// again, and only to a result that two attempts agree on.
func (w *world) checkAccepted(was, is queue.Record) {
	if is.Accepted == was.Accepted {
		return
	}
	if was.Accepted == "" {
		w.tally[Accepted]++
		return
	}
	agreed := 0
	for _, a := range w.ledger.attempts[is.Task] {
		if a.Digest == is.Accepted {
			agreed++
		}
	}
	if w.act.kind != syncing || was.Verifying || is.Pardoned == 0 || agreed < 2 || is.Accepted == "" {
		w.violated(Stays, "task %d was %s with %s, is %s with %s; %d agree",
			w.jobOf[is.Task].number, was.Phase, was.Accepted, is.Phase, is.Accepted, agreed)
	}
}

// checkBlame checks that a task fails if and only if its history justifies it.
func (w *world) checkBlame(was, is queue.Record) {
	g := w.ledger.blame(is.Task)
	exhausted := g.exhausted(w.policy)
	number := w.jobOf[is.Task].number
	switch is.Phase {
	case queue.Failed:
		if was.Phase != queue.Failed && !exhausted && w.act.kind != cancelling {
			w.violated(Blame, "task %d failed after %+v: %s", number, g, is.Reason)
		}
	case queue.Waiting, queue.BackingOff, queue.Leased:
		if exhausted {
			w.violated(Blame, "task %d is %s after %+v", number, is.Phase, g)
		}
		if is.Alone != g.alone {
			w.violated(Blame, "task %d must be alone: %t, by its history: %t", number, is.Alone, g.alone)
		}
	default:
	}
}
