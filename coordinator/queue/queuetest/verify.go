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

// verifyScenarios test finished tasks that run again to be compared.
var verifyScenarios = []Scenario{
	{"an equal result verifies the task", verifyEqual},
	{"a different result makes the task diverge", verifyDiffers},
	{"an altered stored result makes the task diverge", verifyAltered},
	{"altered measures make the task diverge", verifyMeasures},
	{"a missing stored result and a different one make the task diverge", verifyGone(1)},
	{"a missing stored result and an equal one make the task diverge", verifyGone(0)},
	{"an altered stored result cannot win a vote", verifyAlteredTwice},
	{"a run that fails for good leaves the task done", verifyFails},
	{"runs that are lost leave the task done", verifyLost},
	{"a late result that differs makes the task diverge after the verification", verifyLate},
	{"a cancelled verification leaves the task done", verifyCancelled},
	{"a deleted sweep ends its verifications", verifyDeleted},
	{"a seed selects a share of the finished tasks", verifyShare},
	{"an invalid share is an error", verifyBadShare},
	{"a stored result overwritten by a contradicting one makes the task diverge", verifyOverwritten},
	{"a missing contradicting result leaves the task diverged", verifyContradictionGone},
}

// finish plans sweep A and finishes all its tasks with one worker.
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

// leases yields one lease of a worker after another, until no task is left. The caller
// must report on each.
func leases(w *Worker) func(func(queue.Lease) bool) {
	return func(yield func(queue.Lease) bool) {
		for w.Sync(); len(w.Holds) > 0; {
			if !yield(w.OnlyLease()) {
				return
			}
		}
	}
}

// verify starts the verification of a share of all tasks.
func (f *Fixture) verify(share float64, seed uint64) []sweep.TaskID {
	f.TB.Helper()
	tasks, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: share, Seed: seed})
	if err != nil {
		f.TB.Fatalf("verify: %v", err)
	}
	f.Consistent()
	return tasks
}

// alter replaces the body of a stored result in the store, or deletes it if body is nil.
func (f *Fixture) alter(task sweep.TaskID, body []byte) {
	f.TB.Helper()
	err := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
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
	if got := f.verify(1, 1); len(got) != 2 {
		t.Errorf("%v is being verified", got)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2, Verifying: 2})
	if f.Status("A").Counts.Finished() {
		t.Error("a sweep with tasks that are being verified is finished")
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
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedDuplicate)
	verdict(t, w.Sync(Finished(w.OnlyLease(), 0)), queue.JudgedAccepted)
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
	task := f.verify(1, 1)[0]
	w.Host = "host-2"
	lease := w.Take()
	verdict(t, w.Sync(Finished(lease, 1)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	want := "results differ: errors.firing_rate_hz2 is 1 by attempt 1 on host (portable), and 2 by attempt 2 on host-2 (portable)"
	row := f.Rows("A")[0]
	if row.Reason != want || row.Digest != Result(0).Digest {
		t.Errorf("reason %q, want %q", row.Reason, want)
	}
	if a := f.Attempts(task)[1]; a.Outcome != queue.Differed || a.Reason != want {
		t.Errorf("attempt: %+v", a)
	}
	// The result that two of three agree on is accepted, as after any divergence.
	f.retryAndAccept(w)
}

// wantDiverged checks that sweep A has one diverged task, with a reason.
func (f *Fixture) wantDiverged(reason string) {
	f.TB.Helper()
	if s := f.Status("A"); s.Counts.Diverged != 1 || s.Diverged[0].Reason != reason {
		f.TB.Errorf("status: %+v, want %q", s, reason)
	}
}

func verifyAltered(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	task := Task(0).ID
	f.alter(task, []byte(strings.Replace(string(Result(0).Body), `"k_probability":0.001`, `"k_probability":0.002`, 1)))
	if got := f.verifyAll(); !slices.Equal(got, []sweep.TaskID{task}) {
		t.Fatalf("%v is being verified", got)
	}
	w.Sync(Finished(w.Take(), 0))
	f.wantDiverged("the stored result of attempt 1 on host (portable) was altered since it was accepted: " +
		"errors.k_probability is 0.002, and 0.001 by attempt 2 on host (portable)")
	f.retryAndAccept(w)
	if f.Rows("A")[0].Digest != Result(0).Digest {
		t.Error("the stored result was not restored")
	}
}

// retryAndAccept retries the diverged task and reports variant 0, which then wins the vote.
func (f *Fixture) retryAndAccept(w *Worker) {
	f.TB.Helper()
	f.Retry(queue.RetryRequest{Diverged: true})
	w.Sync(Finished(w.Take(), 0))
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
}

// verifyAll starts the verification of all tasks. It does not check the invariants, which
// the altered store violates.
func (f *Fixture) verifyAll() []sweep.TaskID {
	tasks, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: 1})
	if err != nil {
		f.TB.Fatalf("verify: %v", err)
	}
	return tasks
}

// verifyGone deletes the stored result. The verification reports that it is missing, even
// if the new result, of the given variant, equals it.
func verifyGone(variant int) func(*testing.T, *Fixture) {
	return func(_ *testing.T, f *Fixture) {
		w := finish(f, 1)
		f.alter(Task(0).ID, nil)
		f.verifyAll()
		w.Sync(Finished(w.Take(), variant))
		f.wantDiverged("the result of attempt 1 on host (portable) is not in the store")
		f.retryAndAccept(w)
	}
}

