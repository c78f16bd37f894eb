package queuetest

import (
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// resultScenarios test which result is accepted, and results that differ.
var resultScenarios = []Scenario{
	{"a repeated report is judged a duplicate", repeatedReports},
	{"an invalid result does not affect other reports of the call", badResults},
	{"an invalid result is a failure of the task", invalidFails},
	{"a late result that agrees changes nothing", lateAgrees},
	{"a late result that differs makes the task diverge", lateDiffers},
	{"a late result that differs and came first makes the task diverge", lateCameFirst},
	{"a late failure or hand-back changes nothing", lateFailures},
	{"a retry keeps the accepted result if two of three agree on it", twoOfThree},
	{"a retry replaces the accepted result if two of three agree on another", acceptedWasWrong},
	{"three different results stay diverged until two agree", threeResults},
	{"a retry that fails leaves the task diverged", divergedFails},
	{"a restored store judges the results of leases that it lacks", restoredStore},
	{"a restored store withdraws a lease that it lacks", restoredStoreLease},
	{"a restored store verifies by the result of a lease that it lacks", restoredStoreVerification},
	{"the result of an expired lease that was not granted again is accepted", expiredResult},
}

// missingLease returns a lease that the store granted and lost when it was restored from
// an older backup.
func missingLease(n int, attempt uint64) queue.Lease {
	return queue.Lease{Task: Task(n).ID, Attempt: attempt}
}

// restoredStore reports results under leases that a restored store has lost. A result is
// accepted if the task has none, compared with the accepted one otherwise, and judged once.
func restoredStore(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 5, 10))
	w, old := f.Worker(3), f.Worker(1)
	held := w.Sync().Assignments // tasks 0 to 2, of which 1 and 2 are done
	w.Sync(Finished(held[1].Lease, 0), Finished(held[2].Lease, 0))
	if warnings := f.Queue.Warnings(); len(warnings) != 0 {
		t.Errorf("warnings: %q", warnings)
	}
	for name, c := range map[string]struct {
		report queue.Report
		want   queue.Judgement
	}{
		"not granted again":           {Finished(missingLease(4, 1), 0), queue.JudgedAccepted},
		"granted again":               {Finished(held[0].Lease, 0), queue.JudgedAccepted},
		"done":                        {Finished(missingLease(1, 2), 0), queue.JudgedLate},
		"done, with another result":   {Finished(missingLease(2, 7), 1), queue.JudgedLate},
		"a failure":                   {Failed(missingLease(3, 1), "NaN"), queue.JudgedLate},
		"a hand-back":                 {HandedBack(missingLease(3, 1)), queue.JudgedLate},
		"a task that is not there":    {Finished(missingLease(9, 1), 0), queue.JudgedInvalid},
		"unproven":                    {Finished(missingLease(3, 2), 0), queue.JudgedInvalid},
		"a result of another program": {queue.Report{Lease: missingLease(3, 1), Result: &queue.ResultReport{}}, queue.JudgedInvalid},
	} {
		c.report.Proven = name != "unproven"
		r := old.Request(c.report)
		if got := old.Call(r).Verdicts; len(got) != 1 || got[0].Judgement != c.want {
			t.Errorf("%s: verdicts %+v, want %s", name, got, c.want)
		}
		if c.report.Result == nil || c.want == queue.JudgedInvalid {
			continue
		}
		if got := old.Call(old.Request(c.report)).Verdicts; len(got) != 1 || got[0].Judgement != queue.JudgedDuplicate {
			t.Errorf("%s, once more: verdicts %+v, want %s", name, got, queue.JudgedDuplicate)
		}
	}
	if answer := w.Sync(); len(answer.Assignments) > 0 && answer.Assignments[0].Lease == held[0].Lease {
		t.Errorf("a task whose result was accepted is still leased: %+v", answer)
	}
	s := f.Status("A")
	if s.Counts.Done != 3 || s.Counts.Diverged != 1 {
		t.Errorf("counts: %+v", s.Counts)
	}
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "the store is older than its workers") {
		t.Errorf("warnings: %q", s.Warnings)
	}
	if got := f.Outcomes(Task(0).ID); len(got) != 2 || got[0] != queue.Withdrawn || got[1] != queue.Accepted {
		t.Errorf("outcomes of a task that was granted again: %v", got)
	}
}

