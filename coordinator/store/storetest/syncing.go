package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
)

// syncing is about the one call that keeps a worker in step.
var syncing = []life{
	{"a whole life", wholeLife},
	{"a lost grant is granted again under the same attempt", lostGrant},
	{"an old call changes nothing", oldCall},
	{"progress does not go back", progress},
	{"a process that drains", draining},
	{"a lost grant is taken back from a process that drains", drainingLost},
}

func wholeLife(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 2, 10))
	l.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})

	w := l.Worker(1)
	answer := w.Sync()
	first := wantFirstGrant(t, answer)
	l.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})

	l.Tick(10 * time.Second)
	w.Start(first, 40)
	answer = w.Sync()
	if len(answer.Assignments) != 1 || answer.Assignments[0].Work != nil {
		t.Fatalf("renewal: %+v", answer.Assignments)
	}
	running := l.Status("A").Workers[0].Running[0]
	if running.Step != 40 || running.Steps != Steps || !running.Started {
		t.Errorf("running: %+v", running)
	}

	l.Tick(5 * time.Second)
	answer = w.Sync(Finished(first, 0))
	verdict(t, answer, queue.JudgedAccepted)
	wantGranted(t, answer, 1)
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Leased: 1})

	answer = w.Sync(Finished(w.Holding(), 0))
	if !answer.Done || len(answer.Assignments) != 0 {
		t.Fatalf("last answer: %+v", answer)
	}
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	for _, row := range l.Rows("A") {
		if row.Digest != Result(0).Digest || row.State != "done" {
			t.Errorf("row %d: %s, %d bytes", row.Row, row.State, len(row.Measures))
		}
	}
	want := queue.Attempt{
		Lease: first, Process: w.ID, Host: "host", Kernel: "portable", Started: true, Step: 100, // all of them, though 40 were heard of
		GrantedAt: l.Clock.Now().Add(-15 * time.Second), EndedAt: l.Clock.Now(),
		Outcome: queue.Accepted, Digest: Result(0).Digest, Compute: 2 * time.Second,
	}
	if diff := cmp.Diff(want, l.Attempts(first.Task)[0]); diff != "" {
		t.Errorf("attempt (-want +got):\n%s", diff)
	}
}

func wantFirstGrant(t *testing.T, answer queue.SyncAnswer) queue.Lease {
	t.Helper()
	want := queue.SyncAnswer{
		Assignments: []queue.Assignment{{
			Lease: queue.Lease{Task: Task(0).ID, Attempt: 1},
			Work:  &queue.Work{Task: Task(0), StallTimeout: 10 * time.Minute},
		}},
		CallAgainIn: 15 * time.Second,
		LeaseTerm:   time.Minute,
	}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Fatalf("first answer (-want +got):\n%s", diff)
	}
	return answer.Assignments[0].Lease
}

func lostGrant(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	w := l.Worker(2)
	lost := w.Call(w.Request()) // the answer does not arrive
	again := w.Sync()
	fresh := Fresh(again)
	if len(fresh) != 2 || len(Fresh(lost)) != 2 {
		t.Fatalf("granted %d, then %d", len(Fresh(lost)), len(fresh))
	}
	for _, a := range lost.Assignments {
		if w.Holds[a.Lease] == nil {
			t.Errorf("%v was not granted again", a.Lease)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 3, Leased: 2, Pending: 1})

	// One of two lost: the other slot is filled with something new.
	one := l.Worker(2)
	partly := one.Request()
	partly.FreeSlots = 1
	one.Call(partly)
	l.Plan("A", Plan(0, 6, 10))
	if fresh = Fresh(one.Sync()); len(fresh) != 2 || fresh[0].Attempt != 1 || fresh[0].Task != Task(2).ID || fresh[1].Task != Task(3).ID {
		t.Errorf("granted again and anew: %+v", fresh)
	}
}

