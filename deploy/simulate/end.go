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
	roundsAtEnd    = 20               // of retries and verifications
)

// endFaults ends the faults. It repairs the store and the network, starts every
// coordinator and host, and submits the whole sweep.
func (w *world) endFaults() {
	w.log("the faults end")
	w.calm, w.calmAt = true, w.now
	w.outage = time.Time{}
	clear(w.cuts)
	for _, c := range w.coordinators {
		c.busy, c.refuses = time.Time{}, time.Time{}
		if c.dead {
			c.start()
		}
	}
	w.submit("A", w.jobs)
	for _, h := range w.hosts {
		h.ensureWorker()
	}
	w.after(5*time.Second, func() { w.repair(w.now, 0) })
}

// repair waits until no task is open. Then it retries the tasks that were cancelled or
// diverged, and verifies all if a wrong result is accepted.
func (w *world) repair(since time.Time, rounds int) {
	open, diverged := w.ledger.open(), w.ledger.in(queue.Diverged)
	next := func() { w.after(reviewEvery, func() { w.repair(w.now, rounds+1) }) }
	switch {
	case w.now.Sub(since) > completeWithin || rounds > roundsAtEnd:
		w.violated(Complete, "%d tasks are open and %d have diverged %v after the faults, in round %d", open, diverged, w.now.Sub(since), rounds)
	case open > 0 || w.operations > 0 || len(w.ledger.sweeps["A"]) < len(w.jobs):
		for _, h := range w.hosts {
			h.ensureWorker()
		}
		w.after(reviewEvery, func() { w.repair(since, rounds) })
	case w.retryCancelled():
		next()
	case diverged > 0:
		w.retryDiverged()
		next()
	case w.hasWrongResult():
		w.verifyShare(1)
		next()
	default:
		w.waitForWorkers(w.now)
	}
}

// drainAll asks the workers that would wait for another sweep to leave.
func (w *world) drainAll() {
	for _, h := range w.hosts {
		for _, wk := range h.workers {
			if h.stays && !wk.leaving {
				wk.later(0, wk.drain)
			}
		}
	}
}

// hasWrongResult reports whether a wrong result is accepted.
func (w *world) hasWrongResult() bool {
	for _, j := range w.jobs {
		if accepted := w.ledger.records[j.id].Accepted; accepted != "" && j.variant(accepted) > 0 {
			return true
		}
	}
	return false
}

// waitForWorkers waits until the workers have left.
func (w *world) waitForWorkers(since time.Time) {
	var here *worker
	for _, c := range w.coordinators {
		if w.now.Sub(c.frozen) < leaveWithin {
			since = w.now
		}
	}
	for _, h := range w.hosts {
		for _, wk := range h.workers {
			if w.now.Sub(later(wk.frozen, wk.behind)) < leaveWithin {
				since = w.now
			}
			here = wk
		}
	}
	switch {
	case w.ledger.open() > 0 || w.ledger.in(queue.Diverged) > 0: // a late result differs
		w.repair(w.now, 0)
	case here == nil:
		w.checkEnd()
		w.ended = true
	case w.now.Sub(since) > leaveWithin:
		w.violated(Leaving, "%s is still there %v after all was done", here.name, leaveWithin)
	default:
		w.drainAll()
		w.after(reviewEvery, func() { w.waitForWorkers(since) })
	}
}

// checkEnd checks that results.csv would equal that of an undisturbed run, except for
// tasks that failed by the rules.
func (w *world) checkEnd() {
	q := queue.New(w.base, w.policy)
	rows := 0
	for row, err := range q.Rows(background, "A") {
		if err != nil {
			w.violated(Complete, "read the rows: %v", err)
			return
		}
		w.checkRow(row, w.jobs[rows])
		rows++
	}
	if rows != len(w.jobs) {
		w.violated(Complete, "the sweep has %d rows, want %d", rows, len(w.jobs))
	}
}

func (w *world) checkRow(row queue.Row, j *job) {
	truth := queuetest.Result(j.number * variants)
	switch row.Phase {
	case queue.Done:
		if row.Task.ID != j.id || row.Digest != truth.Digest {
			w.violated(True, "row %d, task %d, has another result than in an undisturbed run: result %d",
				row.Row, j.number, j.variant(w.ledger.records[j.id].Accepted))
		}
	case queue.Failed:
		w.tally[FailedAtEnd]++
		if j.defect == healthy && w.Calm {
			w.violated(Blame, "task %d failed without a fault: %s", j.number, row.Reason)
		}
	default:
		w.violated(Complete, "task %d is %s at the end: %s", j.number, row.Phase, row.Reason)
	}
}
