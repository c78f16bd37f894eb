package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
)

// The end of every history: the troubles stop, and everything must become whole.
const (
	reviewEvery = time.Second
	wholeWithin = 2 * time.Hour    // of the end of the troubles, or of a retry
	leaveWithin = 90 * time.Second // of the end of the work
	roundsAtEnd = 20               // of retries and verifications
)

// calmDown ends the troubles: what is broken is mended, the operator submits the
// whole sweep, and every machine and coordinator runs.
func (w *world) calmDown() {
	w.log("the troubles are over")
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
		h.keep()
	}
	w.after(5*time.Second, func() { w.mend(w.now, 0) })
}

// mend waits until nothing is open, and then has retried what has diverged or
// was cancelled, and run again what a bad machine may have had a hand in.
func (w *world) mend(since time.Time, rounds int) {
	open, diverged := w.ledger.open(), w.ledger.in(queue.Diverged)
	next := func() { w.after(reviewEvery, func() { w.mend(w.now, rounds+1) }) }
	switch {
	case w.now.Sub(since) > wholeWithin || rounds > roundsAtEnd:
		w.violated(Whole, "%d tasks are open and %d have diverged %v after the troubles, in round %d", open, diverged, w.now.Sub(since), rounds)
	case open > 0 || w.wishes > 0 || len(w.ledger.sweeps["A"]) < len(w.jobs):
		for _, h := range w.hosts {
			h.keep()
		}
		w.after(reviewEvery, func() { w.mend(since, rounds) })
	case w.uncancel():
		next()
	case diverged > 0:
		w.retryDiverged()
		next()
	case w.suspicious():
		w.verifyShare(1)
		next()
	default:
		w.part(w.now)
	}
}

// dismiss asks the workers to leave that would wait for the next sweep.
func (w *world) dismiss() {
	for _, h := range w.hosts {
		for _, wk := range h.workers {
			if h.stays && !wk.drains {
				wk.later(0, wk.drain)
			}
		}
	}
}

// suspicious says whether a result is accepted that may be of other bits.
func (w *world) suspicious() bool {
	for _, j := range w.jobs {
		if accepted := w.ledger.records[j.id].Accepted; accepted != "" && j.variant(accepted) > 0 {
			return true
		}
	}
	return false
}

// part waits until the workers have left, as they may now.
func (w *world) part(since time.Time) {
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
	case w.ledger.open() > 0 || w.ledger.in(queue.Diverged) > 0: // a late result contradicts
		w.mend(w.now, 0)
	case here == nil:
		w.checkEnd()
		w.ended = true
	case w.now.Sub(since) > leaveWithin:
		w.violated(Leaving, "%s is still there %v after all was done", here.name, leaveWithin)
	default:
		w.dismiss()
		w.after(reviewEvery, func() { w.part(since) })
	}
}

// checkEnd: what results.csv would say is what an undisturbed run says, but for
// what the tasks have deserved.
func (w *world) checkEnd() {
	q := queue.New(w.base, w.policy)
	rows := 0
	for row, err := range q.Rows(background, "A") {
		if err != nil {
			w.violated(Whole, "read the rows: %v", err)
			return
		}
		w.checkRow(row, w.jobs[rows])
		rows++
	}
	if rows != len(w.jobs) {
		w.violated(Whole, "the sweep has %d rows, want %d", rows, len(w.jobs))
	}
}

func (w *world) checkRow(row queue.Row, j *job) {
	truth := storetest.Result(j.number * variants)
	switch row.Phase {
	case queue.Done:
		if row.Task.ID != j.id || row.Digest != truth.Digest {
			w.violated(True, "row %d, task %d, has another result than in an undisturbed run: result %d",
				row.Row, j.number, j.variant(w.ledger.records[j.id].Accepted))
		}
	case queue.Failed:
		w.tally[FailedAtEnd]++
		if j.curse == sound && w.Calm {
			w.violated(Blame, "task %d failed, though nothing went wrong: %s", j.number, row.Reason)
		}
	default:
		w.violated(Whole, "task %d is %s at the end: %s", j.number, row.Phase, row.Reason)
	}
}
