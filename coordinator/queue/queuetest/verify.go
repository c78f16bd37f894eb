package queuetest

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// verifying is about finished tasks that run once more.
var verifying = []Scenario{
	{"an equal result", verifyEqual},
	{"another result", verifyDiffers},
	{"a stored result that was altered", verifyAltered},
	{"measures that were altered", verifyMeasures},
	{"a stored result that is gone", verifyGone(1)},
	{"a stored result that is gone, and comes again", verifyGone(0)},
	{"an altered result that nothing agrees with", verifyAlteredTwice},
	{"a run that fails for good", verifyFails},
	{"a run that is lost and comes back", verifyLost},
	{"a late result that differs meanwhile", verifyLate},
	{"cancelled, then a result", verifyCancelled},
	{"a sweep that is forgotten meanwhile", verifyForgotten},
	{"which tasks", verifySample},
	{"what is no share", verifyNoShare},
	{"a stored result that became the contradicting one", verifyOverwritten},
	{"a contradicting result that is gone", verifyContradictionGone},
}

// finish plans sweep A and has all its tasks done, by one worker.
func finish(f *Fixture, tasks int) *Worker {
	f.TB.Helper()
	f.Plan("A", Plan(0, tasks, 30))
	w := f.Worker(1)
	for lease := range leases(w) {
		w.Sync(Finished(lease, 0))
	}
	f.WantCounts("A", queue.Counts{Planned: tasks, Done: tasks})
	return w
}

// leases yields what a worker holds until there is nothing left.
func leases(w *Worker) func(func(queue.Lease) bool) {
	return func(yield func(queue.Lease) bool) {
		for w.Sync(); len(w.Holds) > 0; {
			if !yield(w.Holding()) {
				return
			}
		}
	}
}

// verifies has a share of all tasks verified.
func (f *Fixture) verifies(share float64, seed uint64) []sweep.TaskID {
	f.TB.Helper()
	tasks, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: share, Seed: seed})
	if err != nil {
		f.TB.Fatalf("verify: %v", err)
	}
	f.Consistent()
	return tasks
}

// alter changes a number of a stored result by hand.
func (f *Fixture) alter(task sweep.TaskID, body []byte) {
	f.TB.Helper()
	err := f.Store.Update(ctx, func(tx queue.Tx) error {
		r, _, err := tx.Record(task)
		if err != nil {
			return err
		}
		if err := tx.DeleteResult(task, r.Accepted); err != nil || body == nil {
			return err
		}
		return tx.PutResult(task, r.Accepted, queue.StoredResult{Body: body})
	})
	if err != nil {
		f.TB.Fatalf("alter the result of %s: %v", task, err)
	}
}

