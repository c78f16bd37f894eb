package simulate

import (
	"slices"

	"spiqsweep/coordinator/queue"
)

// ways are the changes of a task's phase that the rules know, and the acts that
// make them (coordinator/queue/doc.go).
var ways = map[[2]queue.Phase][]kind{
	{"", queue.Waiting}: {planning},

	{queue.Waiting, queue.Leased}:     {syncing, saving},
	{queue.Waiting, queue.Done}:       {syncing}, // by the result of a lease that had expired
	{queue.Waiting, queue.Diverged}:   {syncing},
	{queue.Waiting, queue.BackingOff}: {syncing},
	{queue.Waiting, queue.Failed}:     {syncing},

	{queue.BackingOff, queue.Waiting}: {ticking},

	{queue.Leased, queue.Done}:       {syncing},
	{queue.Leased, queue.Diverged}:   {syncing, ticking, burying},
	{queue.Leased, queue.BackingOff}: {syncing},
	{queue.Leased, queue.Waiting}:    {syncing, ticking, burying, planning, deleting},
	{queue.Leased, queue.Failed}:     {syncing, ticking, burying},

	{queue.Failed, queue.Waiting}:    {retrying, syncing},
	{queue.Failed, queue.Leased}:     {syncing, saving},
	{queue.Failed, queue.Done}:       {syncing},
	{queue.Failed, queue.Diverged}:   {syncing},
	{queue.Failed, queue.BackingOff}: {syncing},

	{queue.Done, queue.Diverged}: {syncing},
	{queue.Done, queue.Waiting}:  {verifying},

	{queue.Diverged, queue.Waiting}: {retryingDiverged},
}

// stops are the acts that may end what waits or runs: without a result it is set
// aside, otherwise it is as it was before it was reopened.
var stops = map[kind][]queue.Phase{
	cancelling: {queue.Failed, queue.Done, queue.Diverged},
	planning:   {queue.Done, queue.Diverged}, // no sweep wants it any more
	deleting:   {queue.Done, queue.Diverged},
}

func (w *world) mayGo(was, is queue.Record) bool {
	switch was.Phase {
	case queue.Waiting, queue.BackingOff, queue.Leased:
		if slices.Contains(stops[w.act.kind], is.Phase) {
			return (is.Phase == queue.Failed) == (is.Accepted == "")
		}
	default:
	}
	if was.Verifying && !is.Verifying && is.Phase == queue.Done {
		return slices.Contains([]kind{syncing, ticking, burying}, w.act.kind) // verified, or given up
	}
	return slices.Contains(ways[[2]queue.Phase{was.Phase, is.Phase}], w.act.kind) || w.reverts(was, is)
}

// checkRecord: a task goes from state to state as the rules say.
func (w *world) checkRecord(was, is queue.Record) {
	number := w.jobOf[is.Task].number
	if is.Phase != was.Phase {
		w.log("task %d: %s, was %s: %s", number, is.Phase, was.Phase, is.Reason)
		if !w.mayGo(was, is) {
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

// reverts: a lost lease of a reopened task that lives again, after its loss had
// closed the task.
func (w *world) reverts(was, is queue.Record) bool {
	return was.Phase == queue.Diverged && is.Accepted != "" &&
		(w.act.kind == syncing || w.act.kind == saving) && is.Attempt > is.Pardoned
}

// checkAccepted: an accepted result changes only when a reopened task has run
// once more, and then to one that at least two attempts agree on.
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

// checkBlame: a task is given up if and only if its own history justifies it.
func (w *world) checkBlame(was, is queue.Record) {
	g := w.ledger.guilt(is.Task)
	hopeless := g.hopeless(w.policy)
	number := w.jobOf[is.Task].number
	switch is.Phase {
	case queue.Failed:
		if was.Phase != queue.Failed && !hopeless && w.act.kind != cancelling {
			w.violated(Blame, "task %d failed after %+v: %s", number, g, is.Reason)
		}
	case queue.Waiting, queue.BackingOff, queue.Leased:
		if hopeless {
			w.violated(Blame, "task %d is %s after %+v", number, is.Phase, g)
		}
		if is.Alone != g.alone {
			w.violated(Blame, "task %d must be alone: %t, by its history: %t", number, is.Alone, g.alone)
		}
	default:
	}
}