// restoredStoreLease lists a lease that the store has lost. It is withdrawn, and if it is
// proven, the status warns of the loss.
func restoredStoreLease(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	r := w.Request()
	r.Held, r.FreeSlots = []queue.Held{{Lease: missingLease(0, 1), Step: 5, Started: true}}, 0
	if answer := w.Call(r); len(answer.Assignments) != 0 || len(f.Status("A").Warnings) != 0 {
		t.Errorf("unproven: %+v, warnings %q", answer, f.Status("A").Warnings)
	}
	r = w.Request()
	r.Held, r.FreeSlots = []queue.Held{{Lease: missingLease(0, 1), Step: 5, Started: true, Proven: true}}, 0
	if answer := w.Call(r); len(answer.Assignments) != 0 || len(f.Status("A").Warnings) != 1 {
		t.Errorf("proven: %+v, warnings %q", answer, f.Status("A").Warnings)
	}
}

// restoredStoreVerification reports results of lost leases while their tasks are being
// verified. Each ends the verification.
func restoredStoreVerification(t *testing.T, f *Fixture) {
	w := finish(f, 2)
	f.verify(1, 1)
	lease := w.Take()
	old := f.Worker(1)
	report := func(task sweep.TaskID, variant int) queue.SyncAnswer {
		r := old.Request(Finished(queue.Lease{Task: task, Attempt: 9}, variant))
		r.Reports[0].Proven, r.FreeSlots = true, 0
		return old.Call(r)
	}
	verdict(t, report(lease.Task, 1), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Verifying: 1, Diverged: 1})
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedLate)
	verdict(t, report(w.OnlyLease().Task, 0), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Diverged: 1})
}

func verdict(t *testing.T, answer queue.SyncAnswer, want queue.Judgement) {
	t.Helper()
	if len(answer.Verdicts) != 1 || answer.Verdicts[0].Judgement != want {
		t.Fatalf("verdicts = %+v: want %s", answer.Verdicts, want)
	}
}

func repeatedReports(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 10))
	w := f.Worker(1)
	lease := w.Take()
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedAccepted)
	verdict(t, w.Sync(Finished(lease, 0)), queue.JudgedDuplicate)
	other := w.Sync(Finished(lease, 1))
	verdict(t, other, queue.JudgedInvalid)
	if !strings.Contains(other.Verdicts[0].Why, Result(0).Digest) {
		t.Errorf("why: %q", other.Verdicts[0].Why)
	}
	next := w.Leases()[0].Lease
	verdict(t, w.Sync(Failed(next, "NaN")), queue.JudgedAccepted)
	verdict(t, w.Sync(Failed(next, "NaN")), queue.JudgedDuplicate)
	next = w.Leases()[0].Lease
	verdict(t, w.Sync(HandedBack(next)), queue.JudgedAccepted)
	verdict(t, w.Sync(HandedBack(next)), queue.JudgedDuplicate)
	f.WantCounts("A", queue.Counts{Planned: 3, Done: 1, Pending: 1, Leased: 1})
}

