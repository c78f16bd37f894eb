package queuetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// syncScenarios test the call by which a worker reports and receives its tasks.
var syncScenarios = []Scenario{
	{"a task goes from planned to done", fromPlanToDone},
	{"a grant whose answer was lost is repeated with the same attempt", lostGrant},
	{"an old call changes nothing", oldCall},
	{"the reported progress never decreases", progress},
	{"a draining process ends its tasks and gets no more", draining},
	{"a draining process is not granted again what it has not received", drainingLost},
}

func fromPlanToDone(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})

	w := f.Worker(1)
	answer := w.Sync()
	first := wantFirstGrant(t, answer)
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})

	f.Tick(10 * time.Second)
	w.Start(first, 40)
	answer = w.Sync()
	if len(answer.Assignments) != 1 || answer.Assignments[0].Work != nil {
		t.Fatalf("renewal: %+v", answer.Assignments)
	}
	running := f.Status("A").Workers[0].Running[0]
	if running.Step != 40 || running.Steps != Steps || !running.Started {
		t.Errorf("running: %+v", running)
	}

	f.Tick(5 * time.Second)
	answer = w.Sync(Finished(first, 0))
	verdict(t, answer, queue.JudgedAccepted)
	wantGranted(t, answer, 1)
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Leased: 1})

	answer = w.Sync(Finished(w.OnlyLease(), 0))
	if !answer.Done || len(answer.Assignments) != 0 {
		t.Fatalf("last answer: %+v", answer)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	for _, row := range f.Rows("A") {
		if row.Digest != Result(0).Digest || row.State != "done" {
			t.Errorf("row %d: %s, %d bytes", row.Row, row.State, len(row.Measures))
		}
	}
	want := queue.Attempt{
		Lease: first, Process: w.ID, Host: "host", Kernel: "portable", Started: true, Step: 100, // all steps, though only 40 were reported
		GrantedAt: f.Clock.Now().Add(-15 * time.Second), EndedAt: f.Clock.Now(),
		Outcome: queue.Accepted, Digest: Result(0).Digest, Compute: 2 * time.Second,
	}
	if diff := cmp.Diff(want, f.Attempts(first.Task)[0]); diff != "" {
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

func lostGrant(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 10))
	w := f.Worker(2)
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
	f.WantCounts("A", queue.Counts{Planned: 3, Leased: 2, Pending: 1})

	// If one of two grants is lost, the other slot gets a new task.
	one := f.Worker(2)
	partly := one.Request()
	partly.FreeSlots = 1
	one.Call(partly)
	f.Plan("A", Plan(0, 6, 10))
	if fresh = Fresh(one.Sync()); len(fresh) != 2 || fresh[0].Attempt != 1 || fresh[0].Task != Task(2).ID || fresh[1].Task != Task(3).ID {
		t.Errorf("granted again, and new: %+v", fresh)
	}
}

func oldCall(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 4, 10))
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 10)
	old := w.Request()
	w.Start(lease, 20)
	w.Sync()
	f.Tick(30 * time.Second)

	before := f.Status("A")
	old.FreeSlots = 1
	for _, change := range []func(r *queue.SyncRequest){
		func(*queue.SyncRequest) {},
		func(r *queue.SyncRequest) { r.Reports = []queue.Report{Failed(lease, "panic")} },
		func(r *queue.SyncRequest) { r.Reports = []queue.Report{HandedBack(lease)} },
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
	after := f.Status("A")
	if before.Workers[0].Deadline != after.Workers[0].Deadline || before.Workers[0].Sequence != after.Workers[0].Sequence ||
		after.Workers[0].Running[0].Step != 20 {
		t.Errorf("an old call changed %+v to %+v", before.Workers[0], after.Workers[0])
	}
	f.WantCounts("A", queue.Counts{Planned: 4, Leased: 1, Pending: 3})

	// The results of an old call are still judged.
	old.Reports = []queue.Report{Finished(lease, 0)}
	if v := w.Call(old).Verdicts; len(v) != 1 || v[0].Judgement != queue.JudgedAccepted {
		t.Errorf("verdicts on the result of an old call: %+v", v)
	}
	f.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Pending: 3})
	// The worker has not received the verdict and reports again.
	answer := w.Sync(Finished(lease, 0))
	if answer.Verdicts[0].Judgement != queue.JudgedDuplicate || len(Fresh(answer)) != 1 {
		t.Errorf("answer to the newer call: %+v", answer)
	}
}

