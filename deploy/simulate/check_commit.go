package simulate

import (
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/sweep"
)

// kind says on whose behalf a transaction runs.
type kind int

const (
	idle kind = iota
	looking
	ticking
	syncing
	saving
	planning
	deleting
	retrying
	retryingDiverged
	cancelling
	draining
	verifying
	burying
)

func (k kind) String() string {
	return [...]string{
		"nobody", "a look", "a tick", "a call", "a checkpoint", "a plan", "a deletion", "a retry",
		"a retry of the diverged", "a cancellation", "a drain", "a verification", "a report of ended workers",
	}[k]
}

// act is what a coordinator is doing.
type act struct {
	kind    kind
	by      *coordinator
	call    queue.SyncRequest         // of syncing
	saves   queue.Lease               // of saving
	process string                    // of saving
	ended   func(process string) bool // of burying
	excused bool                      // of burying: the coordinator ended, too
}

// caller is the process that the act is done for.
func (a act) caller() string {
	if a.kind == syncing {
		return a.call.ID
	}
	return a.process
}

// during runs something and knows meanwhile what the coordinator is doing.
func (w *world) during(a act, do func()) {
	w.act = a
	do()
	w.act = act{}
}

// consistentEvery is how many transactions pass between two checks of all.
const consistentEvery = 100

// committed holds what was committed against the past. now is the store's time.
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
	case saving:
		w.checkSaving(c, before)
	case burying:
		w.checkBurying(c, before)
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

// past is what was known of the things that are written, in their order.
type past struct {
	attempts []queue.Attempt
	newest   []uint64 // attempts of their tasks
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

// noteLosses remembers how leases came to their end, before they do.
func (w *world) noteLosses(c *written) {
	for _, a := range c.attempts {
		if a.Outcome != queue.Lost {
			delete(w.ledger.losses, a.Lease)
			continue
		}
		if old, _ := w.ledger.attempt(a.Lease); old.Outcome == queue.Lost {
			continue
		}
		if w.act.kind == burying {
			w.tally[EndedLeases]++
		} else {
			w.tally[LostLeases]++
		}
		w.ledger.losses[a.Lease] = loss{
			alone:   w.ledger.live(a.Process) == 1,
			excused: w.act.excused || w.ledger.extended[a.Process].After(w.ledger.heard[a.Process]),
			saved:   w.ledger.checkpoints[a.Task],
		}
	}
}

// checkCall: an old call changes nothing but what follows from its results.
func (w *world) checkCall(c *written, before past) {
	call, old := w.act.call, before.caller
	if call.Sequence > old.Sequence {
		w.ledger.heard[call.ID] = w.now
		return
	}
	w.tally[OldCalls]++
	if len(c.presences) > 0 {
		w.violated(OldCall, "call %d of %s came after %d and was obeyed", call.Sequence, call.ID, old.Sequence)
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

// checkSaving: only the newest attempt's holder stores checkpoints, and only
// newer ones.
func (w *world) checkSaving(c *written, before past) {
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
		w.ledger.heard[w.act.process] = w.now
	}
}

// checkBurying checks that a coordinator takes leases only from workers that have
// ended. An excused report names workers of a coordinator that ran before: one of
// them may still be frozen.
func (w *world) checkBurying(c *written, before past) {
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

// checkAll reads everything and holds it against itself and the ledger.
func (w *world) checkAll() {
	known := map[sweep.TaskID]bool{}
	for _, task := range w.ledger.tasks {
		known[task] = true
	}
	for _, fault := range storetest.Consistent(w.base, known) {
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
		w.violated(Nothing, "the store cannot be read: %v", err)
	}
}

func sameAttempt(a, b queue.Attempt) bool {
	return a.Lease == b.Lease && a.Process == b.Process && a.Outcome == b.Outcome && a.Digest == b.Digest && a.Step == b.Step
}
