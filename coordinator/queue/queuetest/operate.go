package queuetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// cancelScenarios test tasks that an operator cancels.
var cancelScenarios = []Scenario{
	{"a cancelled sweep fails its unfinished tasks", cancelAll},
	{"the holder of a cancelled task loses its lease", cancelHolder},
	{"a result of a cancelled task is accepted", cancelResult},
	{"a result of a cancelled task that was granted again is late", cancelLate},
	{"an expired lease of a cancelled task is not renewed", cancelExpired},
	{"a task that another sweep shares is not cancelled", cancelShared},
	{"a cancelled task that is retried resumes from its checkpoint", cancelCheckpoint},
	{"a cancelled retry leaves the task diverged", cancelDiverged},
	{"an idle worker is done when the last task is cancelled", cancelLast},
	{"a failed commit changes nothing, one of unknown outcome may", cancelFailedCommits},
}

// cancel cancels a selection and checks how many tasks were cancelled, and how many are
// shared.
func (f *Fixture) cancel(s queue.Selection, cancelled, shared int) {
	f.TB.Helper()
	n, m, err := f.Queue.Cancel(ctx, s)
	if err != nil || n != cancelled || m != shared {
		f.TB.Fatalf("cancelled %d, shared %d, %v: want %d, %d", n, m, err, cancelled, shared)
	}
	f.Consistent()
}

func cancelAll(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 4, 30))
	w := f.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	w.Sync(Failed(w.OnlyLease(), "NaN"))
	f.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Leased: 1, Pending: 2})
	f.cancel(queue.Selection{Sweep: "A"}, 3, 0)
	f.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Failed: 3})
	for _, row := range f.Status("A").Failed {
		if row.Reason != queue.CancelledByOperator {
			t.Errorf("task %s failed with the reason %q", row.Task.ID, row.Reason)
		}
	}
	f.cancel(queue.Selection{Sweep: "A"}, 0, 0)
	f.Tick(time.Minute) // the end of a back-off does not reopen a task
	if n := f.Retry(queue.RetryRequest{}); n != 3 {
		t.Errorf("reopened %d", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Pending: 3})
}

func cancelHolder(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 10)
	f.cancel(queue.Selection{Sweep: "A"}, 1, 0)
	if w.Checkpoint(lease, 20) {
		t.Error("a checkpoint of a cancelled attempt was stored")
	}
	answer := w.Sync()
	if len(answer.Assignments) != 0 || !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	for _, report := range []queue.Report{Failed(lease, "NaN"), HandedBack(lease)} {
		verdict(t, w.Sync(report), queue.JudgedLate)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
	if got := f.Attempts(lease.Task)[0]; got.Outcome != queue.Cancelled || got.Reason != queue.CancelledByOperator {
		t.Errorf("attempt: %+v", got)
	}
}

func cancelResult(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 30))
	w := f.Worker(2)
	w.Sync()
	held := w.Leases()
	f.cancel(queue.Selection{Sweep: "A"}, 2, 0)
	f.Retry(queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{held[1].Task}}})
	for _, h := range held { // one was cancelled, the other reopened
		bad := Finished(h.Lease, 0)
		bad.Result.Digest = "damaged"
		verdict(t, w.Call(queue.SyncRequest{Process: w.Process, Sequence: 1, Reports: []queue.Report{bad}}), queue.JudgedInvalid)
		verdict(t, w.Call(queue.SyncRequest{Process: w.Process, Sequence: 1, Reports: []queue.Report{Finished(h.Lease, 0)}}), queue.JudgedAccepted)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
}

