package storetest

import (
	"strings"
	"testing"

	"spiqsweep/coordinator/queue"
)

// verifyMeasures alters a number that tables show, and not the result beside it.
func verifyMeasures(t *testing.T, l *Lab) {
	w := finish(l, 1)
	right := string(l.Rows("A")[0].Measures)
	err := l.Store.Update(ctx, func(tx queue.Tx) error {
		task, digest := Task(0).ID, Result(0).Digest
		if err := tx.DeleteResult(task, digest); err != nil {
			return err
		}
		return tx.PutResult(task, digest, queue.StoredResult{
			Body: Result(0).Body, Measures: []byte(strings.Replace(right, `"k_probability":0.001`, `"k_probability":0.002`, 1)),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	l.verifies(1, 1)
	w.Sync(Finished(w.Take(), 0))
	s := l.Status("A")
	want := "the measures of the result of attempt 1 on host (portable) were altered since it was accepted: " +
		"errors.k_probability is 0.002, and 0.001 in the result"
	if s.Counts.Diverged != 1 || s.Diverged[0].Reason != want {
		t.Errorf("status: %+v, want %q", s, want)
	}
	l.Retry(queue.RetryRequest{Diverged: true})
	w.Sync(Finished(w.Take(), 0))
	l.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if got := string(l.Rows("A")[0].Measures); got != right {
		t.Errorf("the measures were not mended: %s", got)
	}
}
