package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
)

// The end of every history: the troubles stop, and everything must become whole.
const (
	reviewEvery  = time.Second
	wholeWithin  = 2 * time.Hour    // of the end of the troubles, or of a retry
	leaveWithin  = 90 * time.Second // of the end of the work
	retriesAtEnd = 12
)

// calmDown ends the troubles: what is broken is mended, the operator submits the
// whole sweep, and every machine and coordinator runs.
func (w *world) calmDown() {
	w.log("the troubles are over")
	w.calm, w.calmAt = true, w.now
	w.outage = time.Time{}
	clear(w.cuts)
	for _, c := range w.coordinators {
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

// mend waits until nothing is open, and then has retried what has diverged.
func (w *world) mend(since time.Time, retries int) {
	open, diverged := w.ledger.open(), w.ledger.in(queue.Diverged)
	switch {
	case w.now.Sub(since) > wholeWithin:
		w.violated(Whole, "%d tasks are open and %d have diverged %v after the troubles and %d retries", open, diverged, wholeWithin, retries)
	case open > 0 || len(w.ledger.sweeps["A"]) < len(w.jobs):
		for _, h := range w.hosts {
			h.keep()
		}
		w.after(reviewEvery, func() { w.mend(since, retries) })
	case diverged > 0 && retries < retriesAtEnd:
		w.retryDiverged()
		w.after(6*time.Second, func() { w.mend(w.now, retries+1) })
	default:
		w.part(w.now)
	}
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
			if w.now.Sub(wk.frozen) < leaveWithin {
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
		if row.Task.ID != j.id || string(row.Result) != string(truth.Body) && !w.deceived(j) {
			w.violated(True, "row %d, task %d, has another result than in an undisturbed run: result %d",
				row.Row, j.number, j.variant(w.ledger.records[j.id].Accepted))
		}
	case queue.SetAside:
		w.tally[SetAsideAtEnd]++
		if j.curse == sound && w.Calm {
			w.violated(Blame, "task %d is set aside, though nothing went wrong: %s", j.number, row.Reason)
		}
	default:
		w.violated(Whole, "task %d is %s at the end: %s", j.number, row.Phase, row.Reason)
	}
}

// deceived: a machine that computes other bits had the word, and as many
// attempts as any other agree with it. Nothing can be noticed before a further one.
func (w *world) deceived(j *job) bool {
	votes := map[string]int{}
	for _, a := range w.ledger.attempts[j.id] {
		if a.Digest != "" {
			votes[a.Digest]++
		}
	}
	accepted := w.ledger.records[j.id].Accepted
	for digest, n := range votes {
		if digest != accepted && n >= votes[accepted] {
			return false
		}
	}
	w.tally[Deceived]++
	return j.variant(accepted) > 0
}
