package queuetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// blameScenarios test failures, losses and retries.
var blameScenarios = []Scenario{
	{"three failures fail the task", failsAlways},
	{"two equal failures fail the task", repeatedFailure},
	{"a reproducible failure fails the task", reproducible},
	{"the back-off doubles up to a bound", backOff},
	{"messages and logs are clipped", clipped},
	{"five lost processes fail the task", killsProcess},
	{"a loss before the start does not count", notStarted},
	{"a loss after progress does not count", advances},
	{"a failure resets the progress that losses are compared with", failureResets},
	{"a retry reopens only the selected task", retryOne},
}

func failsAlways(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	w := f.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	for attempt := uint64(1); attempt <= 3; attempt++ {
		lease := w.OnlyLease()
		if lease.Attempt != attempt {
			t.Fatalf("attempt = %d: want %d", lease.Attempt, attempt)
		}
		w.Start(lease, 9)
		w.Checkpoint(lease, 9)
		w.Sync(Failed(lease, "NaN at step 9"))
		if attempt == 3 {
			break
		}
		f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
		f.Tick(10 * time.Second * time.Duration(attempt))
		if fresh := Fresh(w.Sync()); len(fresh) != 1 || fresh[0].Work.CheckpointStep != 0 {
			t.Fatalf("after failure %d: %+v", attempt, fresh)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Failed: 1})
	s := f.Status("A")
	if len(s.Failed) != 1 || s.Failed[0].Reason != "it failed 3 times, the last time with: NaN at step 9" || !s.Counts.Finished() {
		t.Errorf("status: %+v", s.Failed)
	}
	for _, a := range f.Attempts(Task(1).ID) {
		if a.Outcome != queue.AttemptFailed || a.Log != "log of NaN at step 9" {
			t.Errorf("attempt: %+v", a)
		}
	}
	// The task stays failed, also in another sweep and revision, until a retry.
	f.Plan("B", Plan(1, 2, 10))
	f.Tick(time.Hour)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	if n := f.Retry(queue.RetryRequest{}); n != 1 {
		t.Errorf("reopened %d", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
	f.WantCounts("B", queue.Counts{Planned: 1, Pending: 1})
	lease := w.Take()
	if lease.Attempt != 4 {
		t.Errorf("attempt = %d: want the next one, 4", lease.Attempt)
	}
	// Its earlier attempts are pardoned, so the next failure counts as the first.
	w.Sync(Failed(lease, "NaN"))
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
	f.Tick(10 * time.Second)
	w.Sync(Finished(w.Take(), 0))
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	if n := len(f.Attempts(Task(1).ID)); n != 5 {
		t.Errorf("%d attempts are stored, want 5", n)
	}
}

// repeatedFailure fails a task twice with the same message: the next attempt would fail,
// too.
func repeatedFailure(t *testing.T, f *Fixture) {
	f.policy.MaxRepeats = 2
	f.Restart()
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	for _, step := range []string{"3", "4", "3"} {
		f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
		w.Sync(Failed(w.Take(), "panic after step "+step))
		f.Tick(20 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
	if r := f.Record(Task(0).ID); r.Reason != "it failed 2 times in the same way: panic after step 3" {
		t.Errorf("reason: %q", r.Reason)
	}
	f.Retry(queue.RetryRequest{})
	w.Sync(Failed(w.Take(), "panic after step 3")) // the first one since the retry
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

// reproducible fails a task by its numbers: every attempt would fail.
func reproducible(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	for range 2 {
		report := Failed(w.Take(), "NaN at step 3")
		report.Failure.Reproducible = true
		w.Sync(report)
		f.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
		if r := f.Record(Task(0).ID); r.Reason != "it would fail in every attempt: NaN at step 3" {
			t.Errorf("reason: %q", r.Reason)
		}
		f.Retry(queue.RetryRequest{})
	}
	w.Sync(Finished(w.Take(), 0))
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
}

func backOff(t *testing.T, f *Fixture) {
	f.policy.MaxAttempts = 12
	f.Restart()
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	for _, want := range []float64{10, 20, 40, 80, 160, 320, 600, 600} {
		lease := w.Take()
		w.Sync(Failed(lease, "NaN"))
		pause := f.Record(lease.Task).NotBefore.Sub(f.Clock.Now())
		if pause.Seconds() != want {
			t.Errorf("after failure %d: a pause of %v: want %v s", lease.Attempt, pause, want)
		}
		f.Tick(pause - time.Microsecond)
		if fresh := Fresh(w.Sync()); len(fresh) != 0 {
			t.Fatalf("granted before the back-off ended: %+v", fresh)
		}
		f.Tick(time.Microsecond)
	}
}

func clipped(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 10))
	w := f.Worker(1)
	lease := w.Take()
	w.Sync(queue.Report{Lease: lease, Failure: &queue.Failure{
		Message: strings.Repeat("µ", 4000), Log: strings.Repeat("µ", 40000) + "the end",
	}})
	a := f.Attempts(lease.Task)[0]
	if len(a.Reason) != 4096 || len(a.Log) < 65535-1 || len(a.Log) > 65536 || !strings.HasSuffix(a.Log, "µthe end") ||
		strings.ToValidUTF8(a.Log, "?") != a.Log || strings.ToValidUTF8(a.Reason, "?") != a.Reason {
		t.Errorf("message of %d bytes, log of %d", len(a.Reason), len(a.Log))
	}
	lease = w.OnlyLease()
	w.Sync(queue.Report{Lease: lease, HandBack: &queue.HandBack{Reason: "x" + strings.Repeat("µ", 4000)}})
	if n := len(f.Attempts(lease.Task)[0].Reason); n != 4095 {
		t.Errorf("reason of %d bytes", n)
	}
}

// loseWorker starts the tasks that a worker holds and lets its leases expire.
func loseWorker(f *Fixture, w *Worker) {
	f.TB.Helper()
	for lease := range w.Holds {
		w.Start(lease, 1)
	}
	w.Sync()
	f.Tick(61 * time.Second)
}

func killsProcess(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	for n := range 5 {
		w := f.Worker(1)
		w.Take()
		loseWorker(f, w)
		want := queue.Counts{Planned: 1, Pending: 1}
		if n == 4 {
			want = queue.Counts{Planned: 1, Failed: 1}
		}
		f.WantCounts("A", want)
	}
	if r := f.Record(Task(0).ID); !strings.Contains(r.Reason, "lost with it 5 times") || !strings.Contains(r.Reason, "host") {
		t.Errorf("reason: %q", r.Reason)
	}
	f.Retry(queue.RetryRequest{})
	w := f.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
}

func notStarted(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	for range 7 {
		w := f.Worker(1)
		w.Take()
		f.Tick(61 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if r := f.Record(Task(0).ID); r.Exclusive || r.Attempt != 7 {
		t.Errorf("record: %+v", r)
	}
}

func advances(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	lose := func(step uint64) {
		t.Helper()
		w := f.Worker(1)
		lease := w.Take()
		w.Start(lease, step)
		if step > 0 {
			w.Checkpoint(lease, step)
		}
		loseWorker(f, w)
	}
	for step := uint64(10); step <= 80; step += 10 {
		lose(step)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if r := f.Record(Task(0).ID); r.Exclusive {
		t.Errorf("record: %+v", r)
	}
	// From here on, the task makes no progress after step 80.
	for n := range 5 {
		if r := f.Record(Task(0).ID); r.Exclusive != (n > 0) || r.Phase != queue.Waiting {
			t.Errorf("after %d losses without progress: %+v", n, r)
		}
		lose(0)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
	// A retry does not begin at the checkpoint of step 80, which may be the cause.
	f.Retry(queue.RetryRequest{})
	if fresh := Fresh(f.Worker(1).Sync()); fresh[0].Work.CheckpointStep != 0 {
		t.Errorf("after the retry: %+v", fresh[0].Work)
	}
}

func failureResets(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	lose := func(step uint64) {
		t.Helper()
		w := f.Worker(1)
		w.Checkpoint(w.Take(), step)
		loseWorker(f, w)
	}
	lose(50)
	w := f.Worker(1)
	w.Sync(Failed(w.Take(), "NaN"))
	f.Tick(10 * time.Second)
	lose(20) // less than 50, but the attempt began at step 0
	if r := f.Record(Task(0).ID); r.Exclusive {
		t.Errorf("record: %+v", r)
	}
	lose(30)
	if r := f.Record(Task(0).ID); r.Exclusive {
		t.Errorf("record: %+v", r)
	}
}

func retryOne(t *testing.T, f *Fixture) {
	f.policy.MaxAttempts = 3
	f.Plan("A", Plan(0, 3, 10))
	w := f.Worker(3)
	for range 3 {
		w.Sync()
		for _, h := range w.Leases() {
			w.Sync(Failed(h.Lease, "NaN"))
		}
		f.Tick(20 * time.Second)
	}
	f.WantCounts("A", queue.Counts{Planned: 3, Failed: 3})
	if n := f.Retry(queue.RetryRequest{Diverged: true}); n != 0 {
		t.Errorf("reopened %d", n)
	}
	if n := f.Retry(queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{Task(1).ID}}}); n != 1 {
		t.Errorf("reopened %d", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 3, Failed: 2, Pending: 1})
	for _, task := range []sweep.TaskID{"no such task", Task(7).ID} {
		if _, err := f.Queue.Retry(ctx, queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{Task(0).ID, task}}}); err == nil {
			t.Errorf("retry of %q: want an error", task)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 3, Failed: 2, Pending: 1})
	f.Plan("A", Plan(1, 3, 10))
	if _, err := f.Queue.Retry(ctx, queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{Task(0).ID}}}); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("retry of a task that no sweep plans: %v", err)
	}
	// The task is still failed when a sweep plans it again.
	f.Plan("B", Plan(0, 1, 10))
	f.WantCounts("B", queue.Counts{Planned: 1, Failed: 1})
}
