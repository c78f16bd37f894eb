package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// ledger is the history as the simulation has observed it: the committed rows, when each
// process last called, and how leases were lost.
type ledger struct {
	tasks       []sweep.TaskID // all tasks ever planned
	records     map[sweep.TaskID]queue.Record
	attempts    map[sweep.TaskID][]queue.Attempt
	presences   map[string]queue.Presence
	checkpoints map[sweep.TaskID]uint64
	sweeps      map[string]map[sweep.TaskID]bool // the tasks of the current plan, by ID of the sweep
	plans       map[string]map[sweep.TaskID]bool // by key of the plan, drafts included

	lastSeen map[string]time.Time // true time of the newest call of a process that took effect
	extended map[string]time.Time // true time when a process was last given a term without a call
	lastTick time.Time            // of any coordinator, by the store's clock
	losses   map[queue.Lease]loss
	// reproducible marks attempts that failed as every other would.
	reproducible map[queue.Lease]bool
	reopened     map[sweep.TaskID]bool // tasks that run again though a result is accepted
}

// loss is what decides whether a lost lease counts against its task.
type loss struct {
	alone   bool // its process held no other lease
	excused bool // the coordinators were not running since the last call of the process
	saved   uint64
}

func newLedger() *ledger {
	return &ledger{
		records: map[sweep.TaskID]queue.Record{}, attempts: map[sweep.TaskID][]queue.Attempt{},
		presences: map[string]queue.Presence{}, checkpoints: map[sweep.TaskID]uint64{},
		sweeps: map[string]map[sweep.TaskID]bool{}, plans: map[string]map[sweep.TaskID]bool{}, lastSeen: map[string]time.Time{}, extended: map[string]time.Time{},
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

// open counts the wanted tasks that are not finished.
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

// in counts the wanted tasks in a phase.
func (l *ledger) in(phase queue.Phase) (n int) {
	for _, task := range l.tasks {
		if l.records[task].Phase == phase && l.wanted(task) {
			n++
		}
	}
	return n
}

// write applies a committed transaction.
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
		case p.task != "" && p.removed:
			delete(l.plans[p.plan], p.task)
		case p.task != "":
			l.plans[p.plan][p.task] = true
		case p.removed:
			delete(l.sweeps, p.sweep)
		default:
			l.sweeps[p.sweep] = l.plans[p.plan]
		}
	}
}

// blame applies the rules of DESIGN.md, section 5.3, to a task's attempts, from what the
// simulation observed rather than from what is stored.
func (l *ledger) blame(task sweep.TaskID) (g blame) {
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

// blame counts the attempts that speak against a task.
type blame struct {
	failures, repeats, losses int  // repeats: failures with the same message
	reproducible, alone       bool // alone: the task may be the cause of a loss
}

// maxRepeats is the default of queue.Policy.
const maxRepeats = 2

func (g blame) exhausted(p queue.Policy) bool {
	return g.reproducible || g.repeats >= maxRepeats || g.failures >= p.MaxAttempts || g.losses >= p.MaxLosses
}
