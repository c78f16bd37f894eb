package queuetest

import (
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// expiryScenarios test processes and coordinators that do not call or tick for a while.
var expiryScenarios = []Scenario{
	{"an expired lease is renewed by its holder", renewed},
	{"an expired lease that was granted again is not renewed", notRenewed},
	{"an expired lease is not renewed by another process", expiredLeaseOfAnother},
	{"a holder that returns resumes a failed task", cameBackLate},
	{"no lease expires after the coordinator was frozen", frozenCoordinator},
	{"no lease expires after the clock was set back", clockSetBack},
	{"a back-off ends after the clock was set back", clockSetBackInBackOff},
	{"no lease expires after a restart", restarted},
	{"processes that are lost with the coordinator are not blamed", stopsWithCoordinator},
	{"a process that is reported as ended loses its leases", reportedEnd},
}

func renewed(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	w := f.Worker(2)
	w.Sync()
	held := w.Leases()
	w.Start(held[0].Lease, 10)
	w.Start(held[1].Lease, 10)
	w.Sync()
	f.Tick(59 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	f.Tick(time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
	if !f.Record(held[0].Task).Exclusive {
		t.Error("the task of a lost process is not exclusive")
	}

	w.Start(held[0].Lease, 30)
	answer := w.Sync()
	if len(answer.Assignments) != 2 || len(Fresh(answer)) != 0 {
		t.Fatalf("assignments: %+v", answer.Assignments)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	a := f.Attempts(held[0].Task)[0]
	if a.Outcome != queue.Live || a.Step != 30 || a.Reason != "" || !a.EndedAt.IsZero() || f.Record(held[0].Task).Exclusive {
		t.Errorf("renewed: %+v", a)
	}
	f.Tick(59 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
}

func notRenewed(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	slow, _, old, fresh := expireAndRegrant(f)
	if answer := slow.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("assignments: %+v", answer.Assignments)
	}
	a := f.Attempts(old.Task)
	if a[0].Outcome != queue.Lost || a[1].Outcome != queue.Live || a[1].Lease != fresh {
		t.Errorf("attempts: %+v", a)
	}
	f.Consistent()
}

// expiredLeaseOfAnother lists an expired lease under another process than its holder.
func expiredLeaseOfAnother(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w, other := f.Worker(1), f.Worker(1)
	lease := w.Take()
	f.Tick(61 * time.Second)
	r := other.Request()
	r.Held, r.FreeSlots = []queue.Held{{Lease: lease, Step: 50}}, 0
	if answer := other.Call(r); len(answer.Assignments) != 0 {
		t.Errorf("assigned: %+v", answer.Assignments)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if answer := w.Sync(); len(answer.Assignments) != 1 {
		t.Errorf("the holder is assigned: %+v", answer.Assignments)
	}
}

func cameBackLate(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	var last *Worker
	for range 5 {
		last = f.Worker(1)
		last.Take()
		loseWorker(f, last)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Failed: 1})
	if answer := last.Sync(); len(answer.Assignments) != 1 || answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	if r := f.Record(Task(0).ID); r.Reason != "" || !r.Exclusive {
		t.Errorf("record: %+v", r)
	}
	last.Sync(Finished(last.OnlyLease(), 0))
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if r := f.Record(Task(0).ID); r.Reason != "" {
		t.Errorf("record: %+v", r)
	}
}

func frozenCoordinator(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	w.Take()
	f.Tick(30 * time.Second)
	f.Clock.Advance(time.Hour)
	if err := f.Queue.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	f.Tick(59 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	f.Tick(time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})

	// Repeated freezes of exactly FrozenAfter extend the lease each time.
	w = f.Worker(1)
	w.Take()
	for range 30 {
		f.Clock.Advance(5 * time.Second)
		if err := f.Queue.Tick(ctx); err != nil {
			t.Fatal(err)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	f.Tick(time.Minute)
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})

	// Freezes just below FrozenAfter do not.
	w = f.Worker(1)
	w.Take()
	for range 12 {
		f.Clock.Advance(5*time.Second - time.Microsecond)
		if err := f.Queue.Tick(ctx); err != nil {
			t.Fatal(err)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	f.Tick(time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func clockSetBack(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	f.Tick(time.Second)
	w := f.Worker(1)
	w.Take()
	f.Clock.Advance(-24 * time.Hour)
	if err := f.Queue.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	f.Tick(59 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	f.Tick(time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

// clockSetBackInBackOff sets the clock back during a back-off. A small step is not noticed
// and prolongs the back-off; a large one ends it.
func clockSetBackInBackOff(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	w.Sync(Failed(w.Take(), "NaN"))
	f.Clock.Advance(-4 * time.Second) // less than FrozenAfter
	if err := f.Queue.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	if r := f.Record(Task(0).ID); r.Phase != queue.BackingOff {
		t.Errorf("after the clock was set back by 4 s, the task is %s", r.Phase)
	}
	f.Clock.Advance(-24 * time.Hour)
	if err := f.Queue.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	if r := f.Record(Task(0).ID); r.Phase != queue.Waiting || !r.NotBefore.IsZero() {
		t.Errorf("after the clock was set back by a day, the task is %s until %v", r.Phase, r.NotBefore)
	}
}

func restarted(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	f.Tick(time.Second)
	w := f.Worker(1)
	lease := w.Take()
	f.Tick(58 * time.Second)
	f.Clock.Advance(3 * time.Second)
	f.Restart()
	f.Tick(time.Second) // the first tick of the new coordinator
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	if answer := w.Sync(); len(answer.Assignments) != 1 || answer.Assignments[0].Lease != lease {
		t.Errorf("assignments: %+v", answer.Assignments)
	}
	f.Tick(61 * time.Second)
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func stopsWithCoordinator(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	for n := range 12 {
		w := f.Worker(1)
		lease := w.Take()
		w.Start(lease, 1)
		w.Sync()
		f.Restart()
		if n%2 == 1 { // this process still calls the next coordinator once
			f.Tick(time.Second)
			w.Sync()
			f.Restart()
		}
		f.Tick(62 * time.Second)
		if r := f.Record(lease.Task); r.Exclusive || r.Phase != queue.Waiting {
			t.Fatalf("after %d times: %+v", n+1, r)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	// The loss of a process that has called since the restart is blamed.
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 1)
	f.Restart()
	f.Tick(time.Second)
	w.Sync()
	f.Tick(61 * time.Second)
	if r := f.Record(lease.Task); !r.Exclusive {
		t.Errorf("record: %+v", r)
	}
	if a := f.Attempts(lease.Task); !a[0].Excused || a[len(a)-1].Excused {
		t.Errorf("attempts: %+v", a)
	}
	// So is that of a process that has stored a checkpoint since.
	w = f.Worker(1)
	lease = w.Take()
	f.Restart()
	f.Tick(time.Second)
	w.Checkpoint(lease, 7)
	f.Tick(61 * time.Second)
	if a := f.Attempts(lease.Task); a[len(a)-1].Excused {
		t.Errorf("attempts: %+v", a)
	}
}

func reportedEnd(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	gone, other := f.Worker(1), f.Worker(1)
	lease, kept := gone.Take(), other.Take()
	gone.Start(lease, 10)
	gone.Sync()
	lose := func(excused bool) {
		t.Helper()
		if _, err := f.Queue.MarkLost(ctx, func(process string) bool { return process == gone.ID }, excused); err != nil {
			t.Fatal(err)
		}
		f.Consistent()
	}
	changed := f.Queue.Changed()
	lose(true)
	WantWoken(t, true, changed)
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})
	a := f.Attempts(lease.Task)[0]
	if a.Outcome != queue.Lost || !a.Excused || f.Record(lease.Task).Exclusive {
		t.Errorf("lost with its coordinator: %+v", a)
	}
	lose(false) // no effect: the process holds nothing

	// The process was lost by mistake and continues.
	if answer := gone.Sync(); len(answer.Assignments) != 1 || gone.OnlyLease() != lease {
		t.Errorf("assignments: %+v", answer.Assignments)
	}
	lose(false)
	if a := f.Attempts(lease.Task)[0]; a.Outcome != queue.Lost || a.Excused || !f.Record(lease.Task).Exclusive {
		t.Errorf("lost by itself: %+v", a)
	}
	other.Sync()
	if other.OnlyLease() != kept {
		t.Errorf("another process holds %v, want %v", other.OnlyLease(), kept)
	}
}
