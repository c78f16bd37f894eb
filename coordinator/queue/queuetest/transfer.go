package queuetest

import (
	"errors"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// checkpointScenarios test checkpoints that move from one worker to another.
var checkpointScenarios = []Scenario{
	{"only a checkpoint of a later step is stored", laterStep},
	{"only the holder of the live attempt stores and reads", liveAttempt},
	{"another worker resumes from the checkpoint", resumesOnAnotherWorker},
	{"a checkpoint renews the lease", checkpointRenews},
	{"a step that the task does not have is an error", badSteps},
	{"a failed commit stores nothing, one of unknown outcome may", checkpointFault},
}

func laterStep(t *testing.T, f *Fixture) {
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
	f.Consistent() // the checkpoint of a finished task is deleted
}

func liveAttempt(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, fast, old, fresh := expireAndRegrant(f)
	for name, try := range map[string]struct {
		w     *Worker
		lease queue.Lease
	}{
		"an old attempt's":   {slow, old},
		"another process's":  {slow, fresh},
		"a future attempt's": {fast, queue.Lease{Task: fresh.Task, Attempt: 3}},
		"an unknown task's":  {fast, queue.Lease{Task: "no such task", Attempt: 1}},
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
		t.Errorf("missing checkpoint: %d, %v, %v", step, body, err)
	}
	f.Consistent()
}

func resumesOnAnotherWorker(t *testing.T, f *Fixture) {
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
		t.Error("a checkpoint of the step that the attempt began from was stored")
	}
	if !next.Checkpoint(fresh.Lease, 41) {
		t.Error("a later step was not stored")
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
	w.Checkpoint(a, 10) // not a later step, so it does not renew the lease
	f.Tick(21 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})

	if w.Checkpoint(a, 10) {
		t.Error("a checkpoint of the same step was stored")
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

	// No sweep plans the tasks any more, so a checkpoint renews no lease.
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
