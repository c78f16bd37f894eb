package storetest

import (
	"errors"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// cancelling is about tasks that a person wants no more.
var cancelling = []life{
	{"waiting, backing off, running and done", cancelAll},
	{"a holder that comes back", cancelHolder},
	{"a result that comes after all", cancelResult},
	{"a result that comes when the task was granted again", cancelLate},
	{"a lease that has expired before", cancelExpired},
	{"shared with another sweep", cancelShared},
	{"goes on from its checkpoint", cancelCheckpoint},
	{"a diverged task that runs once more", cancelDiverged},
	{"the last of a sweep lets workers leave", cancelLast},
	{"commits that fail", cancelFaulty},
}

// cancels cancels a selection and checks how many were, and how many are shared.
func (l *Lab) cancels(s queue.Selection, cancelled, shared int) {
	l.TB.Helper()
	n, m, err := l.Queue.Cancel(ctx, s)
	if err != nil || n != cancelled || m != shared {
		l.TB.Fatalf("cancelled %d, shared %d, %v: want %d, %d", n, m, err, cancelled, shared)
	}
	l.Consistent()
}

func cancelAll(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 4, 30))
	w := l.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	w.Sync(Fails(w.Holding(), "NaN"))
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Leased: 1, Pending: 2})
	l.cancels(queue.Selection{Sweep: "A"}, 3, 0)
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Failed: 3})
	for _, row := range l.Status("A").Failed {
		if row.Reason != queue.CancelledByOperator {
			t.Errorf("task %s failed since %q", row.Task.ID, row.Reason)
		}
	}
	l.cancels(queue.Selection{Sweep: "A"}, 0, 0)
	l.Tick(time.Minute) // no back-off brings one back
	if n := l.Retry(queue.RetryRequest{}); n != 3 {
		t.Errorf("reopened %d", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Pending: 3})
}

func cancelHolder(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	w := l.Worker(1)
	lease := w.Take()
	w.Start(lease, 10)
	l.cancels(queue.Selection{Sweep: "A"}, 1, 0)
	if w.Checkpoint(lease, 20) {
		t.Error("a checkpoint of a cancelled attempt was stored")
	}
	answer := w.Sync()
	if len(answer.Assignments) != 0 || !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	for _, report := range []queue.Report{Fails(lease, "NaN"), HandsBack(lease)} {
		verdict(t, w.Sync(report), queue.JudgedLate)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
	if got := l.Attempts(lease.Task)[0]; got.Outcome != queue.Cancelled || got.Reason != queue.CancelledByOperator {
		t.Errorf("attempt: %+v", got)
	}
}

func cancelResult(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 2, 30))
	w := l.Worker(2)
	w.Sync()
	held := w.held()
	l.cancels(queue.Selection{Sweep: "A"}, 2, 0)
	l.Retry(queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{held[1].Task}}})
	for _, h := range held { // one failed, one was reopened
		bad := Finished(h.Lease, 0)
		bad.Result.Digest = "damaged"
		verdict(t, w.Call(queue.SyncRequest{Process: w.Process, Sequence: 1, Reports: []queue.Report{bad}}), queue.JudgedInvalid)
		verdict(t, w.Call(queue.SyncRequest{Process: w.Process, Sequence: 1, Reports: []queue.Report{Finished(h.Lease, 0)}}), queue.JudgedAccepted)
	}
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
}

func cancelLate(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	slow, fast := l.Worker(1), l.Worker(1)
	old := slow.Take()
	l.cancels(queue.Selection{Sweep: "A"}, 1, 0)
	l.Retry(queue.RetryRequest{})
	fresh := fast.Take()
	verdict(t, slow.Sync(Finished(old, 1)), queue.JudgedLate)
	verdict(t, fast.Sync(Finished(fresh, 0)), queue.JudgedAccepted)
	l.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
}

func cancelExpired(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	w := l.Worker(1)
	lease := w.Take()
	w.Start(lease, 10)
	w.Sync()
	l.Tick(61 * time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	l.cancels(queue.Selection{Sweep: "A"}, 1, 0)
	if answer := w.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("its holder came back and got it again: %+v", answer)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
}

func cancelShared(_ *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 30))
	l.Plan("B", Plan(2, 4, 30))
	l.cancels(queue.Selection{Sweep: "A"}, 2, 1)
	l.WantCounts("A", queue.Counts{Planned: 3, Failed: 2, Pending: 1})
	l.WantCounts("B", queue.Counts{Planned: 2, Pending: 2})
	l.cancels(queue.Selection{Tasks: []sweep.TaskID{Task(2).ID}}, 1, 0) // of all sweeps
	l.WantCounts("B", queue.Counts{Planned: 2, Pending: 1, Failed: 1})
}

func cancelCheckpoint(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	w := l.Worker(1)
	lease := w.Take()
	w.Start(lease, 40)
	w.Checkpoint(lease, 40)
	l.cancels(queue.Selection{Sweep: "A"}, 1, 0)
	l.Retry(queue.RetryRequest{})
	if fresh := Fresh(l.Worker(1).Sync()); len(fresh) != 1 || fresh[0].Work.CheckpointStep != 40 {
		t.Errorf("granted: %+v", fresh)
	}
}

func cancelDiverged(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	task := diverge(l)
	reason := l.Record(task).Reason
	l.Retry(queue.RetryRequest{Diverged: true})
	w := l.Worker(1)
	w.Take()
	l.cancels(queue.Selection{Sweep: "A"}, 1, 0)
	l.WantCounts("A", queue.Counts{Planned: 1, Diverged: 1})
	if r := l.Record(task); r.Reason != reason || r.Accepted != Result(0).Digest {
		t.Errorf("record: %+v", r)
	}
}

func cancelLast(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	busy, idle := l.Worker(1), l.Worker(1)
	busy.Take()
	idle.Sync()
	changed := l.Queue.Changed()
	if wait, err := l.Queue.WouldWait(ctx, idle.Request()); !wait || err != nil {
		t.Fatalf("the idle one waits: %v, %v", wait, err)
	}
	l.cancels(queue.Selection{Sweep: "A"}, 1, 0)
	select {
	case <-changed:
	default:
		t.Error("the end of the last task wakes nobody")
	}
	if answer := idle.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}

func cancelFaulty(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 2, 30))
	cancel := func() error { _, _, err := l.Queue.Cancel(ctx, queue.Selection{Sweep: "A"}); return err }
	retry := func() error { _, err := l.Queue.Retry(ctx, queue.RetryRequest{}); return err }
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
		l.Store.Next = step.fault
		if err := step.call(); !errors.Is(err, queue.ErrUnavailable) {
			t.Errorf("with fault %d: %v, want %v", step.fault, err, queue.ErrUnavailable)
		}
		l.WantCounts("A", step.want)
	}
}
