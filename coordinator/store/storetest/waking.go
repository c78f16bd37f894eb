package storetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// waking is about when a process waits, is woken, or may leave.
var waking = []life{
	{"nothing pending is not done", notDone},
	{"done before there is a sweep", nothingPlanned},
	{"one that stays waits for the next sweep", staying},
	{"idle processes wait and are woken", waiting},
	{"idle processes are woken when the last work is taken away, or comes back", wokenByOperator},
}

func notDone(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	busy, idle := l.Worker(1), l.Worker(1)
	lease := busy.Take()
	if answer := idle.Sync(); answer.Done || answer.CallAgainIn != 100*time.Millisecond {
		t.Errorf("answer while the last task is leased: %+v", answer)
	}
	busy.Sync(Fails(lease, "NaN"))
	if answer := idle.Sync(); answer.Done || len(answer.Assignments) != 0 {
		t.Errorf("answer while the last task backs off: %+v", answer)
	}
	l.Tick(10 * time.Second)
	again := idle.Take()
	if again.Attempt != 2 {
		t.Errorf("attempt = %d", again.Attempt)
	}
	idle.Sync(Finished(again, 0))
	if answer := busy.Sync(); !answer.Done {
		t.Errorf("answer after the last task: %+v", answer)
	}
}

func nothingPlanned(t *testing.T, l *Lab) {
	if answer := l.Worker(1).Sync(); answer.Done || len(answer.Assignments) != 0 {
		t.Errorf("answer without any sweep: %+v", answer)
	}
}

func staying(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	lease := w.Take()
	if answer := w.Sync(Finished(lease, 0)); !answer.Done {
		t.Errorf("answer after the last task: %+v", answer)
	}
	r := w.Request()
	r.Stays = true
	if wait, err := l.Queue.WouldWait(ctx, r); !wait || err != nil {
		t.Errorf("would wait: %v, %v", wait, err)
	}
	other := w.Request()
	other.Stays, other.KernelClass = true, "another/class"
	if wait, err := l.Queue.WouldWait(ctx, other); !wait || err != nil {
		t.Errorf("one that suits no sweep yet would wait: %v, %v", wait, err)
	}
	changed := l.Queue.Changed()
	l.Plan("B", Plan(1, 2, 10))
	woken(t, true, changed)
	if answer := w.Call(r); answer.Done || len(answer.Assignments) != 1 {
		t.Errorf("answer when there is another sweep: %+v", answer)
	}
}

func waiting(t *testing.T, l *Lab) {
	wouldWait := func(want bool, r queue.SyncRequest) {
		t.Helper()
		got, err := l.Queue.WouldWait(ctx, r)
		if err != nil || got != want {
			t.Errorf("would wait: %v, %v: want %v", got, err, want)
		}
	}
	idle, busy := l.Worker(1), l.Worker(1)
	wouldWait(false, idle.Request()) // nobody knows it yet
	idle.Sync()
	r := idle.Request()
	wouldWait(true, r) // there is no sweep yet

	changed := l.Queue.Changed()
	l.Plan("A", Plan(0, 1, 10))
	woken(t, true, changed)
	wouldWait(false, r) // a task waits

	changed = l.Queue.Changed()
	lease := busy.Take()
	woken(t, false, changed)
	wouldWait(true, r)

	for _, change := range []func(*queue.SyncRequest){
		func(r *queue.SyncRequest) { r.Draining = true },
		func(r *queue.SyncRequest) { r.FreeSlots = 0 },
		func(r *queue.SyncRequest) { r.Held = []queue.Held{{Lease: lease}} },
		func(r *queue.SyncRequest) { r.Reports = []queue.Report{Finished(lease, 0)} },
		func(r *queue.SyncRequest) { r.Process = busy.Process }, // a lease that it does not name
		func(r *queue.SyncRequest) { r.Process = busy.Process; r.Sequence = 99 },
		func(r *queue.SyncRequest) { r.Numerics++ },
		func(r *queue.SyncRequest) { r.Sequence = 0 },
	} {
		other := r
		change(&other)
		wouldWait(false, other)
	}

	changed = l.Queue.Changed()
	busy.Sync(HandsBack(lease))
	// It was granted to the same process again, but others may look.
	woken(t, true, changed)
	lease = busy.held()[0].Lease

	changed = l.Queue.Changed()
	busy.Sync(Fails(lease, "NaN"))
	woken(t, false, changed)
	wouldWait(true, r) // it backs off
	changed = l.Queue.Changed()
	l.Tick(10 * time.Second)
	woken(t, true, changed)
	wouldWait(false, r)

	lease = busy.Take()
	l.Tick(time.Minute + time.Second)
	wouldWait(false, r) // the lease has expired

	l.Clock.Advance(-time.Second)
	busy.Sync()
	changed = l.Queue.Changed()
	busy.Sync(Finished(lease, 0))
	woken(t, true, changed) // the last task is done
	wouldWait(false, r)
	if answer := idle.Call(r); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	wouldWait(false, r) // it is an old call now
}

// woken says whether a channel of Changed is closed.
func woken(t *testing.T, want bool, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
		if !want {
			t.Error("woken for nothing")
		}
	default:
		if want {
			t.Error("not woken")
		}
	}
}

func wokenByOperator(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	l.Plan("B", Plan(1, 3, 10))
	w := l.Worker(3)
	w.Sync()
	changed := l.Queue.Changed()
	l.Plan("B", Plan(1, 2, 10))
	woken(t, true, changed) // the other task of B waits, though for nobody
	changed = l.Queue.Changed()
	w.Sync(Finished(w.held()[0].Lease, 0))
	woken(t, false, changed)

	open := "A"
	if l.Status("A").Counts.Done == 1 {
		open = "B"
	}
	changed = l.Queue.Changed()
	if err := l.Queue.Delete(ctx, open); err != nil {
		t.Fatal(err)
	}
	woken(t, true, changed)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}

	l.Plan("C", Plan(5, 7, 10))
	for range 3 {
		w.Sync()
		for _, h := range w.held() {
			w.Sync(Fails(h.Lease, "NaN"))
		}
		l.Tick(20 * time.Second)
	}
	l.WantCounts("C", queue.Counts{Planned: 2, Failed: 2})
	changed = l.Queue.Changed()
	l.Retry(queue.RetryRequest{})
	woken(t, true, changed)
	l.Plan("D", nil)
	l.Plan("E", Plan(7, 8, 10))
	changed = l.Queue.Changed()
	l.Plan("C", nil) // nobody holds anything of it
	woken(t, false, changed)
	l.Plan("C", Plan(5, 7, 10))
	if err := l.Queue.Delete(ctx, "E"); err != nil {
		t.Fatal(err)
	}
	changed = l.Queue.Changed()
	l.Plan("C", nil)
	woken(t, true, changed)
	l.Plan("E", Plan(7, 8, 10))
	changed = l.Queue.Changed()
	if err := l.Queue.Delete(ctx, "E"); err != nil {
		t.Fatal(err)
	}
	woken(t, true, changed)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}