func verifyEqual(t *testing.T, f *Fixture) {
	w := finish(f, 2)
	if got := f.verifies(1, 1); len(got) != 2 {
		t.Errorf("verifies %v", got)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2, Verifying: 2})
	if f.Status("A").Counts.Finished() {
		t.Error("a sweep that is being verified is finished")
	}
	lease := w.Take()
	w.Start(lease, 50)
	w.Checkpoint(lease, 50)
	w.Sync()
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2, Verifying: 2})
	for _, row := range f.Rows("A") {
		if row.State != sweep.Done || row.Digest != Result(0).Digest {
			t.Errorf("row of a task that is %s: %s, %d bytes", row.Phase, row.State, len(row.Measures))
		}
	}
	compute := f.Record(lease.Task).Compute
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedAccepted)
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedAlready)
	verdict(t, w.Sync(Finished(w.Holding(), 0)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	if got := f.Outcomes(lease.Task); !slices.Equal(got, []queue.Outcome{queue.Accepted, queue.Verified}) {
		t.Errorf("outcomes: %v", got)
	}
	if r := f.Record(lease.Task); r.Compute != compute || r.Reason != "" {
		t.Errorf("record: %+v", r)
	}
}

func verifyDiffers(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	task := f.verifies(1, 1)[0]
	w.Host = "elsewhere"
	lease := w.Take()
	verdict(t, w.Sync(Finished(lease, 1)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	want := "results differ: errors.firing_rate_hz2 is 1 by attempt 1 on host (portable), and 2 by attempt 2 on elsewhere (portable)"
	row := f.Rows("A")[0]
	if row.Reason != want || row.Digest != Result(0).Digest {
		t.Errorf("reason %q, want %q", row.Reason, want)
	}
	if a := f.Attempts(task)[1]; a.Outcome != queue.Differed || a.Reason != want {
		t.Errorf("attempt: %+v", a)
	}
	// What two of three agree on is accepted, as for any divergence.
	f.acceptsRetry(w)
}

func verifyAltered(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	task := Task(0).ID
	f.alter(task, []byte(strings.Replace(string(Result(0).Body), `"k_probability":0.001`, `"k_probability":0.002`, 1)))
	if got := f.verifiesAltered(); !slices.Equal(got, []sweep.TaskID{task}) {
		t.Fatalf("verifies %v", got)
	}
	w.Sync(Finished(w.Take(), 0))
	s := f.Status("A")
	want := "the stored result of attempt 1 on host (portable) was altered since it was accepted: " +
		"errors.k_probability is 0.002, and 0.001 by attempt 2 on host (portable)"
	if s.Counts.Diverged != 1 || s.Diverged[0].Reason != want {
		t.Errorf("status: %+v, want %q", s, want)
	}
	f.acceptsRetry(w)
	if f.Rows("A")[0].Digest != Result(0).Digest {
		t.Error("the stored result was not restored")
	}
}

// acceptsRetry has the diverged task run once more with result 0, on which most of the
// attempts then agree.
func (f *Fixture) acceptsRetry(w *Worker) {
	f.TB.Helper()
	f.Retry(queue.RetryRequest{Diverged: true})
	w.Sync(Finished(w.Take(), 0))
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
}

// verifiesAltered verifies all, while the store is not consistent.
func (f *Fixture) verifiesAltered() []sweep.TaskID {
	tasks, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: 1})
	if err != nil {
		f.TB.Fatalf("verify: %v", err)
	}
	return tasks
}

// verifyGone: a run does not hide that the result was gone, not even one that
// makes the same again.
func verifyGone(variant int) func(*testing.T, *Fixture) {
	return func(t *testing.T, f *Fixture) {
		w := finish(f, 1)
		f.alter(Task(0).ID, nil)
		f.verifiesAltered()
		w.Sync(Finished(w.Take(), variant))
		if s := f.Status("A"); s.Counts.Diverged != 1 || s.Diverged[0].Reason != "the result of attempt 1 on host (portable) is not in the store" {
			t.Errorf("status: %+v", s)
		}
		f.acceptsRetry(w)
	}
}

func verifyAlteredTwice(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	f.alter(Task(0).ID, []byte("rubbish"))
	f.verifiesAltered()
	w.Sync(Finished(w.Take(), 0))
	f.Retry(queue.RetryRequest{Diverged: true})
	w.Sync(Finished(w.Take(), 1)) // two of three have reported what is not there
	if s := f.Status("A"); s.Counts.Diverged != 1 || !strings.Contains(s.Diverged[0].Reason, "was altered since it was accepted: byte 0 is \"rubbish\"") {
		t.Errorf("status: %+v", s)
	}
	f.acceptsRetry(w)
}

func verifyFails(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	task := f.verifies(1, 1)[0]
	for range 3 {
		w.Sync(Fails(w.Take(), "panic"))
		f.WantCounts("A", queue.Counts{Planned: 1, Done: 1, Verifying: f.Status("A").Counts.Verifying})
		f.Tick(20 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	want := "could not be verified: it failed 3 times, the last time with: panic"
	if row := f.Rows("A")[0]; row.State != sweep.Done || row.Reason != want {
		t.Errorf("row: %s, %q", row.State, row.Reason)
	}
	// Once more, with better luck.
	f.verifies(1, 1)
	w.Sync(Finished(w.Take(), 0))
	if r := f.Record(task); r.Phase != queue.Done || r.Reason != "" {
		t.Errorf("record: %+v", r)
	}
}

func verifyLost(t *testing.T, f *Fixture) {
	finish(f, 1)
	task := f.verifies(1, 1)[0]
	var last *Worker
	for range 5 {
		last = f.Worker(1)
		last.Start(last.Take(), 1)
		last.Sync()
		f.Tick(61 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if r := f.Record(task); !strings.HasPrefix(r.Reason, "could not be verified: processes") {
		t.Errorf("record: %+v", r)
	}
	// It is over: whoever comes back with it is late, and compared.
	lease := last.Holding()
	if answer := last.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("the lease came back: %+v", answer)
	}
	verdict(t, last.Sync(Finished(lease, 1)), queue.JudgedLate)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
}

func verifyLate(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := race(f)
	fast.Sync(Finished(fresh, 0))
	f.verifies(1, 1)
	lease := fast.Take()
	verdict(t, slow.Sync(Finished(old, 1)), queue.JudgedLate)
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1, Verifying: 1})
	fast.Sync(Finished(lease, 0))
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	if r := f.Record(old.Task); !strings.Contains(r.Reason, "2 by attempt 1") {
		t.Errorf("record: %+v", r)
	}
}

func verifyCancelled(t *testing.T, f *Fixture) {
	w := finish(f, 2)
	f.verifies(1, 1)
	lease := w.Take()
	f.cancels(queue.Selection{Sweep: "A"}, 2, 0)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	if r := f.Record(lease.Task); r.Reason != "could not be verified: "+queue.CancelledByOperator {
		t.Errorf("record: %+v", r)
	}
	if answer := w.Sync(); len(answer.Assignments) != 0 || !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedLate)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
}

func verifyForgotten(t *testing.T, f *Fixture) {
	w := finish(f, 2)
	f.verifies(1, 1)
	lease := w.Take()
	if err := f.Queue.Delete(ctx, "A"); err != nil {
		t.Fatal(err)
	}
	if r := f.Record(lease.Task); r.Phase != queue.Done || r.Verifying {
		t.Errorf("record: %+v", r)
	}
	f.Plan("B", Plan(0, 2, 30))
	f.WantCounts("B", queue.Counts{Planned: 2, Done: 2})
}

func verifySample(t *testing.T, f *Fixture) {
	w := finish(f, 20)
	f.Plan("B", Plan(19, 22, 30)) // two of it are not done
	chosen := f.verifies(0.1, 7)
	if len(chosen) != 2 { // of 20: of those of both sweeps, once
		t.Fatalf("a tenth of 20 is %v", chosen)
	}
	if diff := cmp.Diff(chosen, f.verifies(0.1, 7)); diff != "" {
		t.Errorf("the same seed chooses others: %s", diff)
	}
	if other := f.verifies(0.1, 8); slices.Equal(chosen, other) {
		t.Errorf("another seed chooses the same: %v", other)
	}
	for lease := range leases(w) {
		w.Sync(Finished(lease, 0))
	}
	only, err := f.Queue.Verify(ctx, queue.VerifyRequest{Selection: queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(3).ID}}, Share: 0.01})
	if err != nil || !slices.Equal(only, []sweep.TaskID{Task(3).ID}) {
		t.Errorf("verifies %v, %v", only, err)
	}
	w.Sync(Finished(w.Take(), 0))
	if w.Sync(); len(w.Holds) > 0 {
		t.Errorf("holds %v", w.Holds)
	}
}