func cancelLate(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	slow, fast := f.Worker(1), f.Worker(1)
	old := slow.Take()
	f.cancel(queue.Selection{Sweep: "A"}, 1, 0)
	f.Retry(queue.RetryRequest{})
	fresh := fast.Take()
	verdict(t, slow.Sync(Finished(old, 1)), queue.JudgedLate)
	verdict(t, fast.Sync(Finished(fresh, 0)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
}

func cancelExpired(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 10)
	w.Sync()
	f.Tick(61 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	f.cancel(queue.Selection{Sweep: "A"}, 1, 0)
	if answer := w.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("the returning holder keeps the lease: %+v", answer)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
}

func cancelShared(_ *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 30))
	f.Plan("B", Plan(2, 4, 30))
	f.cancel(queue.Selection{Sweep: "A"}, 2, 1)
	f.WantCounts("A", queue.Counts{Planned: 3, Failed: 2, Pending: 1})
	f.WantCounts("B", queue.Counts{Planned: 2, Pending: 2})
	f.cancel(queue.Selection{Tasks: []sweep.TaskID{Task(2).ID}}, 1, 0) // of all sweeps
	f.WantCounts("B", queue.Counts{Planned: 2, Pending: 1, Failed: 1})
}

func cancelCheckpoint(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 40)
	w.Checkpoint(lease, 40)
	f.cancel(queue.Selection{Sweep: "A"}, 1, 0)
	f.Retry(queue.RetryRequest{})
	if fresh := Fresh(f.Worker(1).Sync()); len(fresh) != 1 || fresh[0].Work.CheckpointStep != 40 {
		t.Errorf("granted: %+v", fresh)
	}
}

func cancelDiverged(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	task := diverge(f)
	reason := f.Record(task).Reason
	f.Retry(queue.RetryRequest{Diverged: true})
	w := f.Worker(1)
	w.Take()
	f.cancel(queue.Selection{Sweep: "A"}, 1, 0)
	f.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	if r := f.Record(task); r.Reason != reason || r.Accepted != Result(0).Digest {
		t.Errorf("record: %+v", r)
	}
}

func cancelLast(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	busy, idle := f.Worker(1), f.Worker(1)
	busy.Take()
	idle.Sync()
	changed := f.Queue.Changed()
	if wait, err := f.Queue.WouldWait(ctx, idle.Request()); !wait || err != nil {
		t.Fatalf("the idle worker would wait: %v, %v", wait, err)
	}
	f.cancel(queue.Selection{Sweep: "A"}, 1, 0)
	select {
	case <-changed:
	default:
		t.Error("the end of the last task does not wake the idle worker")
	}
	if answer := idle.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}

func cancelFailedCommits(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 30))
	cancel := func() error { _, _, err := f.Queue.Cancel(ctx, queue.Selection{Sweep: "A"}); return err }
	retry := func() error { _, err := f.Queue.Retry(ctx, queue.RetryRequest{}); return err }
	for _, step := range []struct {
		fault Fault
		call  func() error
		want  queue.Counts
	}{
		{FailedCommit, cancel, queue.Counts{Planned: 2, Pending: 2}},
		{UnknownCommit, cancel, queue.Counts{Planned: 2, Failed: 2}},
		{FailedCommit, retry, queue.Counts{Planned: 2, Failed: 2}},
		{UnknownCommit, retry, queue.Counts{Planned: 2, Pending: 2}},
	} {
		f.Store.Next = step.fault
		if err := step.call(); !errors.Is(err, queue.ErrUnavailable) {
			t.Errorf("with fault %d: %v, want %v", step.fault, err, queue.ErrUnavailable)
		}
		f.WantCounts("A", step.want)
	}
}

// drainScenarios test workers that an operator asks to leave.
var drainScenarios = []Scenario{
	{"a drain without a selection drains all workers", drainAll},
	{"a drain selects workers by process and host", drainSome},
	{"an unknown process or host is an error", drainUnknown},
	{"a drain survives a restart of the coordinator", drainAcrossRestart},
	{"a worker leaves when all is done", leaveWhenDone},
}

// drain asks workers to leave and checks their number.
func (f *Fixture) drain(r queue.DrainRequest, want int) {
	f.TB.Helper()
	if n, err := f.Queue.Drain(ctx, r); n != want || err != nil {
		f.TB.Fatalf("draining %d, %v: want %d", n, err, want)
	}
}