func badResults(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 8, 10))
	w, other := f.Worker(6), f.Worker(1)
	w.Sync()
	theirs := other.Take()
	held := w.Leases()
	report := func(i int, change func(*queue.ResultReport)) queue.Report {
		r := Finished(held[i].Lease, 0)
		change(r.Result)
		return r
	}
	everything := report(4, func(*queue.ResultReport) {})
	everything.Failure = &queue.Failure{}
	reports := []queue.Report{
		report(0, func(r *queue.ResultReport) { r.Digest = strings.Repeat("0", 64) }),
		report(1, func(r *queue.ResultReport) { r.Body = r.Body[:100]; r.Digest = sweep.Digest(r.Body) }),
		report(2, func(r *queue.ResultReport) {
			r.Body = []byte(strings.Replace(string(r.Body), `"firing_rate_hz2":1`, `"firing_rate_hz2":-1`, 1))
			r.Digest = sweep.Digest(r.Body)
		}),
		report(3, func(r *queue.ResultReport) { r.ComputeTime = -1 }),
		everything,
		{Lease: held[4].Lease},
		Finished(theirs, 0),
		Finished(queue.Lease{Task: Task(0).ID, Attempt: 7}, 0),
		Finished(queue.Lease{Task: "no such task", Attempt: 1}, 0),
		Finished(queue.Lease{Task: Task(0).ID, Attempt: 1 << 63}, 0),
		Finished(held[5].Lease, 0),
	}
	why := []string{
		"the body's digest is", "decode result", "firing_rate_hz2 = -1", "compute_time",
		"this one has 2", "this one has 0", "another process", "never granted", "never granted", "never granted", "",
	}
	answer := w.Sync(reports...)
	if len(answer.Verdicts) != len(reports) {
		t.Fatalf("%d verdicts on %d reports", len(answer.Verdicts), len(reports))
	}
	for i, v := range answer.Verdicts {
		want := queue.JudgedInvalid
		if i == len(reports)-1 {
			want = queue.JudgedAccepted
		}
		if v.Judgement != want || v.Lease != reports[i].Lease || !strings.Contains(v.Why, why[i]) || (v.Why == "") != (why[i] == "") {
			t.Errorf("verdict %d = %+v: want %s, %q", i, v, want, why[i])
		}
	}
	// Each of the first four invalid results failed its task. The two reports without
	// exactly one outcome changed nothing.
	if r := f.Record(held[4].Task); r.Phase != queue.Leased {
		t.Errorf("a report without exactly one outcome made the task %s", r.Phase)
	}
	f.WantCounts("A", queue.Counts{Planned: 8, Done: 1, Leased: 3, Pending: 4})
}

func invalidFails(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	lease := w.Take()
	bad := Finished(lease, 0)
	bad.Result.Digest = "short"
	verdict(t, w.Sync(bad), queue.JudgedInvalid)
	a := f.Attempts(lease.Task)[0]
	if a.Outcome != queue.AttemptFailed || !strings.HasPrefix(a.Reason, "invalid result: ") || a.Digest != "" {
		t.Errorf("attempt: %+v", a)
	}
	f.Tick(10 * time.Second)
	again := w.Take()
	verdict(t, w.Sync(bad), queue.JudgedInvalid) // the repeated old report changes nothing
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	verdict(t, w.Sync(Finished(again, 0)), queue.JudgedAccepted)
}

// expireAndRegrant makes a lease of slow expire and grants the task to fast.
func expireAndRegrant(f *Fixture) (slow, fast *Worker, old, fresh queue.Lease) {
	f.TB.Helper()
	slow, fast = f.Worker(1), f.Worker(1)
	old = slow.Take()
	slow.Start(old, 1)
	slow.Sync()
	f.Tick(61 * time.Second)
	fresh = fast.Take()
	if fresh.Task != old.Task || fresh.Attempt != old.Attempt+1 {
		f.TB.Fatalf("after %v was lost, %v is granted", old, fresh)
	}
	return slow, fast, old, fresh
}

func lateAgrees(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := expireAndRegrant(f)
	fast.Sync(Finished(fresh, 0))
	answer := slow.Sync(Finished(old, 0))
	verdict(t, answer, queue.JudgedLate)
	verdict(t, slow.Sync(Finished(old, 0)), queue.JudgedDuplicate)
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if got := f.Outcomes(old.Task); got[0] != queue.Late || got[1] != queue.Accepted {
		t.Errorf("outcomes: %v", got)
	}
}

func lateDiffers(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := expireAndRegrant(f)
	fast.Sync(Finished(fresh, 0))
	verdict(t, slow.Sync(Finished(old, 1)), queue.JudgedLate)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	row := f.Rows("A")[0]
	if row.Digest != Result(0).Digest || row.State != sweep.Diverged {
		t.Error("a late result replaced the accepted one")
	}
	want := "results differ: errors.firing_rate_hz2 is 1 by attempt 2 on host (portable), and 2 by attempt 1 on host (portable)"
	if row.Reason != want {
		t.Errorf("the reason is %q, want %q", row.Reason, want)
	}
	s := f.Status("A")
	if len(s.Diverged) != 1 || s.Diverged[0].Task.ID != old.Task || !s.Counts.Finished() {
		t.Errorf("status: %+v", s)
	}
}

