package simulate

import (
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// kind is the kind of call that a transaction belongs to.
type kind int

const (
	idle kind = iota
	reading
	ticking
	syncing
	storing
	planning
	deleting
	retrying
	retryingDiverged
	cancelling
	draining
	verifying
	reportingEnds
)

func (k kind) String() string {
	return [...]string{
		"no call", "a read", "a tick", "a Sync", "a checkpoint", "a plan", "a deletion", "a retry",
		"a retry of the diverged", "a cancellation", "a drain", "a verification", "a report of ended workers",
	}[k]
}

// act is the call that a coordinator is executing.
type act struct {
	kind    kind
	by      *coordinator
	call    queue.SyncRequest         // of syncing
	saves   queue.Lease               // of storing
	process string                    // of storing
	ended   func(process string) bool // of reportingEnds
	excused bool                      // of reportingEnds
}

// caller returns the ID of the calling process, or "".
func (a act) caller() string {
	if a.kind == syncing {
		return a.call.ID
	}
	return a.process
}

// during runs do as a call of a kind.
func (w *world) during(a act, do func()) {
	w.act = a
	do()
	w.act = act{}
}

// consistentEvery is the number of transactions between two calls of checkAll.
const consistentEvery = 100

// committed checks a transaction against the history. now is the store's time.
func (w *world) committed(c *written, now time.Time) {
	w.commits++
	before := w.past(c)
	w.noteLosses(c)
	w.ledger.write(c)
	switch w.act.kind {
	case ticking:
		w.checkTick(c, before, now)
	case syncing:
		w.checkCall(c, before)
	case storing:
		w.checkStoring(c, before)
	case reportingEnds:
		w.checkReportedEnds(c, before)
	default:
	}
	for i, a := range c.attempts {
		w.checkAttempt(before.attempts[i], a, before.newest[i])
	}
	for i, r := range c.records {
		w.checkRecord(before.records[i], r)
	}
	for _, r := range c.results {
		if !w.made[r] {
			w.violated(True, "the result %s of task %d was never made", r.digest, w.jobOf[r.task].number)
		}
	}
	if c.announced {
		w.announce()
	}
	if w.commits%consistentEvery == 0 {
		w.checkAll()
	}
}

// past holds the earlier state of the rows that a transaction has written, in its order.
type past struct {
	attempts []queue.Attempt
	newest   []uint64 // newest attempts of their tasks
	records  []queue.Record
	saved    []uint64 // steps of the checkpoints
	caller   queue.Presence
}

func (w *world) past(c *written) (before past) {
	for _, a := range c.attempts {
		old, _ := w.ledger.attempt(a.Lease)
		before.attempts = append(before.attempts, old)
		before.newest = append(before.newest, w.ledger.records[a.Task].Attempt)
	}
	for _, r := range c.records {
		before.records = append(before.records, w.ledger.records[r.Task])
	}
	for _, s := range c.saved {
		before.saved = append(before.saved, w.ledger.checkpoints[s.task])
	}
	before.caller = w.ledger.presences[w.act.caller()]
	return before
}

// noteLosses records how leases are lost, before write applies their loss.
func (w *world) noteLosses(c *written) {
	for _, a := range c.attempts {
		if a.Outcome != queue.Lost {
			delete(w.ledger.losses, a.Lease)
			continue
		}
		if old, _ := w.ledger.attempt(a.Lease); old.Outcome == queue.Lost {
			continue
		}
		if w.act.kind == reportingEnds {
			w.tally[EndedLeases]++
		} else {
			w.tally[LostLeases]++
		}
		w.ledger.losses[a.Lease] = loss{
			alone:   w.ledger.live(a.Process) == 1,
			excused: w.act.excused || w.ledger.extended[a.Process].After(w.ledger.lastSeen[a.Process]),
			saved:   w.ledger.checkpoints[a.Task],
		}
	}
}

// checkCall checks that an old call has no effect other than by its results.
func (w *world) checkCall(c *written, before past) {
	call, old := w.act.call, before.caller
	if call.Sequence > old.Sequence {
		w.ledger.lastSeen[call.ID] = w.now
		return
	}
	w.tally[OldCalls]++
	if len(c.presences) > 0 {
		w.violated(OldCall, "call %d of %s came after %d and took effect", call.Sequence, call.ID, old.Sequence)
	}
	for i, a := range c.attempts {
		if was := before.attempts[i]; was.Attempt == 0 || a.Digest == was.Digest {
			w.violated(OldCall, "call %d of %s came after %d and changed attempt %d of task %d from %q to %q",
				call.Sequence, call.ID, old.Sequence, a.Attempt, w.jobOf[a.Task].number, was.Outcome, a.Outcome)
		}
	}
	for i, r := range c.records {
		brings := func(report queue.Report) bool { return report.Task == r.Task && report.Result != nil }
		if r != before.records[i] && !slices.ContainsFunc(call.Reports, brings) {
			w.violated(OldCall, "call %d of %s came after %d and changed task %d from %+v to %+v",
				call.Sequence, call.ID, old.Sequence, w.jobOf[r.Task].number, before.records[i], r)
		}
	}
}

// checkStoring checks that only the holder of the newest attempt stores checkpoints, and
// only of later steps.
func (w *world) checkStoring(c *written, before past) {
	for i, s := range c.saved {
		if s.step > 0 && s.step <= before.saved[i] {
			w.violated(Fencing, "a checkpoint of task %d of step %d was stored over one of step %d",
				w.jobOf[s.task].number, s.step, before.saved[i])
		}
		a, _ := w.ledger.attempt(w.act.saves)
		if a.Process != w.act.process || w.act.saves.Attempt != w.ledger.records[s.task].Attempt {
			w.violated(Fencing, "a checkpoint of attempt %d of task %d was stored, the newest is %d",
				w.act.saves.Attempt, w.jobOf[s.task].number, w.ledger.records[s.task].Attempt)
		}
		w.log("a checkpoint of task %d, attempt %d, step %d, is stored", w.jobOf[s.task].number, w.act.saves.Attempt, s.step)
		w.tally[Checkpoints]++
		w.ledger.lastSeen[w.act.process] = w.now
	}
}

// checkReportedEnds checks that a report takes leases only from workers that have ended.
// An excused report names the workers of an earlier process of the coordinator, of which
// some may still be frozen.
func (w *world) checkReportedEnds(c *written, before past) {
	for i, a := range c.attempts {
		if a.Outcome != queue.Lost || before.attempts[i].Outcome == queue.Lost {
			continue
		}
		if !w.act.ended(a.Process) || !w.act.excused && w.alive[a.Process] != nil {
			w.violated(Ended, "the lease of task %d, attempt %d, was taken from %s, which has not ended",
				w.jobOf[a.Task].number, a.Attempt, a.Process)
		}
	}
	for _, p := range c.presences {
		if w.act.excused {
			w.ledger.extended[p.ID] = w.now
		}
	}
}

// checkAll checks the whole store for consistency, and against the ledger.
func (w *world) checkAll() {
	known := map[sweep.TaskID]bool{}
	for _, task := range w.ledger.tasks {
		known[task] = true
	}
	for _, fault := range queuetest.Consistent(w.base, known) {
		w.violated(OneState, "%s", fault)
	}
	err := w.base.View(background, func(tx queue.Tx) error {
		for _, task := range w.ledger.tasks {
			r, _, err := tx.Record(task)
			if err != nil {
				return err
			}
			if want := w.ledger.records[task]; r.Phase != want.Phase || r.Attempt != want.Attempt || r.Accepted != want.Accepted {
				w.violated(Nothing, "task %d is %+v, it was written as %+v", w.jobOf[task].number, r, want)
			}
			attempts, err := tx.Attempts(task)
			if err != nil {
				return err
			}
			if !slices.EqualFunc(attempts, w.ledger.attempts[task], sameAttempt) {
				w.violated(Nothing, "the attempts of task %d are %+v, they were written as %+v",
					w.jobOf[task].number, attempts, w.ledger.attempts[task])
			}
			step, err := tx.CheckpointStep(task)
			if err != nil {
				return err
			}
			if want := w.ledger.checkpoints[task]; step != want {
				w.violated(Nothing, "the checkpoint of task %d is of step %d, it was written as %d", w.jobOf[task].number, step, want)
			}
		}
		return nil
	})
	if err != nil {
		w.violated(Nothing, "read the store: %v", err)
	}
}

func sameAttempt(a, b queue.Attempt) bool {
	return a.Lease == b.Lease && a.Process == b.Process && a.Outcome == b.Outcome && a.Digest == b.Digest && a.Step == b.Step
}

// frozenAfter is the gap between ticks from which on the coordinators count as frozen
// (queue.Policy).
const frozenAfter = 5 * time.Second

// jump is a jump of the store's clock.
type jump struct {
	at time.Time
	by time.Duration
}

// jumped adds up the jumps after a time. Jumps that a coordinator noticed are before the
// time at which it extended the leases.
func (w *world) jumped(since time.Time) (sum time.Duration) {
	for _, j := range w.jumps {
		if j.at.After(since) {
			sum += j.by.Abs()
		}
	}
	return sum
}

// checkTick checks that leases expire if and only if their process was silent for a term
// while coordinators were running.
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

// noteAbsence records which processes a tick gives a full term: all if no coordinator
// ticked for a while; at the first tick of a coordinator, those that have called since
// they were last given one.
func (w *world) noteAbsence(now time.Time) (extends bool) {
	l, by := w.ledger, w.act.by
	away := now.Sub(l.lastTick).Abs() >= frozenAfter
	if away {
		w.tally[Awakenings]++
	}
	extends = away || !by.begun
	if extends {
		w.log("%s extends the leases (no coordinator was running: %t)", by.name, away)
	}
	if extends {
		for process := range l.presences {
			if away || !l.extended[process].After(l.lastSeen[process]) {
				l.extended[process] = w.now
			}
		}
	}
	l.lastTick = now
	return extends
}

// silence returns the time for which a process could have called and did not, and the
// jumps of the clock in that time.
func (w *world) silence(process string) (silent, jumped time.Duration) {
	since := later(w.ledger.lastSeen[process], w.ledger.extended[process])
	return w.now.Sub(since), w.jumped(since)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
