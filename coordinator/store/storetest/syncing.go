package storetest

import (
	"errors"
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
	{"nothing pending is not done", notDone},
	{"done before there is a sweep", nothingPlanned},
	{"idle processes wait and are woken", waiting},
	{"idle processes are woken when the last work is taken away, or comes back", wokenByOperator},
	{"a process that drains", draining},
	{"a lost grant is taken back from a process that drains", drainingLost},
	{"a process of other numerics", otherNumerics},
	{"requests that no correct program sends", badRequests},
	{"a commit that failed, and one that nobody knows of", faultyCommits},
	{"recordings", recordings},
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
		if string(row.Result) != string(Result(0).Body) || row.State != "done" {
			t.Errorf("row %d: %s, %d bytes", row.Row, row.State, len(row.Result))
		}
	}
	want := queue.Attempt{
		Lease: first, Process: w.ID, Host: "host", Kernel: "portable", Started: true, Step: 40,
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

func waiting(t *testing.T, l *Lab) {
	wouldWait := func(want bool, r queue.SyncRequest) {
		t.Helper()
		got, err := l.Queue.WouldWait(ctx, r)
		if err != nil || got != want {
			t.Errorf("would wait: %v, %v: want %v", got, err, want)
		}
	}
	idle, busy := l.Worker(1), l.Worker(1)
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
	if err := l.Queue.Forget(ctx, open); err != nil {
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
	l.WantCounts("C", queue.Counts{Planned: 2, SetAside: 2})
	changed = l.Queue.Changed()
	l.Retry(queue.RetryRequest{})
	woken(t, true, changed)
	l.Plan("D", nil)
	l.Plan("E", Plan(7, 8, 10))
	changed = l.Queue.Changed()
	l.Plan("C", nil) // nobody holds anything of it
	woken(t, false, changed)
	l.Plan("C", Plan(5, 7, 10))
	if err := l.Queue.Forget(ctx, "E"); err != nil {
		t.Fatal(err)
	}
	changed = l.Queue.Changed()
	l.Plan("C", nil)
	woken(t, true, changed)
	l.Plan("E", Plan(7, 8, 10))
	changed = l.Queue.Changed()
	if err := l.Queue.Forget(ctx, "E"); err != nil {
		t.Fatal(err)
	}
	woken(t, true, changed)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
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

func otherNumerics(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	w.KernelClass = "simd/test"
	if _, err := l.Queue.Sync(ctx, w.Request()); !errors.Is(err, queue.ErrMismatch) {
		t.Errorf("sync with another kernel class: %v: want %v", err, queue.ErrMismatch)
	}
	w.KernelClass = KernelClass
	w.Numerics++
	if _, err := l.Queue.Sync(ctx, w.Request()); !errors.Is(err, queue.ErrMismatch) {
		t.Errorf("sync with other numerics: %v: want %v", err, queue.ErrMismatch)
	}
	// Among several sweeps, it gets work of its own kind only.
	s := Sweep("B")
	s.Numerics++
	if _, err := l.Queue.Plan(ctx, s, Plan(5, 6, 10)); err != nil {
		t.Fatal(err)
	}
	if lease := w.Take(); lease.Task != Task(5).ID {
		t.Errorf("granted %v", lease)
	}
	if answer := w.Sync(Finished(w.held()[0].Lease, 0)); len(answer.Assignments) != 0 || answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}

func badRequests(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	for name, change := range map[string]func(*queue.SyncRequest){
		"no ID":           func(r *queue.SyncRequest) { r.ID = "" },
		"no sequence":     func(r *queue.SyncRequest) { r.Sequence = 0 },
		"negative slots":  func(r *queue.SyncRequest) { r.Slots, r.FreeSlots = -1, -1 },
		"too many slots":  func(r *queue.SyncRequest) { r.Slots = 1 << 20 },
		"negative free":   func(r *queue.SyncRequest) { r.FreeSlots = -1 },
		"more free slots": func(r *queue.SyncRequest) { r.FreeSlots = r.Slots + 1 },
	} {
		r := l.Worker(1).Request()
		change(&r)
		if _, err := l.Queue.Sync(ctx, r); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("%s: %v: want %v", name, err, queue.ErrInvalid)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func faultyCommits(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	changed := l.Queue.Changed()
	for _, fault := range []Fault{FailedCommit, UnknownCommit} {
		l.Store.Next = fault
		if _, err := l.Queue.Sync(ctx, w.Request()); !errors.Is(err, queue.ErrUnavailable) {
			t.Fatalf("sync with fault %d: %v: want %v", fault, err, queue.ErrUnavailable)
		}
		want := queue.Counts{Planned: 1, Pending: 1}
		if fault == UnknownCommit {
			want = queue.Counts{Planned: 1, Leased: 1}
		}
		l.WantCounts("A", want)
	}
	lease := w.Take() // granted again
	if lease.Attempt != 1 {
		t.Errorf("attempt = %d", lease.Attempt)
	}
	for _, fault := range []Fault{FailedCommit, UnknownCommit} {
		l.Store.Next = fault
		if _, err := l.Queue.Sync(ctx, w.Request(Finished(lease, 0))); !errors.Is(err, queue.ErrUnavailable) {
			t.Fatalf("report with fault %d: %v: want %v", fault, err, queue.ErrUnavailable)
		}
	}
	select {
	case <-changed:
	default:
		t.Error("a commit that took place did not wake the idle")
	}
	answer := w.Sync(Finished(lease, 0))
	if answer.Verdicts[0].Judgement != queue.JudgedAlready || !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Done: 1})

	for name, call := range map[string]func() error{
		"plan":       func() error { _, err := l.TryPlan("B", nil); return err },
		"forget":     func() error { return l.Queue.Forget(ctx, "A") },
		"retry":      func() error { _, err := l.Queue.Retry(ctx, queue.RetryRequest{}); return err },
		"tick":       func() error { return l.Queue.Tick(ctx) },
		"recording":  func() error { return l.Queue.PutRecording(ctx, "digest", nil) },
		"checkpoint": func() error { _, err := l.Queue.PutCheckpoint(ctx, w.ID, lease, 1, nil); return err },
	} {
		l.Store.Next = FailedCommit
		if err := call(); !errors.Is(err, queue.ErrUnavailable) {
			t.Errorf("%s: %v: want %v", name, err, queue.ErrUnavailable)
		}
	}
}

func recordings(t *testing.T, l *Lab) {
	if _, err := l.Queue.Recording(ctx, "5f1c"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("unknown recording: %v", err)
	}
	for range 2 {
		if err := l.Queue.PutRecording(ctx, "5f1c", []byte{1, 0, 2}); err != nil {
			t.Fatal(err)
		}
	}
	body, err := l.Queue.Recording(ctx, "5f1c")
	if err != nil || string(body) != "\x01\x00\x02" {
		t.Errorf("recording = %v, %v", body, err)
	}
}