func lateCameFirst(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := expireAndRegrant(f)
	verdict(t, slow.Sync(Finished(old, 1)), queue.JudgedLate)
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	if f.Record(old.Task).Exclusive {
		t.Error("a process that has reported was not lost, but its task is exclusive")
	}
	verdict(t, fast.Sync(Finished(fresh, 0)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	if f.Rows("A")[0].Digest != Result(0).Digest {
		t.Error("the accepted result is not that of the live attempt")
	}
}

func lateFailures(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, _, old, _ := expireAndRegrant(f)
	verdict(t, slow.Sync(Failed(old, "panic")), queue.JudgedLate)
	verdict(t, slow.Sync(HandedBack(old)), queue.JudgedLate)
	invalid := Finished(old, 0)
	invalid.Result.Body = nil
	verdict(t, slow.Sync(invalid), queue.JudgedInvalid)
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	if got := f.Outcomes(old.Task); got[0] != queue.Lost {
		t.Errorf("outcomes: %v", got)
	}
}

// diverge makes a diverged task: variant 0 is accepted and variant 1 arrived late.
func diverge(f *Fixture) (task sweep.TaskID) {
	f.TB.Helper()
	slow, fast, old, fresh := expireAndRegrant(f)
	fast.Sync(Finished(fresh, 0))
	slow.Sync(Finished(old, 1))
	if r := f.Record(old.Task); r.Phase != queue.Diverged {
		f.TB.Fatalf("the task is %s", r.Phase)
	}
	return old.Task
}

func twoOfThree(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	task := diverge(f)
	if n := f.Retry(queue.RetryRequest{}); n != 0 {
		t.Errorf("a retry of failed tasks reopened %d diverged ones", n)
	}
	if n := f.Retry(queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{task, Task(1).ID}}, Diverged: true}); n != 1 {
		t.Errorf("reopened %d", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})
	if row := f.Rows("A")[0]; row.Digest != "" {
		t.Error("a pending task has a result")
	}
	w := f.Worker(1)
	verdict(t, w.Sync(Finished(w.Take(), 0)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Leased: 1})
	if f.Rows("A")[0].Digest != Result(0).Digest {
		t.Error("the accepted result is not the one that two of three agree on")
	}
}

func acceptedWasWrong(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	diverge(f)
	if n := f.Retry(queue.RetryRequest{Diverged: true}); n != 1 {
		t.Errorf("reopened %d", n)
	}
	w := f.Worker(1)
	verdict(t, w.Sync(Finished(w.Take(), 1)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if f.Rows("A")[0].Digest != Result(1).Digest {
		t.Error("the accepted result is not the one that two of three agree on")
	}
}

func threeResults(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	task := diverge(f)
	w := f.Worker(1)
	again := func(variant int, took time.Duration) {
		t.Helper()
		f.Retry(queue.RetryRequest{Diverged: true})
		report := Finished(w.Take(), variant)
		report.Result.ComputeTime = took
		verdict(t, w.Sync(report), queue.JudgedAccepted)
	}
	again(2, 9*time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	if f.Rows("A")[0].Digest != Result(0).Digest || f.Record(task).Compute != 2*time.Second {
		t.Errorf("the accepted result changed, though no two results agree: %+v", f.Record(task))
	}
	again(2, 7*time.Second) // the fourth agrees with the third
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if f.Rows("A")[0].Digest != Result(2).Digest || f.Record(task).Compute != 7*time.Second {
		t.Errorf("the accepted result is not the one that two of four agree on: %+v", f.Record(task))
	}
}

func divergedFails(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	task := diverge(f)
	f.Retry(queue.RetryRequest{Diverged: true})
	w := f.Worker(1)
	for range 3 {
		w.Sync(Failed(w.Take(), "panic"))
		f.Tick(20 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	if r := f.Record(task); !strings.Contains(r.Reason, "failed 3 times") || r.Accepted != Result(0).Digest {
		t.Errorf("record: %+v", r)
	}
}

func expiredResult(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	w := f.Worker(2)
	w.Sync()
	held := w.Leases()
	f.Tick(61 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
	answer := w.Sync(Finished(held[0].Lease, 0), Failed(held[1].Lease, "panic"))
	for _, v := range answer.Verdicts {
		if v.Judgement != queue.JudgedAccepted {
			t.Errorf("verdict: %+v", v)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
	if got := f.Outcomes(held[1].Task); len(got) != 1 || got[0] != queue.AttemptFailed {
		t.Errorf("outcomes: %v", got)
	}
}
