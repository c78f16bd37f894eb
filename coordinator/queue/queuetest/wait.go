package queuetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// waitScenarios test when a process waits, is woken, or may leave.
var waitScenarios = []Scenario{
	{"a worker is not done while a task is leased or backs off", notDone},
	{"a worker is not done before a sweep is planned", nothingPlanned},
	{"a worker that stays waits for the next sweep", staying},
	{"an idle process waits until there is work", waiting},
	{"a change by an operator wakes idle processes", wokenByOperator},
	{"a worker is not done while more tasks are expected", moreExpected},
}

func notDone(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	busy, idle := f.Worker(1), f.Worker(1)
	lease := busy.Take()
	if answer := idle.Sync(); answer.Done || answer.CallAgainIn != 100*time.Millisecond {
		t.Errorf("answer while the last task is leased: %+v", answer)
	}
	busy.Sync(Failed(lease, "NaN"))
	if answer := idle.Sync(); answer.Done || len(answer.Assignments) != 0 {
		t.Errorf("answer while the last task backs off: %+v", answer)
	}
	f.Tick(10 * time.Second)
	again := idle.Take()
	if again.Attempt != 2 {
		t.Errorf("attempt = %d", again.Attempt)
	}
	idle.Sync(Finished(again, 0))
	if answer := busy.Sync(); !answer.Done {
		t.Errorf("answer after the last task: %+v", answer)
	}
}

func nothingPlanned(t *testing.T, f *Fixture) {
	if answer := f.Worker(1).Sync(); answer.Done || len(answer.Assignments) != 0 {
		t.Errorf("answer without any sweep: %+v", answer)
	}
}

func staying(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	lease := w.Take()
	if answer := w.Sync(Finished(lease, 0)); !answer.Done {
		t.Errorf("answer after the last task: %+v", answer)
	}
	r := w.Request()
	r.Stays = true
	if wait, err := f.Queue.WouldWait(ctx, r); !wait || err != nil {
		t.Errorf("would wait: %v, %v", wait, err)
	}
	other := w.Request()
	other.Stays, other.KernelClass = true, "another/class"
	if wait, err := f.Queue.WouldWait(ctx, other); !wait || err != nil {
		t.Errorf("a worker that no sweep matches yet would wait: %v, %v", wait, err)
	}
	changed := f.Queue.Changed()
	f.Plan("B", Plan(1, 2, 10))
	WantWoken(t, true, changed)
	if answer := w.Call(r); answer.Done || len(answer.Assignments) != 1 {
		t.Errorf("answer when there is another sweep: %+v", answer)
	}
}

func waiting(t *testing.T, f *Fixture) {
	wouldWait := func(want bool, r queue.SyncRequest) {
		t.Helper()
		got, err := f.Queue.WouldWait(ctx, r)
		if err != nil || got != want {
			t.Errorf("would wait: %v, %v: want %v", got, err, want)
		}
	}
	idle, busy := f.Worker(1), f.Worker(1)
	wouldWait(false, idle.Request()) // the process is not registered yet
	idle.Sync()
	r := idle.Request()
	wouldWait(true, r) // there is no sweep yet

	changed := f.Queue.Changed()
	f.Plan("A", Plan(0, 1, 10))
	WantWoken(t, true, changed)
	wouldWait(false, r) // a task waits

	changed = f.Queue.Changed()
	lease := busy.Take()
	WantWoken(t, false, changed)
	wouldWait(true, r)

	for _, change := range []func(*queue.SyncRequest){
		func(r *queue.SyncRequest) { r.Draining = true },
		func(r *queue.SyncRequest) { r.FreeSlots = 0 },
		func(r *queue.SyncRequest) { r.Held = []queue.Held{{Lease: lease}} },
		func(r *queue.SyncRequest) { r.Reports = []queue.Report{Finished(lease, 0)} },
		func(r *queue.SyncRequest) { r.Process = busy.Process }, // the request omits its lease
		func(r *queue.SyncRequest) { r.Process = busy.Process; r.Sequence = 99 },
		func(r *queue.SyncRequest) { r.Numerics++ },
		func(r *queue.SyncRequest) { r.Sequence = 0 },
	} {
		other := r
		change(&other)
		wouldWait(false, other)
	}

	changed = f.Queue.Changed()
	busy.Sync(HandedBack(lease))
	// The task was granted to the same process again, but others may ask for it.
	WantWoken(t, true, changed)
	lease = busy.Leases()[0].Lease

	changed = f.Queue.Changed()
	busy.Sync(Failed(lease, "NaN"))
	WantWoken(t, false, changed)
	wouldWait(true, r) // it backs off
	changed = f.Queue.Changed()
	f.Tick(10 * time.Second)
	WantWoken(t, true, changed)
	wouldWait(false, r)

	lease = busy.Take()
	f.Tick(time.Minute + time.Second)
	wouldWait(false, r) // the lease has expired

	f.Clock.Advance(-time.Second)
	busy.Sync()
	changed = f.Queue.Changed()
	busy.Sync(Finished(lease, 0))
	WantWoken(t, true, changed) // the last task is done
	wouldWait(false, r)
	if answer := idle.Call(r); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	wouldWait(false, r) // it is an old call by now
}