func verifyAlteredTwice(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	f.alter(Task(0).ID, []byte("rubbish"))
	f.verifyAll()
	w.Sync(Finished(w.Take(), 0))
	f.Retry(queue.RetryRequest{Diverged: true})
	w.Sync(Finished(w.Take(), 1)) // two of three attempts reported the result that is missing
	if s := f.Status("A"); s.Counts.Diverged != 1 || !strings.Contains(s.Diverged[0].Reason, "was altered since it was accepted: byte 0 is \"rubbish\"") {
		t.Errorf("status: %+v", s)
	}
	f.retryAndAccept(w)
}

func verifyFails(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	task := f.verify(1, 1)[0]
	for range 3 {
		w.Sync(Failed(w.Take(), "panic"))
		f.WantCounts("A", queue.Counts{Planned: 1, Done: 1, Verifying: f.Status("A").Counts.Verifying})
		f.Tick(20 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	want := "could not be verified: it failed 3 times, the last time with: panic"
	if row := f.Rows("A")[0]; row.State != sweep.Done || row.Reason != want {
		t.Errorf("row: %s, %q", row.State, row.Reason)
	}
	// The next verification succeeds.
	f.verify(1, 1)
	w.Sync(Finished(w.Take(), 0))
	if r := f.Record(task); r.Phase != queue.Done || r.Reason != "" {
		t.Errorf("record: %+v", r)
	}
}

func verifyLost(t *testing.T, f *Fixture) {
	finish(f, 1)
	task := f.verify(1, 1)[0]
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
	// The verification is over. A result is late, and compared.
	lease := last.OnlyLease()
	if answer := last.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("the lease was renewed: %+v", answer)
	}
	verdict(t, last.Sync(Finished(lease, 1)), queue.JudgedLate)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
}

func verifyLate(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := expireAndRegrant(f)
	fast.Sync(Finished(fresh, 0))
	f.verify(1, 1)
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
	f.verify(1, 1)
	lease := w.Take()
	f.cancel(queue.Selection{Sweep: "A"}, 2, 0)
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

func verifyDeleted(t *testing.T, f *Fixture) {
	w := finish(f, 2)
	f.verify(1, 1)
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

func verifyShare(t *testing.T, f *Fixture) {
	w := finish(f, 20)
	f.Plan("B", Plan(19, 22, 30)) // two of its tasks are not done
	selected := f.verify(0.1, 7)
	if len(selected) != 2 { // of 20 finished tasks; the shared one counts once
		t.Fatalf("a tenth of 20 is %v", selected)
	}
	if diff := cmp.Diff(selected, f.verify(0.1, 7)); diff != "" {
		t.Errorf("the same seed selects other tasks: %s", diff)
	}
	if other := f.verify(0.1, 8); slices.Equal(selected, other) {
		t.Errorf("another seed selects the same tasks: %v", other)
	}
	for lease := range leases(w) {
		w.Sync(Finished(lease, 0))
	}
	only, err := f.Queue.Verify(ctx, queue.VerifyRequest{Selection: queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(3).ID}}, Share: 0.01})
	if err != nil || !slices.Equal(only, []sweep.TaskID{Task(3).ID}) {
		t.Errorf("%v is being verified, %v", only, err)
	}
	w.Sync(Finished(w.Take(), 0))
	if w.Sync(); len(w.Holds) > 0 {
		t.Errorf("holds %v", w.Holds)
	}
}

func verifyBadShare(t *testing.T, f *Fixture) {
	finish(f, 1)
	for _, share := range []float64{0, -1, 1.1, math.NaN()} {
		if _, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: share}); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("share %v: %v", share, err)
		}
	}
	f.Plan("B", Plan(5, 6, 10))
	tasks, err := f.Queue.Verify(ctx, queue.VerifyRequest{Selection: queue.Selection{Sweep: "B"}, Share: 1})
	if err != nil || len(tasks) != 0 {
		t.Errorf("%v of an unfinished sweep is verified, %v", tasks, err)
	}
}

// verifyOverwritten overwrites the accepted result with the one that is about to
// contradict it. The stored bodies do not differ then, but the digests do.
func verifyOverwritten(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := expireAndRegrant(f)
	fast.Sync(Finished(fresh, 0))
	f.alter(old.Task, Result(1).Body)
	f.verifyAll()
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
		if err := f.Store.Update(ctx, nil, call); err != nil {
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

// verifyMeasures alters a stored table value, but not the result that it comes from.
func verifyMeasures(t *testing.T, f *Fixture) {
	w := finish(f, 1)
	right := string(f.Rows("A")[0].Measures)
	err := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
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
	f.verify(1, 1)
	w.Sync(Finished(w.Take(), 0))
	f.wantDiverged("the measures of the result of attempt 1 on host (portable) were altered since it was accepted: " +
		"errors.k_probability is 0.002, and 0.001 in the result")
	f.retryAndAccept(w)
	if got := string(f.Rows("A")[0].Measures); got != right {
		t.Errorf("the measures were not restored: %s", got)
	}
}
