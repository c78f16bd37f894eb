package queuetest

import (
	"errors"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// checkpointing is about checkpoints that move to another worker.
var checkpointing = []Scenario{
	{"only a larger step", largerStep},
	{"only from the live attempt, only to its holder", liveAttempt},
	{"a checkpoint moves to another worker", moves},
	{"a checkpoint renews", checkpointRenews},
	{"steps that the task does not have", badSteps},
	{"a commit that failed", checkpointFault},
}

func largerStep(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	lease := w.Take()
	for _, c := range []struct {
		step uint64
		want bool
	}{{10, true}, {10, false}, {9, false}, {11, true}, {Steps, true}} {
		if got := w.Checkpoint(lease, c.step); got != c.want {
			t.Errorf("checkpoint of step %d stored: %v", c.step, got)
		}
	}
	step, body, err := f.Queue.Checkpoint(ctx, w.ID, lease)
	if err != nil || step != Steps || string(body) != string([]byte{Steps}) {
		t.Errorf("checkpoint = %d, %v, %v", step, body, err)
	}
	if a := f.Attempts(lease.Task)[0]; !a.Started || a.Step != Steps {
		t.Errorf("attempt: %+v", a)
	}
	w.Sync(Finished(lease, 0))
	f.Consistent() // it is gone
}

func liveAttempt(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := race(f)
	for name, try := range map[string]struct {
		w     *Worker
		lease queue.Lease
	}{
		"an old attempt's":    {slow, old},
		"another process's":   {slow, fresh},
		"of an attempt to be": {fast, queue.Lease{Task: fresh.Task, Attempt: 3}},
		"of no task":          {fast, queue.Lease{Task: "no such task", Attempt: 1}},
	} {
		if try.w.Checkpoint(try.lease, 50) {
			t.Errorf("%s checkpoint was stored", name)
		}
		if _, _, err := f.Queue.Checkpoint(ctx, try.w.ID, try.lease); !errors.Is(err, queue.ErrNotHeld) {
			t.Errorf("%s checkpoint: %v: want %v", name, err, queue.ErrNotHeld)
		}
	}
	step, body, err := f.Queue.Checkpoint(ctx, fast.ID, fresh)
	if step != 0 || body != nil || err != nil {
		t.Errorf("checkpoint where there is none: %d, %v, %v", step, body, err)
	}
	f.Consistent()
}

func moves(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	w.Checkpoint(w.Take(), 40)
	f.Tick(61 * time.Second)
	next := f.Worker(1)
	fresh := Fresh(next.Sync())[0]
	if fresh.Work.CheckpointStep != 40 {
		t.Fatalf("work: %+v", fresh.Work)
	}
	step, body, err := f.Queue.Checkpoint(ctx, next.ID, fresh.Lease)
	if err != nil || step != 40 || string(body) != "\x28" {
		t.Errorf("checkpoint = %d, %v, %v", step, body, err)
	}
	if a := f.Attempts(fresh.Task); a[0].Saved != 40 || a[1].From != 40 {
		t.Errorf("attempts: %+v", a)
	}
	if next.Checkpoint(fresh.Lease, 40) {
		t.Error("the step that it began from was stored again")
	}
	if !next.Checkpoint(fresh.Lease, 41) {
		t.Error("a larger step was not stored")
	}
}

func checkpointRenews(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	w := f.Worker(2)
	w.Sync()
	a, b := w.Leases()[0].Lease, w.Leases()[1].Lease
	f.Tick(40 * time.Second)
	w.Checkpoint(a, 10)
	f.Tick(40 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	w.Checkpoint(a, 10) // no larger step: no sign of life
	f.Tick(21 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})

	if w.Checkpoint(a, 10) {
		t.Error("no larger step, but stored")
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
	if !w.Checkpoint(a, 20) {
		t.Error("a checkpoint of an expired lease that was not granted again was refused")
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})
	f.Tick(59 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})
	if answer := w.Sync(); len(answer.Assignments) != 2 {
		t.Errorf("assignments: %+v", answer.Assignments)
	}

	// Nobody wants the tasks any more: nothing brings their leases back.
	f.Plan("A", nil)
	if w.Checkpoint(b, 30) {
		t.Error("a checkpoint of a withdrawn task was stored")
	}
}

func badSteps(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	lease := w.Take()
	for _, step := range []uint64{0, Steps + 1, 1 << 63} {
		if _, err := f.Queue.PutCheckpoint(ctx, w.ID, lease, step, []byte("body")); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("checkpoint of step %d: %v: want %v", step, err, queue.ErrInvalid)
		}
	}
	f.Consistent()
}

func checkpointFault(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	lease := w.Take()
	for fault, stored := range map[Fault]bool{FailedCommit: true, UnknownCommit: false} {
		f.Store.Next = fault
		if _, err := f.Queue.PutCheckpoint(ctx, w.ID, lease, uint64(10*fault), []byte("body")); !errors.Is(err, queue.ErrUnavailable) {
			t.Fatalf("fault %d: %v", fault, err)
		}
		if got := w.Checkpoint(lease, uint64(10*fault)); got != stored && fault == UnknownCommit {
			t.Errorf("after fault %d, stored: %v", fault, got)
		}
	}
	f.Consistent()
}
