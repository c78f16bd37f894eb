package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// history is what the simulation has observed: the committed rows, when each process last
// called, and how leases were lost.
type history struct {
	tasks       []sweep.TaskID // all tasks ever planned
	records     map[sweep.TaskID]queue.Record
	attempts    map[sweep.TaskID][]queue.Attempt
	presences   map[string]queue.Presence
	checkpoints map[sweep.TaskID]uint64
	sweeps      map[string]costs           // of the current plan, by ID of the sweep
	plans       map[string]costs           // by key of the plan, drafts included
	limits      map[string]queue.Limits    // by ID of the sweep
	available   map[sweep.TaskID]time.Time // true time since when any process could be granted a task

	lastSeen map[string]time.Time // true time of the newest call of a process that took effect
	extended map[string]time.Time // true time when a process was last given a term without a call
	lastTick time.Time            // of any coordinator, by the store's clock
	losses   map[queue.Lease]loss
	// reproducible marks attempts whose failure was reported as reproducible.
	reproducible map[queue.Lease]bool
	reopened     map[sweep.TaskID]bool // tasks that run again though a result is accepted
}

// loss holds the facts that decide whether a lost lease counts against its task.
type loss struct {
	alone   bool // its process held no other lease
	excused bool // the coordinators were not running since the last call of the process
	saved   uint64
}

func newHistory() *history {
	return &history{
		records: map[sweep.TaskID]queue.Record{}, attempts: map[sweep.TaskID][]queue.Attempt{},
		presences: map[string]queue.Presence{}, checkpoints: map[sweep.TaskID]uint64{},
		sweeps: map[string]costs{}, plans: map[string]costs{}, limits: map[string]queue.Limits{}, available: map[sweep.TaskID]time.Time{},
		lastSeen: map[string]time.Time{}, extended: map[string]time.Time{},
		losses: map[queue.Lease]loss{}, reproducible: map[queue.Lease]bool{}, reopened: map[sweep.TaskID]bool{},
	}
}

func (h *history) attempt(of queue.Lease) (queue.Attempt, bool) {
	all := h.attempts[of.Task]
	if of.Attempt == 0 || of.Attempt > uint64(len(all)) {
		return queue.Attempt{}, false
	}
	return all[of.Attempt-1], true
}

// live counts the live leases of a process.
func (h *history) live(process string) (n int) {
	for _, task := range h.tasks {
		for _, a := range h.attempts[task] {
			if a.Outcome == queue.Live && a.Process == process {
				n++
			}
		}
	}
	return n
}

// open counts the unfinished tasks of current plans.
func (h *history) open() (n int) {
	for _, task := range h.tasks {
		switch h.records[task].Phase {
		case queue.Waiting, queue.BackingOff, queue.Leased:
			if h.wanted(task) {
				n++
			}
		default:
		}
	}
	return n
}

func (h *history) wanted(task sweep.TaskID) bool {
	for _, tasks := range h.sweeps {
		if tasks.has(task) {
			return true
		}
	}
	return false
}

// stopped reports whether no sweep that refers to a task may run it at a time of the store.
func (h *history) stopped(task sweep.TaskID, now time.Time) bool {
	for id, tasks := range h.sweeps {
		l := h.limits[id]
		if tasks.has(task) && !l.Paused && (l.Until.IsZero() || now.Before(l.Until)) {
			return false
		}
	}
	return true
}

// timed reports whether a sweep has a time by which it ends.
func (h *history) timed() bool {
	for _, l := range h.limits {
		if !l.Until.IsZero() {
			return true
		}
	}
	return false
}

// in counts the tasks of current plans in a phase.
func (h *history) in(phase queue.Phase) (n int) {
	for _, task := range h.tasks {
		if h.records[task].Phase == phase && h.wanted(task) {
			n++
		}
	}
	return n
}

// apply adds the writes of a committed transaction.
func (h *history) apply(t *written) {
	for _, r := range t.records {
		if _, known := h.records[r.Task]; !known {
			h.tasks = append(h.tasks, r.Task)
		}
		h.records[r.Task] = r
	}
	for _, a := range t.attempts {
		if _, known := h.attempt(a.Lease); known {
			h.attempts[a.Task][a.Attempt-1] = a
		} else {
			h.attempts[a.Task] = append(h.attempts[a.Task], a)
		}
	}
	for _, p := range t.presences {
		h.presences[p.ID] = p
	}
	for _, s := range t.saved {
		h.checkpoints[s.task] = s.step
	}
	for _, p := range t.planChanges {
		if h.plans[p.plan] == nil {
			h.plans[p.plan] = costs{}
		}
		switch {
		case p.task != "" && p.removed:
			delete(h.plans[p.plan], p.task)
		case p.task != "":
			h.plans[p.plan][p.task] = p.cost
		case p.removed:
			delete(h.sweeps, p.sweep)
			delete(h.limits, p.sweep)
		default:
			h.sweeps[p.sweep], h.limits[p.sweep] = h.plans[p.plan], p.limits
		}
	}
}

// blame applies the rules of DESIGN.md, section 5.3, to the attempts of a task. It uses
// the losses that the simulation observed, not those that the store holds.
func (h *history) blame(task sweep.TaskID) (b blame) {
	reached, messages := uint64(0), map[string]int{}
	for _, a := range h.attempts[task] {
		if a.Attempt <= h.records[task].Pardoned {
			continue
		}
		switch a.Outcome {
		case queue.AttemptFailed:
			b.failures++
			messages[a.Reason]++
			b.repeats = max(b.repeats, messages[a.Reason])
			b.reproducible = b.reproducible || h.reproducible[a.Lease]
			reached = 0
		case queue.Lost:
			lost := h.losses[a.Lease]
			if a.Started && !lost.excused && lost.saved <= reached {
				b.exclusive = true
				if lost.alone {
					b.losses++
				}
			}
			reached = lost.saved
		default:
		}
	}
	return b
}

// blame counts the attempts that count against a task.
type blame struct {
	failures, repeats, losses int  // repeats: failures with the same message
	reproducible, exclusive   bool // exclusive: the task may be the cause of a loss
}

// exhausted reports whether the task must fail.
func (b blame) exhausted(p queue.Policy) bool {
	return b.reproducible || b.repeats >= p.MaxRepeats || b.failures >= p.MaxAttempts || b.losses >= p.MaxLosses
}