func progress(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
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
		if a := f.Attempts(lease.Task)[0]; a.Step != claim.step || a.Started != (claim.held.Started || claim.step == 11) {
			t.Errorf("after %+v: step %d, started: %v", claim.held, a.Step, a.Started)
		}
	}
}

func draining(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 4, 10))
	w := f.Worker(2)
	w.Sync()
	held := w.Leases()
	w.Start(held[0].Lease, 50)
	w.Checkpoint(held[0].Lease, 50)
	w.Draining = true
	answer := w.Sync(HandedBack(held[0].Lease))
	if len(answer.Assignments) != 1 || answer.Assignments[0].Lease != held[1].Lease {
		t.Errorf("a draining process should keep its other task: %+v", answer.Assignments)
	}
	if n := len(f.Status("A").Workers); n != 1 {
		t.Errorf("%d workers are listed, want 1", n)
	}
	w.Sync(Finished(held[1].Lease, 0))
	if n := len(f.Status("A").Workers); n != 0 {
		t.Errorf("%d workers are listed, though the only one has drained", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Pending: 3})

	next := f.Worker(1)
	fresh := Fresh(next.Sync())
	if fresh[0].Task != held[0].Task || fresh[0].Attempt != 2 || fresh[0].Work.CheckpointStep != 50 {
		t.Errorf("the task that was handed back is granted as %+v, %+v", fresh[0], fresh[0].Work)
	}
	if got := f.Outcomes(held[0].Task); got[0] != queue.HandedBack || f.Attempts(held[0].Task)[0].Reason != "draining" {
		t.Errorf("outcomes: %v", got)
	}
}

func drainingLost(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	w.Call(w.Request()) // the grant does not arrive
	w.Draining = true
	if answer := w.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("a draining process is granted %+v", answer.Assignments)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if lease := f.Worker(1).Take(); lease.Attempt != 2 {
		t.Errorf("attempt = %d", lease.Attempt)
	}
}

// refusalScenarios test calls that are refused or fail.
var refusalScenarios = []Scenario{
	{"a process with other numerics is refused", otherNumerics},
	{"an invalid request is an error", badRequests},
	{"a failed commit changes nothing, one of unknown outcome may", faultyCommits},
	{"a stored recording is returned, an unknown one is an error", recordings},
	{"a result of another model is invalid", mismatchedResult},
}

func otherNumerics(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	w.KernelClass = "simd/test"
	if _, err := f.Queue.Sync(ctx, w.Request()); !errors.Is(err, queue.ErrMismatch) {
		t.Errorf("sync with another kernel class: %v: want %v", err, queue.ErrMismatch)
	}
	w.KernelClass = KernelClass
	w.Numerics++
	if _, err := f.Queue.Sync(ctx, w.Request()); !errors.Is(err, queue.ErrMismatch) {
		t.Errorf("sync with other numerics: %v: want %v", err, queue.ErrMismatch)
	}
	// Among several sweeps, a process gets tasks of its numerics only.
	s := Sweep("B")
	s.Numerics++
	if _, err := f.Queue.Plan(ctx, s, Stream(Plan(5, 6, 10))); err != nil {
		t.Fatal(err)
	}
	if lease := w.Take(); lease.Task != Task(5).ID {
		t.Errorf("granted %v", lease)
	}
	if answer := w.Sync(Finished(w.Leases()[0].Lease, 0)); len(answer.Assignments) != 0 || answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}

// mismatchedResult reports the result of a smaller model to the coordinator that granted
// the task and remembers its configuration, and to one that reads it from the store.
func mismatchedResult(t *testing.T, f *Fixture) {
	plan := Plan(0, 2, 10)
	for i := range plan {
		c := plan[i].Task.Configuration
		c.Neurons = 2
		plan[i].Task.Configuration, plan[i].Task.ID = c, sweep.NewTaskID(c, Recording, sweep.Numerics, KernelClass)
	}
	f.Plan("A", plan)
	w := f.Worker(1)
	w.Take()
	for _, restarts := range []bool{false, true} {
		lease := w.OnlyLease()
		if restarts {
			f.Restart()
		}
		verdicts := w.Sync(Finished(lease, 0)).Verdicts
		if len(verdicts) != 1 || verdicts[0].Judgement != queue.JudgedInvalid || !strings.Contains(verdicts[0].Why, "trainable_parameters") {
			t.Errorf("restarts: %v: judged %+v", restarts, verdicts)
		}
		if outcomes := f.Outcomes(lease.Task); len(outcomes) != 1 || outcomes[0] != queue.AttemptFailed {
			t.Errorf("restarts: %v: outcomes %v", restarts, outcomes)
		}
	}
}