func drainAll(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	busy, idle := f.Worker(1), f.Worker(1)
	lease := busy.Take()
	idle.Sync()
	changed := f.Queue.Changed()
	f.drain(queue.DrainRequest{}, 2)
	select {
	case <-changed:
	default:
		t.Error("a waiting worker is not woken")
	}
	if wait, err := f.Queue.WouldWait(ctx, idle.Request()); wait || err != nil {
		t.Errorf("a draining worker would wait: %v, %v", wait, err)
	}
	answer := busy.Sync()
	if !answer.Drain || len(answer.Assignments) != 1 {
		t.Errorf("the busy worker should keep its task until it hands it back: %+v", answer)
	}
	busy.Draining = true
	answer = busy.Sync(HandedBack(lease))
	if !answer.Drain || len(answer.Assignments) != 0 {
		t.Errorf("answer: %+v", answer)
	}
	if answer = idle.Sync(); !answer.Drain || len(answer.Assignments) != 0 {
		t.Errorf("a draining worker is granted the task: %+v", answer)
	}
	idle.Draining = true
	idle.Sync()
	if workers := f.Status("A").Workers; len(workers) != 0 {
		t.Errorf("workers: %+v", workers)
	}
	later := f.Worker(1)
	if answer = later.Sync(); answer.Drain || len(answer.Assignments) != 1 {
		t.Errorf("a worker that starts later is drained, too: %+v", answer)
	}
}

func drainSome(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 9, 30))
	var workers []*Worker
	for i := range 4 {
		w := f.Worker(1)
		w.Host = []string{"a", "b", "b", "c"}[i]
		w.Sync()
		workers = append(workers, w)
	}
	f.drain(queue.DrainRequest{Processes: []string{workers[0].ID}, Hosts: []string{"b"}}, 3)
	for i, w := range workers {
		if answer := w.Sync(); answer.Drain != (i < 3) {
			t.Errorf("worker %d on %s: drain %v", i, w.Host, answer.Drain)
		}
	}
}

func drainUnknown(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 9, 30))
	f.drain(queue.DrainRequest{}, 0)
	a, b := f.Worker(1), f.Worker(1)
	a.Sync()
	b.Sync()
	refuses := func(r queue.DrainRequest, want error) {
		t.Helper()
		if _, err := f.Queue.Drain(ctx, r); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", r, err, want)
		}
	}
	refuses(queue.DrainRequest{Processes: []string{a.ID, "ghost"}}, queue.ErrUnknown)
	refuses(queue.DrainRequest{Hosts: []string{"host", "no such host"}}, queue.ErrUnknown)
	refuses(queue.DrainRequest{Processes: []string{"process-"}}, queue.ErrInvalid)
	refuses(queue.DrainRequest{Processes: []string{""}}, queue.ErrUnknown)
	if answer := a.Sync(); answer.Drain {
		t.Error("a drain that was refused drains a worker")
	}
	f.drain(queue.DrainRequest{Processes: []string{a.ID}}, 1)
}

func drainAcrossRestart(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	w := f.Worker(1)
	w.Sync()
	f.drain(queue.DrainRequest{}, 1)
	f.Restart()
	old := w.Request()
	old.Sequence = 1
	if answer := w.Call(old); !answer.Drain {
		t.Error("the answer to an old call does not drain")
	}
	if answer := w.Sync(); !answer.Drain {
		t.Error("the restarted coordinator does not drain")
	}
}

// leaveWhenDone checks that a worker counts as gone once an answer says that all is done,
// even if it did not receive the answer and calls again.
func leaveWhenDone(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 30))
	w, stays := f.Worker(1), f.Worker(1)
	lease := w.Take()
	waits := stays.Request()
	waits.Stays = true
	stays.Call(waits)
	if answer := w.Sync(Finished(lease, 0)); !answer.Done {
		t.Fatalf("answer: %+v", answer)
	}
	present := func(want ...string) {
		t.Helper()
		var got []string
		for _, w := range f.Status("A").Workers {
			got = append(got, w.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("workers (-want +got):\n%s", diff)
		}
	}
	present(stays.ID)
	f.drain(queue.DrainRequest{}, 1)
	w.Sync()
	present(stays.ID)
}
