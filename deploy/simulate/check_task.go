package simulate

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// checkAttempt checks that the current call may change an attempt. newest is the number
// of its task's newest attempt before the call.
func (sim *simulation) checkAttempt(was, is queue.Attempt, newest uint64) {
	if was.Attempt == 0 {
		sim.checkGrant(is)
		return
	}
	sim.checkKept(was, is)
	if is.Digest != was.Digest {
		sim.checkReported(is)
	}
	if is.Outcome == was.Outcome {
		return
	}
	if is.Outcome != queue.Late && is.Attempt != newest {
		sim.violated(Fencing, "attempt %d of task %d is %q, the newest is %d", is.Attempt, sim.jobOf[is.Task].number, is.Outcome, newest)
	}
	if may := outcomes[is.Outcome]; !may(sim, is) {
		sim.violated(Fencing, "attempt %d of task %d, of %s, is %q by %v of %q",
			is.Attempt, sim.jobOf[is.Task].number, is.Process, is.Outcome, sim.currentCall.kind, sim.currentCall.caller())
	}
	sim.count(is)
}

// checkKept checks that a call keeps the immutable part of an attempt.
func (sim *simulation) checkKept(was, is queue.Attempt) {
	same := is.Process == was.Process && is.Host == was.Host && is.GrantedAt.Equal(was.GrantedAt)
	grown := is.Step >= was.Step && (is.Started || !was.Started) && (was.Digest == "" || is.Digest == was.Digest)
	final := true
	switch was.Outcome {
	case queue.Live, queue.Lost, queue.Withdrawn, queue.Cancelled:
		final = false
	default:
	}
	if was.Outcome == queue.Cancelled { // a result is still accepted
		final = is.Outcome != queue.Accepted && is.Outcome != queue.Late
	}
	if !same || !grown || final && is.Outcome != was.Outcome {
		sim.violated(NothingLost, "attempt %d of task %d was %+v, is %+v", is.Attempt, sim.jobOf[is.Task].number, was, is)
	}
}

// outcomes maps each outcome to a function that reports whether the current call may give
// it to an attempt.
var outcomes = map[queue.Outcome]func(*simulation, queue.Attempt) bool{
	queue.Live: func(sim *simulation, a queue.Attempt) bool {
		return sim.currentCall.caller() == a.Process && (sim.currentCall.kind == syncing || sim.currentCall.kind == storing)
	},
	queue.Accepted: (*simulation).byResult,
	queue.Late:     (*simulation).byResult,
	queue.Verified: func(sim *simulation, a queue.Attempt) bool {
		return sim.byResult(a) && a.Digest == sim.history.records[a.Task].Accepted
	},
	queue.Differed: func(sim *simulation, a queue.Attempt) bool {
		return sim.byResult(a) && a.Digest != sim.history.records[a.Task].Accepted
	},
	queue.AttemptFailed: func(sim *simulation, a queue.Attempt) bool {
		if !sim.failures[a.Lease] {
			sim.violated(Blame, "attempt %d of task %d is marked as failed, and did not fail: %s", a.Attempt, sim.jobOf[a.Task].number, a.Reason)
		}
		return sim.byHolder(a)
	},
	queue.HandedBack: func(sim *simulation, a queue.Attempt) bool {
		return sim.byHolder(a) && (sim.currentCall.call.Draining || sim.handsBack(a.Lease) || sim.history.stopped(a.Task, sim.now.Add(sim.offset)))
	},
	queue.Lost: func(sim *simulation, _ queue.Attempt) bool {
		return sim.currentCall.kind == ticking || sim.currentCall.kind == reportingEnds
	},
	queue.Withdrawn: func(sim *simulation, _ queue.Attempt) bool {
		return sim.currentCall.kind == planning || sim.currentCall.kind == deleting
	},
	queue.Cancelled: func(sim *simulation, _ queue.Attempt) bool { return sim.currentCall.kind == cancelling },
}