func oldCall(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 4, 10))
	w := l.Worker(1)
	lease := w.Take()
	w.Start(lease, 10)
	old := w.Request()
	w.Start(lease, 20)
	w.Sync()
	l.Tick(30 * time.Second)

	before := l.Status("A")
	old.FreeSlots = 1
	for _, change := range []func(r *queue.SyncRequest){
		func(*queue.SyncRequest) {},
		func(r *queue.SyncRequest) { r.Reports = []queue.Report{Fails(lease, "panic")} },
		func(r *queue.SyncRequest) { r.Reports = []queue.Report{HandsBack(lease)} },
		func(r *queue.SyncRequest) { r.Held = nil; r.Draining = true },
	} {
		r := old
		change(&r)
		answer := w.Call(r)
		if unnamed := r.Held == nil; unnamed != (len(Fresh(answer)) == 1) {
			t.Errorf("lease unnamed: %v, answer to an old call: %+v", unnamed, answer)
		}
		if len(answer.Assignments) != 1 || answer.Assignments[0].Lease != lease || len(answer.Verdicts) != 0 {
			t.Errorf("answer to an old call: %+v", answer)
		}
	}
	after := l.Status("A")
	if before.Workers[0].Deadline != after.Workers[0].Deadline || before.Workers[0].Sequence != after.Workers[0].Sequence ||
		after.Workers[0].Running[0].Step != 20 {
		t.Errorf("an old call changed %+v to %+v", before.Workers[0], after.Workers[0])
	}
	l.WantCounts("A", queue.Counts{Planned: 4, Leased: 1, Pending: 3})

	// Its results are judged all the same.
	old.Reports = []queue.Report{Finished(lease, 0)}
	if v := w.Call(old).Verdicts; len(v) != 1 || v[0].Judgement != queue.JudgedAccepted {
		t.Errorf("verdicts on the result of an old call: %+v", v)
	}
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Pending: 3})
	// The worker, which has not heard the verdict, reports again.
	answer := w.Sync(Finished(lease, 0))
	if answer.Verdicts[0].Judgement != queue.JudgedAlready || len(Fresh(answer)) != 1 {
		t.Errorf("answer to the newer call: %+v", answer)
	}
}

func progress(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	lease := w.Take()
	for _, claim := range []struct {
		held queue.Held
		step uint64
	}{
		{queue.Held{Lease: lease, Step: 10}, 10},
		{queue.Held{Lease: lease, Step: 5, Started: true}, 10},
		{queue.Held{Lease: lease, Step: 11}, 11},
		{queue.Held{Lease: lease, Step: 4, Started: true}, 11},
	} {
		*w.Holds[lease] = claim.held
		w.Sync()
		if a := l.Attempts(lease.Task)[0]; a.Step != claim.step || a.Started != (claim.held.Started || claim.step == 11) {
			t.Errorf("after %+v: step %d, started: %v", claim.held, a.Step, a.Started)
		}
	}
}

func draining(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 4, 10))
	w := l.Worker(2)
	w.Sync()
	held := w.held()
	w.Start(held[0].Lease, 50)
	w.Checkpoint(held[0].Lease, 50)
	w.Draining = true
	answer := w.Sync(HandsBack(held[0].Lease))
	if len(answer.Assignments) != 1 || answer.Assignments[0].Lease != held[1].Lease {
		t.Errorf("a draining process should finish what it holds: %+v", answer.Assignments)
	}
	if n := len(l.Status("A").Workers); n != 1 {
		t.Errorf("%d workers are there", n)
	}
	w.Sync(Finished(held[1].Lease, 0))
	if n := len(l.Status("A").Workers); n != 0 {
		t.Errorf("%d workers are there, though the only one has drained", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Pending: 3})

	next := l.Worker(1)
	fresh := Fresh(next.Sync())
	if fresh[0].Task != held[0].Task || fresh[0].Attempt != 2 || fresh[0].Work.CheckpointStep != 50 {
		t.Errorf("what was handed back is granted as %+v, %+v", fresh[0], fresh[0].Work)
	}
	if got := l.Outcomes(held[0].Task); got[0] != queue.HandedBack || l.Attempts(held[0].Task)[0].Reason != "draining" {
		t.Errorf("outcomes: %v", got)
	}
}

func drainingLost(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	w.Call(w.Request()) // the grant does not arrive
	w.Draining = true
	if answer := w.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("a draining process is granted %+v", answer.Assignments)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if lease := l.Worker(1).Take(); lease.Attempt != 2 {
		t.Errorf("attempt = %d", lease.Attempt)
	}
}
