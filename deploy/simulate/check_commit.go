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
	pausing
	verifying
	reportingEnds
)

func (k kind) String() string {
	return [...]string{
		"no call", "a read", "a tick", "a Sync", "a checkpoint", "a plan", "a deletion", "a retry",
		"a retry of the diverged", "a cancellation", "a drain", "a pause", "a verification", "a report of ended workers",
	}[k]
}

// currentCall is the call that a coordinator is executing.
type currentCall struct {
	kind    kind
	by      *coordinator
	call    queue.SyncRequest         // of syncing
	saves   queue.Lease               // of storing
	process string                    // of storing
	ended   func(process string) bool // of reportingEnds
	excused bool                      // of reportingEnds
}

// caller returns the ID of the calling process, or "".
func (a currentCall) caller() string {
	if a.kind == syncing {
		return a.call.ID
	}
	return a.process
}

// execute runs do as the current call.
func (sim *simulation) execute(a currentCall, do func()) {
	sim.currentCall = a
	do()
	sim.currentCall = currentCall{}
}

// consistentEvery is the number of transactions between two calls of checkAll.
const consistentEvery = 100

// committed checks a transaction against the history. now is the store's time.
func (sim *simulation) committed(c *written, now time.Time) {
	sim.commits++
	before := sim.previous(c)
	sim.recordLosses(c)
	sim.history.apply(c)
	sim.history.noteAvailable(sim.now)
	switch sim.currentCall.kind {
	case ticking:
		sim.checkTick(c, before, now)
	case syncing:
		sim.checkCall(c, before)
		sim.checkTimeLeft(c, before)
	case storing:
		sim.checkStoring(c, before)
	case reportingEnds:
		sim.checkReportedEnds(c, before)
	default:
	}
	for i, a := range c.attempts {
		sim.checkAttempt(before.attempts[i], a, before.newest[i])
	}
	for i, r := range c.records {
		sim.checkRecord(before.records[i], r)
	}
	for _, r := range c.results {
		if !sim.made[r] {
			sim.violated(TrueResults, "the result %s of task %d was never made", r.digest, sim.jobOf[r.task].number)
		}
	}
	if c.announced {
		sim.announce()
	}
	if sim.commits%consistentEvery == 0 {
		sim.checkAll()
	}
}

// previous holds the earlier state of the rows that a transaction has written, in its
// order.
type previous struct {
	attempts []queue.Attempt
	newest   []uint64 // newest attempts of their tasks
	records  []queue.Record
	saved    []uint64 // steps of the checkpoints
	caller   queue.Presence
}

func (sim *simulation) previous(c *written) (before previous) {
	for _, a := range c.attempts {
		old, _ := sim.history.attempt(a.Lease)
		before.attempts = append(before.attempts, old)
		before.newest = append(before.newest, sim.history.records[a.Task].Attempt)
	}
	for _, r := range c.records {
		before.records = append(before.records, sim.history.records[r.Task])
	}
	for _, s := range c.saved {
		before.saved = append(before.saved, sim.history.checkpoints[s.task])
	}
	before.caller = sim.history.presences[sim.currentCall.caller()]
	return before
}

// recordLosses records how leases are lost. It must run before history.apply.
func (sim *simulation) recordLosses(c *written) {
	for _, a := range c.attempts {
		if a.Outcome != queue.Lost {
			delete(sim.history.losses, a.Lease)
			continue
		}
		if old, _ := sim.history.attempt(a.Lease); old.Outcome == queue.Lost {
			continue
		}
		if sim.currentCall.kind == reportingEnds {
			sim.tally[EndedLeases]++
		} else {
			sim.tally[LostLeases]++
		}
		sim.history.losses[a.Lease] = loss{
			alone:   sim.history.live(a.Process) == 1,
			excused: sim.currentCall.excused || sim.history.extended[a.Process].After(sim.history.lastSeen[a.Process]),
			saved:   sim.history.checkpoints[a.Task],
		}
	}
}