// byHolder reports whether the holder of an attempt makes the current call.
func (sim *simulation) byHolder(a queue.Attempt) bool {
	return sim.currentCall.kind == syncing && sim.currentCall.call.ID == a.Process
}

func (sim *simulation) byResult(a queue.Attempt) bool { return sim.byHolder(a) && a.Digest != "" }

// count counts the outcome of an attempt.
func (sim *simulation) count(a queue.Attempt) {
	events := map[queue.Outcome]Event{
		queue.Live: Revived, queue.HandedBack: HandedBack, queue.Withdrawn: Withdrawn, queue.Cancelled: Cancelled,
		queue.Verified: Verified, queue.Differed: Verified,
	}
	if e, ok := events[a.Outcome]; ok {
		sim.tally[e]++
	}
}

// handsBack reports whether the current call hands a lease back.
func (sim *simulation) handsBack(l queue.Lease) bool {
	return slices.ContainsFunc(sim.currentCall.call.Reports, func(r queue.Report) bool { return r.Lease == l && r.HandBack != nil })
}

// checkGrant checks that a new call of a process that may take work was granted a task.
func (sim *simulation) checkGrant(a queue.Attempt) {
	sim.tally[Grants]++
	number, r := sim.jobOf[a.Task].number, sim.history.records[a.Task]
	for _, other := range sim.history.attempts[a.Task] {
		if other.Attempt != a.Attempt && other.Outcome == queue.Live {
			sim.violated(OneAttempt, "task %d has the live attempts %d and %d", number, other.Attempt, a.Attempt)
		}
	}
	if a.Attempt != r.Attempt || sim.currentCall.kind != syncing || a.Process != sim.currentCall.call.ID || sim.currentCall.call.Draining {
		sim.violated(Fencing, "attempt %d of task %d was granted to %s by a call of %q", a.Attempt, number, a.Process, sim.currentCall.caller())
	}
	if sim.history.presences[a.Process].Leaving {
		sim.violated(Leaving, "%s was asked to leave and is granted task %d", a.Process, number)
	}
	if sim.history.stopped(a.Task, sim.now.Add(sim.offset)) {
		sim.violated(Limits, "task %d, of which every sweep is paused or out of time, is granted to %s", number, a.Process)
	}
	if r.Accepted != "" && !sim.history.reopened[a.Task] {
		sim.violated(TrainedAgain, "task %d has a result and is granted as attempt %d", number, a.Attempt)
	}
}

