package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
)

// frozenAfter is when coordinators count as having been away (queue.Policy).
const frozenAfter = 5 * time.Second

// jump is one of the store's clock.
type jump struct {
	at time.Time
	by time.Duration
}

// jumped adds up the jumps after a time. Those that a coordinator noticed came
// before it found itself away.
func (w *world) jumped(since time.Time) (sum time.Duration) {
	for _, j := range w.jumps {
		if j.at.After(since) {
			sum += j.by.Abs()
		}
	}
	return sum
}

// checkTick: a lease expires when its process has been silent for a term in
// which coordinators were there, and then it does expire.
func (w *world) checkTick(c *written, before past, now time.Time) {
	extends := w.noteAbsence(now)
	for i, a := range c.attempts {
		if a.Outcome != queue.Lost || before.attempts[i].Outcome == queue.Lost {
			continue
		}
		w.log("the lease of task %d, attempt %d, of %s has expired", w.jobOf[a.Task].number, a.Attempt, a.Process)
		if silent, jumped := w.silence(a.Process); silent+jumped < w.policy.LeaseTerm {
			w.violated(LiveLease, "the lease of task %d, attempt %d, of %s expired after a silence of %v",
				w.jobOf[a.Task].number, a.Attempt, a.Process, silent)
		}
	}
	if extends {
		return
	}
	for _, task := range w.ledger.tasks {
		for _, a := range w.ledger.attempts[task] {
			if a.Outcome != queue.Live {
				continue
			}
			if silent, jumped := w.silence(a.Process); silent-jumped > w.policy.LeaseTerm {
				w.violated(DeadLease, "the lease of task %d, attempt %d, of %s lives after a silence of %v",
					w.jobOf[task].number, a.Attempt, a.Process, silent)
			}
		}
	}
}

// noteAbsence: where nobody ticked for a while, all processes have a full term
// from now; where a coordinator begins, those that were heard since they last
// had one.
func (w *world) noteAbsence(now time.Time) (extends bool) {
	l, by := w.ledger, w.act.by
	away := now.Sub(l.lastTick).Abs() >= frozenAfter
	if away {
		w.tally[Awakenings]++
	}
	extends = away || !by.begun
	if extends {
		w.log("%s gives every process a term (all were away: %t)", by.name, away)
	}
	if extends {
		for process := range l.presences {
			if away || !l.extended[process].After(l.heard[process]) {
				l.extended[process] = w.now
			}
		}
	}
	l.lastTick = now
	return extends
}

// silence is how long a process has had reason and occasion to be heard, and by
// how much clocks jumped meanwhile.
func (w *world) silence(process string) (silent, jumped time.Duration) {
	since := later(w.ledger.heard[process], w.ledger.extended[process])
	return w.now.Sub(since), w.jumped(since)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