func badRequests(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	for name, change := range map[string]func(*queue.SyncRequest){
		"no ID":           func(r *queue.SyncRequest) { r.ID = "" },
		"no sequence":     func(r *queue.SyncRequest) { r.Sequence = 0 },
		"negative slots":  func(r *queue.SyncRequest) { r.Slots, r.FreeSlots = -1, -1 },
		"too many slots":  func(r *queue.SyncRequest) { r.Slots = 1 << 20 },
		"negative free":   func(r *queue.SyncRequest) { r.FreeSlots = -1 },
		"more free slots": func(r *queue.SyncRequest) { r.FreeSlots = r.Slots + 1 },
	} {
		r := f.Worker(1).Request()
		change(&r)
		if _, err := f.Queue.Sync(ctx, r); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("%s: %v: want %v", name, err, queue.ErrInvalid)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func faultyCommits(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	changed := f.Queue.Changed()
	for _, fault := range []Fault{FailedCommit, UnknownCommit} {
		f.Store.Next = fault
		if _, err := f.Queue.Sync(ctx, w.Request()); !errors.Is(err, queue.ErrUnavailable) {
			t.Fatalf("sync with fault %d: %v: want %v", fault, err, queue.ErrUnavailable)
		}
		want := queue.Counts{Planned: 1, Pending: 1}
		if fault == UnknownCommit {
			want = queue.Counts{Planned: 1, Leased: 1}
		}
		f.WantCounts("A", want)
	}
	lease := w.Take() // granted again
	if lease.Attempt != 1 {
		t.Errorf("attempt = %d", lease.Attempt)
	}
	for _, fault := range []Fault{FailedCommit, UnknownCommit} {
		f.Store.Next = fault
		if _, err := f.Queue.Sync(ctx, w.Request(Finished(lease, 0))); !errors.Is(err, queue.ErrUnavailable) {
			t.Fatalf("report with fault %d: %v: want %v", fault, err, queue.ErrUnavailable)
		}
	}
	select {
	case <-changed:
	default:
		t.Error("a successful commit did not wake idle processes")
	}
	answer := w.Sync(Finished(lease, 0))
	if answer.Verdicts[0].Judgement != queue.JudgedDuplicate || !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})

	for name, call := range map[string]func() error{
		"plan":       func() error { _, err := f.TryPlan("B", nil); return err },
		"delete":     func() error { return f.Queue.Delete(ctx, "A") },
		"verify":     func() error { _, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: 1}); return err },
		"drain":      func() error { _, err := f.Queue.Drain(ctx, queue.DrainRequest{}); return err },
		"tick":       func() error { return f.Queue.Tick(ctx) },
		"recording":  func() error { return f.Queue.PutRecording(ctx, "digest", nil) },
		"checkpoint": func() error { _, err := f.Queue.PutCheckpoint(ctx, w.ID, lease, 1, nil); return err },
	} {
		f.Store.Next = FailedCommit
		if err := call(); !errors.Is(err, queue.ErrUnavailable) {
			t.Errorf("%s: %v: want %v", name, err, queue.ErrUnavailable)
		}
	}
}

func recordings(t *testing.T, f *Fixture) {
	if _, err := f.Queue.Recording(ctx, "5f1c"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("unknown recording: %v", err)
	}
	for range 2 {
		if err := f.Queue.PutRecording(ctx, "5f1c", []byte{1, 0, 2}); err != nil {
			t.Fatal(err)
		}
	}
	body, err := f.Queue.Recording(ctx, "5f1c")
	if err != nil || string(body) != "\x01\x00\x02" {
		t.Errorf("recording = %v, %v", body, err)
	}
}
