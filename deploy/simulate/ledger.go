package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// ledger is what the simulation knows to be committed, kept from the writes that
// it saw, and what it knows besides: who was heard when, and why leases ended.
type ledger struct {
	tasks       []sweep.TaskID // that were ever planned
	records     map[sweep.TaskID]queue.Record
	attempts    map[sweep.TaskID][]queue.Attempt
	presences   map[string]queue.Presence
	checkpoints map[sweep.TaskID]uint64
	sweeps      map[string]map[sweep.TaskID]bool // by ID: the tasks of the plan that it has now
	plans       map[string]map[sweep.TaskID]bool // by key, those that are written or taken away included

	heard    map[string]time.Time // newest call of a process that was obeyed, by the true time
	extended map[string]time.Time // last time that a process was given a term unheard
	lastTick time.Time            // of any coordinator, by the store's clock
	losses   map[queue.Lease]loss
	// reproducible are the attempts that failed as every other would.
	reproducible map[queue.Lease]bool
	reopened     map[sweep.TaskID]bool // though a result is accepted
}

// loss is how a lease came to its end, as far as blame is concerned.
type loss struct {
	alone   bool // its process held nothing else
	excused bool // a coordinator had been away since the process was heard
	saved   uint64
}

func newLedger() *ledger {
	return &ledger{
		records: map[sweep.TaskID]queue.Record{}, attempts: map[sweep.TaskID][]queue.Attempt{},
		presences: map[string]queue.Presence{}, checkpoints: map[sweep.TaskID]uint64{},
		sweeps: map[string]map[sweep.TaskID]bool{}, plans: map[string]map[sweep.TaskID]bool{}, heard: map[string]time.Time{}, extended: map[string]time.Time{},
		losses: map[queue.Lease]loss{}, reproducible: map[queue.Lease]bool{}, reopened: map[sweep.TaskID]bool{},
	}
}

func (l *ledger) attempt(of queue.Lease) (queue.Attempt, bool) {
	all := l.attempts[of.Task]
	if of.Attempt == 0 || of.Attempt > uint64(len(all)) {
		return queue.Attempt{}, false
	}
	return all[of.Attempt-1], true
}

// live counts the leases of a process.
func (l *ledger) live(process string) (n int) {
	for _, task := range l.tasks {
		for _, a := range l.attempts[task] {
			if a.Outcome == queue.Live && a.Process == process {
				n++
			}
		}
	}
	return n
}

// open counts what may still be trained.
func (l *ledger) open() (n int) {
	for _, task := range l.tasks {
		switch l.records[task].Phase {
		case queue.Waiting, queue.BackingOff, queue.Leased:
			if l.wanted(task) {
				n++
			}
		default:
		}
	}
	return n
}

func (l *ledger) wanted(task sweep.TaskID) bool {
	for _, tasks := range l.sweeps {
		if tasks[task] {
			return true
		}
	}
	return false
}

// in counts the wanted tasks of a phase.
func (l *ledger) in(phase queue.Phase) (n int) {
	for _, task := range l.tasks {
		if l.records[task].Phase == phase && l.wanted(task) {
			n++
		}
	}
	return n
}

// write applies what was committed.
func (l *ledger) write(w *written) {
	for _, r := range w.records {
		if _, known := l.records[r.Task]; !known {
			l.tasks = append(l.tasks, r.Task)
		}
		l.records[r.Task] = r
	}
	for _, a := range w.attempts {
		if _, known := l.attempt(a.Lease); known {
			l.attempts[a.Task][a.Attempt-1] = a
		} else {
			l.attempts[a.Task] = append(l.attempts[a.Task], a)
		}
	}
	for _, p := range w.presences {
		l.presences[p.ID] = p
	}
	for _, s := range w.saved {
		l.checkpoints[s.task] = s.step
	}
	for _, p := range w.places {
		if l.plans[p.plan] == nil {
			l.plans[p.plan] = map[sweep.TaskID]bool{}
		}
		switch {
		case p.task != "" && p.gone:
			delete(l.plans[p.plan], p.task)
		case p.task != "":
			l.plans[p.plan][p.task] = true
		case p.gone:
			delete(l.sweeps, p.sweep)
		default:
			l.sweeps[p.sweep] = l.plans[p.plan]
		}
	}
}

// guilt judges a task's attempts as DESIGN.md, section 5.3, says, from what the
// simulation saw rather than from what was stored.
func (l *ledger) guilt(task sweep.TaskID) (g guilt) {
	reached, messages := uint64(0), map[string]int{}
	for _, a := range l.attempts[task] {
		if a.Attempt <= l.records[task].Pardoned {
			continue
		}
		switch a.Outcome {
		case queue.AttemptFailed:
			g.failures++
			messages[a.Reason]++
			g.repeats = max(g.repeats, messages[a.Reason])
			g.reproducible = g.reproducible || l.reproducible[a.Lease]
			reached = 0
		case queue.Lost:
			lost := l.losses[a.Lease]
			if a.Started && !lost.excused && lost.saved <= reached {
				g.alone = true
				if lost.alone {
					g.losses++
				}
			}
			reached = lost.saved
		default:
		}
	}
	return g
}

// guilt is what the attempts of a task say against it.
type guilt struct {
	failures, repeats, losses int  // repeats: failures with one message
	reproducible, alone       bool // alone: it may end its process
}

// maxRepeats is the default of the queue's policy.
const maxRepeats = 2

func (g guilt) hopeless(p queue.Policy) bool {
	return g.reproducible || g.repeats >= maxRepeats || g.failures >= p.MaxAttempts || g.losses >= p.MaxLosses
}