func moreExpected(t *testing.T, f *Fixture) {
	expect := func(more bool) {
		t.Helper()
		if err := f.Queue.Expect(ctx, "A", more); err != nil {
			t.Fatal(err)
		}
	}
	expect(true) // before the plan, so that no worker leaves in between
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	if answer := w.Sync(Finished(w.Take(), 0)); answer.Done {
		t.Errorf("answer after the last task of so far: %+v", answer)
	}
	if !f.Status("A").MoreExpected {
		t.Error("the status does not say that more tasks are expected")
	}
	if wait, err := f.Queue.WouldWait(ctx, w.Request()); !wait || err != nil {
		t.Errorf("would wait: %v, %v", wait, err)
	}
	changed := f.Queue.Changed()
	f.Plan("A", Plan(0, 2, 10))
	WantWoken(t, true, changed)
	f.Tick(40 * time.Second)
	w.Sync()
	expect(true)
	f.Tick(40 * time.Second)
	if answer := w.Sync(Finished(w.Leases()[0].Lease, 0)); answer.Done {
		t.Errorf("answer after the last task of the second plan: %+v", answer)
	}
	changed = f.Queue.Changed()
	expect(false)
	WantWoken(t, true, changed)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer when no more tasks are expected: %+v", answer)
	}

	expect(true)
	other := f.Worker(1)
	if answer := other.Sync(); answer.Done {
		t.Errorf("answer while tasks are expected again: %+v", answer)
	}
	f.Tick(time.Minute) // the planner is gone
	if answer := other.Sync(); !answer.Done || f.Status("A").MoreExpected {
		t.Errorf("answer a minute after the announcement: %+v", answer)
	}

	expect(true)
	if err := f.Queue.Delete(ctx, "A"); err != nil {
		t.Fatal(err)
	}
	f.Plan("B", nil)
	if answer := f.Worker(1).Sync(); !answer.Done {
		t.Errorf("answer after the sweep was deleted: %+v", answer)
	}
}

// WantWoken fails the test unless a channel of Queue.Changed is closed if want is true and
// open otherwise.
func WantWoken(t *testing.T, want bool, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
		if !want {
			t.Error("woken without a reason")
		}
	default:
		if want {
			t.Error("not woken")
		}
	}
}

func wokenByOperator(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	f.Plan("B", Plan(1, 3, 10))
	w := f.Worker(3)
	w.Sync()
	changed := f.Queue.Changed()
	f.Plan("B", Plan(1, 2, 10))
	WantWoken(t, true, changed) // the other task of B waits, though no sweep plans it
	changed = f.Queue.Changed()
	w.Sync(Finished(w.Leases()[0].Lease, 0))
	WantWoken(t, false, changed)

	open := "A"
	if f.Status("A").Counts.Done == 1 {
		open = "B"
	}
	changed = f.Queue.Changed()
	if err := f.Queue.Delete(ctx, open); err != nil {
		t.Fatal(err)
	}
	WantWoken(t, true, changed)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}

	f.Plan("C", Plan(5, 7, 10))
	for range 3 {
		w.Sync()
		for _, h := range w.Leases() {
			w.Sync(Failed(h.Lease, "NaN"))
		}
		f.Tick(20 * time.Second)
	}
	f.WantCounts("C", queue.Counts{Planned: 2, Failed: 2})
	changed = f.Queue.Changed()
	f.Retry(queue.RetryRequest{})
	WantWoken(t, true, changed)
	f.Plan("D", nil)
	f.Plan("E", Plan(7, 8, 10))
	changed = f.Queue.Changed()
	f.Plan("C", nil) // no worker holds a task of it
	WantWoken(t, false, changed)
	f.Plan("C", Plan(5, 7, 10))
	if err := f.Queue.Delete(ctx, "E"); err != nil {
		t.Fatal(err)
	}
	changed = f.Queue.Changed()
	f.Plan("C", nil)
	WantWoken(t, true, changed)
	f.Plan("E", Plan(7, 8, 10))
	changed = f.Queue.Changed()
	if err := f.Queue.Delete(ctx, "E"); err != nil {
		t.Fatal(err)
	}
	WantWoken(t, true, changed)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}
