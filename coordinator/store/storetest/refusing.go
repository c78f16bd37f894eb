package storetest

import (
	"errors"
	"strings"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// refusing is about what is not done: for whom, and for which store.
var refusing = []life{
	{"a process of other numerics", otherNumerics},
	{"requests that no correct program sends", badRequests},
	{"a commit that failed, and one that nobody knows of", faultyCommits},
	{"recordings", recordings},
	{"a result of another kind", otherKind},
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
	if _, err := l.Queue.Plan(ctx, s, Stream(Plan(5, 6, 10))); err != nil {
		t.Fatal(err)
	}
	if lease := w.Take(); lease.Task != Task(5).ID {
		t.Errorf("granted %v", lease)
	}
	if answer := w.Sync(Finished(w.held()[0].Lease, 0)); len(answer.Assignments) != 0 || answer.Done {
		t.Errorf("answer: %+v", answer)
	}
}

// otherKind reports the result of a smaller model: to the coordinator that granted
// the task, which remembers its configuration, and to one that has to look.
func otherKind(t *testing.T, l *Lab) {
	plan := Plan(0, 2, 10)
	for i := range plan {
		c := plan[i].Task.Configuration
		c.Neurons = 2
		plan[i].Task.Configuration, plan[i].Task.ID = c, sweep.NewTaskID(c, Recording, sweep.Numerics, KernelClass)
	}
	l.Plan("A", plan)
	w := l.Worker(1)
	w.Take()
	for _, restarts := range []bool{false, true} {
		lease := w.Holding()
		if restarts {
			l.Restart()
		}
		verdicts := w.Sync(Finished(lease, 0)).Verdicts
		if len(verdicts) != 1 || verdicts[0].Judgement != queue.JudgedInvalid || !strings.Contains(verdicts[0].Why, "trainable_parameters") {
			t.Errorf("restarts: %v: judged %+v", restarts, verdicts)
		}
		if outcomes := l.Outcomes(lease.Task); len(outcomes) != 1 || outcomes[0] != queue.AttemptFailed {
			t.Errorf("restarts: %v: outcomes %v", restarts, outcomes)
		}
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
		"delete":     func() error { return l.Queue.Delete(ctx, "A") },
		"verify":     func() error { _, err := l.Queue.Verify(ctx, queue.VerifyRequest{Share: 1}); return err },
		"drain":      func() error { _, err := l.Queue.Drain(ctx, queue.DrainRequest{}); return err },
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