func verifyNoShare(t *testing.T, f *Fixture) {
	finish(f, 1)
	for _, share := range []float64{0, -1, 1.1, math.NaN()} {
		if _, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: share}); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("share %v: %v", share, err)
		}
	}
	f.Plan("B", Plan(5, 6, 10))
	tasks, err := f.Queue.Verify(ctx, queue.VerifyRequest{Selection: queue.Selection{Sweep: "B"}, Share: 1})
	if err != nil || len(tasks) != 0 {
		t.Errorf("of what is not finished, %v is verified, %v", tasks, err)
	}
}

// verifyOverwritten overwrites the accepted result with the one that is about to
// contradict it. The stored bodies do not differ then, but the digests do.
func verifyOverwritten(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := race(f)
	fast.Sync(Finished(fresh, 0))
	f.alter(old.Task, Result(1).Body)
	f.verifiesAltered()
	lease := fast.Take()
	verdict(t, slow.Sync(Finished(old, 1)), queue.JudgedLate)
	want := "the stored result of attempt 2 on host (portable) was altered since it was accepted: it is now that of attempt 1 on host (portable)"
	if r := f.Record(old.Task); r.Reason != want {
		t.Errorf("reason %q, want %q", r.Reason, want)
	}
	fast.Sync(Finished(lease, 0))
	if r := f.Record(old.Task); r.Phase != queue.Diverged || r.Reason == "" {
		t.Errorf("record: %+v", r)
	}
	f.alter(old.Task, Result(0).Body)
}

// verifyContradictionGone removes the late result that contradicts the accepted one.
func verifyContradictionGone(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	task := diverge(f)
	change := func(call func(queue.Tx) error) {
		t.Helper()
		if err := f.Store.Update(ctx, call); err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx queue.Tx) error { return tx.DeleteResult(task, Result(1).Digest) })
	f.Retry(queue.RetryRequest{Diverged: true})
	if _, _, err := f.Queue.Cancel(ctx, queue.Selection{Sweep: "A"}); err != nil {
		t.Fatal(err)
	}
	if r := f.Record(task); r.Phase != queue.Diverged || !strings.HasSuffix(r.Reason, "of attempt 1 on host (portable), whose result was altered or is gone") {
		t.Errorf("record: %+v", r)
	}
	change(func(tx queue.Tx) error {
		return tx.PutResult(task, Result(1).Digest, queue.StoredResult{Body: Result(1).Body})
	})
}

// verifyMeasures alters a number that tables show, and not the result beside it.
func verifyMeasures(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	right := string(f.Rows("A")[0].Measures)
	err := f.Store.Update(ctx, func(tx queue.Tx) error {
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
	f.verifies(1, 1)
	w.Sync(Finished(w.Take(), 0))
	s := f.Status("A")
	want := "the measures of the result of attempt 1 on host (portable) were altered since it was accepted: " +
		"errors.k_probability is 0.002, and 0.001 in the result"
	if s.Counts.Diverged != 1 || s.Diverged[0].Reason != want {
		t.Errorf("status: %+v, want %q", s, want)
	}
	f.acceptsRetry(w)
	if got := string(f.Rows("A")[0].Measures); got != right {
		t.Errorf("the measures were not restored: %s", got)
	}
}