// checkCall checks that an old call has no effect other than by its results.
func (sim *simulation) checkCall(c *written, before previous) {
	call, old := sim.currentCall.call, before.caller
	if call.Sequence > old.Sequence {
		sim.history.lastSeen[call.ID] = sim.now
		return
	}
	sim.tally[OldCalls]++
	if len(c.presences) > 0 {
		sim.violated(OldCall, "call %d of %s came after %d and took effect", call.Sequence, call.ID, old.Sequence)
	}
	for i, a := range c.attempts {
		if was := before.attempts[i]; was.Attempt == 0 || a.Digest == was.Digest {
			sim.violated(OldCall, "call %d of %s came after %d and changed attempt %d of task %d from %q to %q",
				call.Sequence, call.ID, old.Sequence, a.Attempt, sim.jobOf[a.Task].number, was.Outcome, a.Outcome)
		}
	}
	for i, r := range c.records {
		brings := func(report queue.Report) bool { return report.Task == r.Task && report.Result != nil }
		if r != before.records[i] && !slices.ContainsFunc(call.Reports, brings) {
			sim.violated(OldCall, "call %d of %s came after %d and changed task %d from %+v to %+v",
				call.Sequence, call.ID, old.Sequence, sim.jobOf[r.Task].number, before.records[i], r)
		}
	}
}

// checkStoring checks that only the holder of the newest attempt stores checkpoints, and
// only of later steps.
func (sim *simulation) checkStoring(c *written, before previous) {
	for i, s := range c.saved {
		if s.step > 0 && s.step <= before.saved[i] {
			sim.violated(Fencing, "a checkpoint of task %d of step %d was stored over one of step %d",
				sim.jobOf[s.task].number, s.step, before.saved[i])
		}
		a, _ := sim.history.attempt(sim.currentCall.saves)
		if a.Process != sim.currentCall.process || sim.currentCall.saves.Attempt != sim.history.records[s.task].Attempt {
			sim.violated(Fencing, "a checkpoint of attempt %d of task %d was stored, the newest is %d",
				sim.currentCall.saves.Attempt, sim.jobOf[s.task].number, sim.history.records[s.task].Attempt)
		}
		sim.log("a checkpoint of task %d, attempt %d, step %d, is stored", sim.jobOf[s.task].number, sim.currentCall.saves.Attempt, s.step)
		sim.tally[Checkpoints]++
		sim.history.lastSeen[sim.currentCall.process] = sim.now
	}
}

// checkReportedEnds checks that a report takes leases only from workers that have ended.
// An excused report names the workers of an earlier process of the coordinator. Some of
// them may still be frozen.
func (sim *simulation) checkReportedEnds(c *written, before previous) {
	for i, a := range c.attempts {
		if a.Outcome != queue.Lost || before.attempts[i].Outcome == queue.Lost {
			continue
		}
		if !sim.currentCall.ended(a.Process) || !sim.currentCall.excused && sim.alive[a.Process] != nil {
			sim.violated(Ended, "the lease of task %d, attempt %d, was taken from %s, which has not ended",
				sim.jobOf[a.Task].number, a.Attempt, a.Process)
		}
	}
	for _, p := range c.presences {
		if sim.currentCall.excused {
			sim.history.extended[p.ID] = sim.now
		}
	}
}

