package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

// Bounds of the end of a history: the faults stop, and every sweep must become complete.
const (
	reviewEvery    = time.Second
	completeWithin = 2 * time.Hour    // after the end of the faults, or after a retry
	leaveWithin    = 90 * time.Second // after the end of the work
	maxRounds      = 20               // of retries and verifications
)

// endFaults ends the faults. It repairs the store and the network, starts every
// coordinator and host, submits the whole sweep without limits, and resumes all sweeps.
func (sim *simulation) endFaults() {
	sim.log("the faults end")
	sim.faultsEnded, sim.faultsEndedAt = true, sim.now
	sim.outage = time.Time{}
	clear(sim.cuts)
	for _, c := range sim.coordinators {
		c.busy, c.refuses = time.Time{}, time.Time{}
		if c.dead {
			c.start()
		}
	}
	sim.submit("A", sim.jobs)
	sim.setPaused("A", false)
	sim.setPaused("B", false)
	for _, h := range sim.hosts {
		h.ensureWorker()
	}
	sim.after(5*time.Second, func() { sim.completeSweeps(sim.now, 0) })
}

// completeSweeps waits until no task is open. Then it retries cancelled and diverged
// tasks, and verifies all tasks if a wrong result is accepted.
func (sim *simulation) completeSweeps(since time.Time, rounds int) {
	open, diverged := sim.history.open(), sim.history.in(queue.Diverged)
	next := func() { sim.after(reviewEvery, func() { sim.completeSweeps(sim.now, rounds+1) }) }
	switch {
	case sim.now.Sub(since) > completeWithin || rounds > maxRounds:
		sim.violated(Complete, "%d tasks are open and %d have diverged %v after the faults, in round %d", open, diverged, sim.now.Sub(since), rounds)
	case open > 0 || sim.operations > 0 || len(sim.history.sweeps["A"]) < len(sim.jobs):
		for _, h := range sim.hosts {
			h.ensureWorker()
		}
		sim.after(reviewEvery, func() { sim.completeSweeps(since, rounds) })
	case sim.retryCancelled():
		next()
	case diverged > 0:
		sim.retryDiverged()
		next()
	case sim.hasWrongResult():
		sim.verifyShare(1)
		next()
	default:
		sim.waitForWorkers(sim.now)
	}
}

// drainAll asks the workers that would wait for another sweep to leave.
func (sim *simulation) drainAll() {
	for _, h := range sim.hosts {
		for _, wk := range h.workers {
			if h.stays && !wk.leaving {
				wk.later(0, wk.drain)
			}
		}
	}
}

// hasWrongResult reports whether a wrong result is accepted.
func (sim *simulation) hasWrongResult() bool {
	for _, j := range sim.jobs {
		if accepted := sim.history.records[j.id].Accepted; accepted != "" && j.variant(accepted) > 0 {
			return true
		}
	}
	return false
}

// waitForWorkers waits until the workers have left.
func (sim *simulation) waitForWorkers(since time.Time) {
	var remaining *worker
	for _, c := range sim.coordinators {
		if sim.now.Sub(c.frozen) < leaveWithin {
			since = sim.now
		}
	}
	for _, h := range sim.hosts {
		for _, wk := range h.workers {
			if sim.now.Sub(later(wk.frozen, wk.behind)) < leaveWithin {
				since = sim.now
			}
			remaining = wk
		}
	}
	switch {
	case sim.history.open() > 0 || sim.history.in(queue.Diverged) > 0: // a late result differs
		sim.completeSweeps(sim.now, 0)
	case remaining == nil:
		sim.checkEnd()
		sim.ended = true
	case sim.now.Sub(since) > leaveWithin:
		sim.violated(Leaving, "%s is still there %v after all was done", remaining.name, leaveWithin)
	default:
		sim.drainAll()
		sim.after(reviewEvery, func() { sim.waitForWorkers(since) })
	}
}

// checkEnd checks that results.csv would equal that of an undisturbed run, except for
// tasks that failed by the rules.
func (sim *simulation) checkEnd() {
	q := queue.New(sim.base, sim.policy)
	rows := 0
	for row, err := range q.Rows(background, "A") {
		if err != nil {
			sim.violated(Complete, "read the rows: %v", err)
			return
		}
		sim.checkRow(row, sim.jobs[rows])
		rows++
	}
	if rows != len(sim.jobs) {
		sim.violated(Complete, "the sweep has %d rows, want %d", rows, len(sim.jobs))
	}
}

func (sim *simulation) checkRow(row queue.Row, j *job) {
	want := queuetest.Result(j.number * variants)
	switch row.Phase {
	case queue.Done:
		if row.Task.ID != j.id || row.Digest != want.Digest {
			sim.violated(TrueResults, "row %d, task %d, has another result than in an undisturbed run: result %d",
				row.Row, j.number, j.variant(sim.history.records[j.id].Accepted))
		}
	case queue.Failed:
		sim.tally[FailedAtEnd]++
		if j.defect == healthy && sim.NoFaults {
			sim.violated(Blame, "task %d failed without a fault: %s", j.number, row.Reason)
		}
	default:
		sim.violated(Complete, "task %d is %s at the end: %s", j.number, row.Phase, row.Reason)
	}
}