// checkReported checks that a result is stored under the lease whose holder reported it.
func (sim *simulation) checkReported(a queue.Attempt) {
	for _, report := range sim.currentCall.call.Reports {
		if report.Lease == a.Lease && report.Result != nil && report.Result.Digest == a.Digest {
			switch a.Outcome {
			case queue.Accepted, queue.Verified, queue.Differed:
			default:
				sim.tally[LateResults]++
			}
			return
		}
	}
	sim.violated(Fencing, "the result of attempt %d of task %d was not reported by its holder %s under it", a.Attempt, sim.jobOf[a.Task].number, a.Process)
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

// stops holds the calls that may end a waiting or running task, and the phases that
// follow. A task without a result fails; a reopened one returns to its earlier phase.
var stops = map[kind][]queue.Phase{
	cancelling: {queue.Failed, queue.Done, queue.Diverged},
	planning:   {queue.Done, queue.Diverged}, // no sweep wants the task any more
	deleting:   {queue.Done, queue.Diverged},
}

func (sim *simulation) allowed(was, is queue.Record) bool {
	switch was.Phase {
	case queue.Waiting, queue.BackingOff, queue.Leased:
		if slices.Contains(stops[sim.currentCall.kind], is.Phase) {
			return (is.Phase == queue.Failed) == (is.Accepted == "")
		}
	default:
	}
	if was.Verifying && !is.Verifying && is.Phase == queue.Done {
		return slices.Contains([]kind{syncing, ticking, reportingEnds}, sim.currentCall.kind) // verified, or not verifiable
	}
	return slices.Contains(transitions[[2]queue.Phase{was.Phase, is.Phase}], sim.currentCall.kind) || sim.revives(was, is)
}

// checkRecord checks that the current call may change a task as it did.
func (sim *simulation) checkRecord(was, is queue.Record) {
	number := sim.jobOf[is.Task].number
	if is.Phase != was.Phase {
		sim.log("task %d: %s, was %s: %s", number, is.Phase, was.Phase, is.Reason)
		if !sim.allowed(was, is) {
			sim.violated(OneState, "task %d went from %q to %q by %v", number, was.Phase, is.Phase, sim.currentCall.kind)
		}
	}
	if is.Attempt < was.Attempt || is.Attempt > was.Attempt+1 || is.Pardoned < was.Pardoned {
		sim.violated(Fencing, "task %d: attempt %d after %d, pardoned %d after %d", number, is.Attempt, was.Attempt, is.Pardoned, was.Pardoned)
	}
	if was.Reason == queue.CancelledByOperator && is.Reason != was.Reason && is.Accepted == "" && sim.currentCall.kind != retrying {
		sim.violated(OneState, "task %d was cancelled, and is %s by %v", number, is.Phase, sim.currentCall.kind)
	}
	if sim.currentCall.kind == verifying && is.State() != was.State() {
		sim.violated(OneState, "task %d was %s, and is %s by %v", number, was.State(), is.State(), sim.currentCall.kind)
	}
	sim.checkAccepted(was, is)
	sim.checkBlame(was, is)
	switch {
	case is.Phase == queue.Waiting && (was.Phase == queue.Diverged || was.Phase == queue.Done):
		sim.history.reopened[is.Task] = true
	case is.Phase == queue.Done || is.Phase == queue.Diverged:
		sim.history.reopened[is.Task] = false
	}
	if is.Phase != was.Phase {
		switch is.Phase {
		case queue.Diverged:
			sim.tally[Divergences]++
		case queue.Failed:
			sim.tally[Failed]++
		default:
		}
	}
}

// revives reports whether a call revives the lost lease of a reopened task that diverged
// again because of the loss.
func (sim *simulation) revives(was, is queue.Record) bool {
	return was.Phase == queue.Diverged && is.Accepted != "" &&
		(sim.currentCall.kind == syncing || sim.currentCall.kind == storing) && is.Attempt > is.Pardoned
}

// checkAccepted checks that an accepted result changes only when a reopened task has run
// again, and only to a result that two attempts reported.
func (sim *simulation) checkAccepted(was, is queue.Record) {
	if is.Accepted == was.Accepted {
		return
	}
	if was.Accepted == "" {
		sim.tally[Accepted]++
		return
	}
	agreed := 0
	for _, a := range sim.history.attempts[is.Task] {
		if a.Digest == is.Accepted {
			agreed++
		}
	}
	if sim.currentCall.kind != syncing || was.Verifying || is.Pardoned == 0 || agreed < 2 || is.Accepted == "" {
		sim.violated(ResultKept, "task %d was %s with %s, is %s with %s; %d agree",
			sim.jobOf[is.Task].number, was.Phase, was.Accepted, is.Phase, is.Accepted, agreed)
	}
}

// checkBlame checks that a task fails if and only if its history justifies it.
func (sim *simulation) checkBlame(was, is queue.Record) {
	b := sim.history.blame(is.Task)
	exhausted := b.exhausted(sim.policy)
	number := sim.jobOf[is.Task].number
	switch is.Phase {
	case queue.Failed:
		if was.Phase != queue.Failed && !exhausted && sim.currentCall.kind != cancelling {
			sim.violated(Blame, "task %d failed after %+v: %s", number, b, is.Reason)
		}
	case queue.Waiting, queue.BackingOff, queue.Leased:
		if exhausted {
			sim.violated(Blame, "task %d is %s after %+v", number, is.Phase, b)
		}
		if is.Exclusive != b.exclusive {
			sim.violated(Blame, "task %d is exclusive: %t, by its history: %t", number, is.Exclusive, b.exclusive)
		}
	default:
	}
}