// checkAll checks the whole store for consistency, and against the history.
func (sim *simulation) checkAll() {
	known := map[sweep.TaskID]bool{}
	for _, task := range sim.history.tasks {
		known[task] = true
	}
	for _, fault := range queuetest.Consistent(sim.base, known) {
		sim.violated(OneState, "%s", fault)
	}
	err := sim.base.View(background, func(tx queue.Tx) error {
		for _, task := range sim.history.tasks {
			r, _, err := tx.Record(task)
			if err != nil {
				return err
			}
			if want := sim.history.records[task]; r.Phase != want.Phase || r.Attempt != want.Attempt || r.Accepted != want.Accepted {
				sim.violated(NothingLost, "task %d is %+v, it was written as %+v", sim.jobOf[task].number, r, want)
			}
			attempts, err := tx.Attempts(task)
			if err != nil {
				return err
			}
			if !slices.EqualFunc(attempts, sim.history.attempts[task], sameAttempt) {
				sim.violated(NothingLost, "the attempts of task %d are %+v, they were written as %+v",
					sim.jobOf[task].number, attempts, sim.history.attempts[task])
			}
			step, err := tx.CheckpointStep(task)
			if err != nil {
				return err
			}
			if want := sim.history.checkpoints[task]; step != want {
				sim.violated(NothingLost, "the checkpoint of task %d is of step %d, it was written as %d", sim.jobOf[task].number, step, want)
			}
		}
		return nil
	})
	if err != nil {
		sim.violated(NothingLost, "read the store: %v", err)
	}
}

func sameAttempt(a, b queue.Attempt) bool {
	return a.Lease == b.Lease && a.Process == b.Process && a.Outcome == b.Outcome && a.Digest == b.Digest && a.Step == b.Step
}

// jump is a jump of the store's clock.
type jump struct {
	at time.Time
	by time.Duration
}

// jumped adds up the jumps after a time. A jump that a coordinator noticed is not after
// the extension of the leases that followed it.
func (sim *simulation) jumped(since time.Time) (sum time.Duration) {
	for _, j := range sim.jumps {
		if j.at.After(since) {
			sum += j.by.Abs()
		}
	}
	return sum
}

// checkTick checks that leases expire if and only if their process was silent for a term
// while coordinators were running.
func (sim *simulation) checkTick(c *written, before previous, now time.Time) {
	extends := sim.recordAbsence(now)
	for i, a := range c.attempts {
		if a.Outcome != queue.Lost || before.attempts[i].Outcome == queue.Lost {
			continue
		}
		sim.log("the lease of task %d, attempt %d, of %s has expired", sim.jobOf[a.Task].number, a.Attempt, a.Process)
		if silent, jumped := sim.silence(a.Process); silent+jumped < sim.policy.LeaseTerm {
			sim.violated(LiveLease, "the lease of task %d, attempt %d, of %s expired after a silence of %v",
				sim.jobOf[a.Task].number, a.Attempt, a.Process, silent)
		}
	}
	if extends {
		return
	}
	for _, task := range sim.history.tasks {
		for _, a := range sim.history.attempts[task] {
			if a.Outcome != queue.Live {
				continue
			}
			if silent, jumped := sim.silence(a.Process); silent-jumped > sim.policy.LeaseTerm {
				sim.violated(DeadLease, "the lease of task %d, attempt %d, of %s lives after a silence of %v",
					sim.jobOf[task].number, a.Attempt, a.Process, silent)
			}
		}
	}
}

// recordAbsence records which processes a tick gives a full term: all of them if no
// coordinator ticked for a while; at the first tick of a coordinator, those that have
// called since they were last given one. It reports whether the tick gives any.
func (sim *simulation) recordAbsence(now time.Time) (extends bool) {
	h, by := sim.history, sim.currentCall.by
	away := now.Sub(h.lastTick).Abs() >= sim.policy.FrozenAfter
	if away {
		sim.tally[Absences]++
	}
	extends = away || !by.ticked
	if extends {
		sim.log("%s extends the leases (no coordinator was running: %t)", by.name, away)
	}
	if extends {
		for process := range h.presences {
			if away || !h.extended[process].After(h.lastSeen[process]) {
				h.extended[process] = sim.now
			}
		}
	}
	h.lastTick = now
	return extends
}

// silence returns the time for which a process could have called and did not, and the
// jumps of the clock in that time.
func (sim *simulation) silence(process string) (silent, jumped time.Duration) {
	since := later(sim.history.lastSeen[process], sim.history.extended[process])
	return sim.now.Sub(since), sim.jumped(since)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
