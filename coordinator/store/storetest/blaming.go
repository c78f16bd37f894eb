package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// blaming is about failures, losses, expiry and retry.
var blaming = []life{
	{"a task that fails always", failsAlways},
	{"back-off doubles up to a bound", backOff},
	{"messages and logs are clipped", clipped},
	{"a task that kills its process", killsProcess},
	{"its neighbours are not blamed", neighbours},
	{"a loss before the start does not count", notStarted},
	{"a task that gets on is not blamed for losses", getsOn},
	{"a failure begins from step 0 and so does progress", failureResets},
	{"an expired lease is renewed by its holder", renewed},
	{"a lease that was granted again is not", notRenewed},
	{"an expired lease is its holder's alone", intruder},
	{"a holder of a task that was set aside comes back", cameBackLate},
	{"a frozen coordinator", frozen},
	{"a clock that was set back", setBack},
	{"a coordinator that was started again", restarted},
	{"a coordinator that takes its workers with it", takesAll},
	{"retry of one task", retryOne},
	{"a process with slots to spare", sparesSlots},
	{"in its turn, and alone", aloneInTurn},
}

func failsAlways(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 2, 10))
	w := l.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	for attempt := uint64(1); attempt <= 3; attempt++ {
		lease := w.Holding()
		if lease.Attempt != attempt {
			t.Fatalf("attempt = %d: want %d", lease.Attempt, attempt)
		}
		w.Start(lease, 9)
		w.Checkpoint(lease, 9)
		w.Sync(Fails(lease, "NaN at step 9"))
		if attempt == 3 {
			break
		}
		l.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
		l.Tick(10 * time.Second * time.Duration(attempt))
		if fresh := Fresh(w.Sync()); len(fresh) != 1 || fresh[0].Work.CheckpointStep != 0 {
			t.Fatalf("after failure %d: %+v", attempt, fresh)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 1, SetAside: 1})
	s := l.Status("A")
	if len(s.SetAside) != 1 || s.SetAside[0].Reason != "it failed 3 times, the last time with: NaN at step 9" || !s.Counts.Finished() {
		t.Errorf("status: %+v", s.SetAside)
	}
	for _, a := range l.Attempts(Task(1).ID) {
		if a.Outcome != queue.Failed || a.Log != "log of NaN at step 9" {
			t.Errorf("attempt: %+v", a)
		}
	}
	// It stays aside, also in another sweep and another revision, until a retry.
	l.Plan("B", Plan(1, 2, 10))
	l.Tick(time.Hour)
	if answer := w.Sync(); !answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	if n := l.Retry(queue.RetryRequest{}); n != 1 {
		t.Errorf("reopened %d", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
	l.WantCounts("B", queue.Counts{Planned: 1, Pending: 1})
	lease := w.Take()
	if lease.Attempt != 4 {
		t.Errorf("attempt = %d: the token goes on", lease.Attempt)
	}
	// Its past is pardoned: one more failure is the first.
	w.Sync(Fails(lease, "NaN"))
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Pending: 1})
	l.Tick(10 * time.Second)
	w.Sync(Finished(w.Take(), 0))
	l.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	if n := len(l.Attempts(Task(1).ID)); n != 5 {
		t.Errorf("%d attempts are remembered", n)
	}
}

func backOff(t *testing.T, l *Lab) {
	l.policy.MaxAttempts = 12
	l.Restart()
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	for _, want := range []float64{10, 20, 40, 80, 160, 320, 600, 600} {
		lease := w.Take()
		w.Sync(Fails(lease, "NaN"))
		pause := l.Record(lease.Task).NotBefore.Sub(l.Clock.Now())
		if pause.Seconds() != want {
			t.Errorf("after failure %d: a pause of %v: want %v s", lease.Attempt, pause, want)
		}
		l.Tick(pause - time.Microsecond)
		if fresh := Fresh(w.Sync()); len(fresh) != 0 {
			t.Fatalf("granted before the back-off ended: %+v", fresh)
		}
		l.Tick(time.Microsecond)
	}
}

func clipped(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	w := l.Worker(1)
	lease := w.Take()
	w.Sync(queue.Report{Lease: lease, Failure: &queue.Failure{
		Message: strings.Repeat("µ", 4000), Log: strings.Repeat("µ", 40000) + "the end",
	}})
	a := l.Attempts(lease.Task)[0]
	if len(a.Reason) != 4096 || len(a.Log) < 65535-1 || len(a.Log) > 65536 || !strings.HasSuffix(a.Log, "µthe end") ||
		strings.ToValidUTF8(a.Log, "?") != a.Log || strings.ToValidUTF8(a.Reason, "?") != a.Reason {
		t.Errorf("message of %d bytes, log of %d", len(a.Reason), len(a.Log))
	}
	lease = w.Holding()
	w.Sync(queue.Report{Lease: lease, HandBack: &queue.HandBack{Reason: "x" + strings.Repeat("µ", 4000)}})
	if n := len(l.Attempts(lease.Task)[0].Reason); n != 4095 {
		t.Errorf("reason of %d bytes", n)
	}
}

// kill starts what a worker holds and lets it die.
func kill(l *Lab, w *Worker) {
	l.TB.Helper()
	for lease := range w.Holds {
		w.Start(lease, 1)
	}
	w.Sync()
	l.Tick(61 * time.Second)
}

func killsProcess(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	for n := range 5 {
		w := l.Worker(1)
		w.Take()
		kill(l, w)
		want := queue.Counts{Planned: 1, Pending: 1}
		if n == 4 {
			want = queue.Counts{Planned: 1, SetAside: 1}
		}
		l.WantCounts("A", want)
	}
	if r := l.Record(Task(0).ID); !strings.Contains(r.Reason, "lost with it 5 times") || !strings.Contains(r.Reason, "host") {
		t.Errorf("reason: %q", r.Reason)
	}
	l.Retry(queue.RetryRequest{})
	w := l.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	l.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
}

func neighbours(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	// Task 1 kills whoever runs it, together with two others.
	w := l.Worker(3)
	w.Sync()
	kill(l, w)
	for i := range 3 {
		if r := l.Record(Task(i).ID); !r.Alone || r.Phase != queue.Waiting {
			t.Errorf("task %d after a shared loss: %+v", i, r)
		}
	}
	// From now on each is alone, on processes of any number of slots.
	culprit, losses := Task(1).ID, 0
	for range 20 {
		w := l.Worker(3)
		fresh := Fresh(w.Sync())
		if len(fresh) == 0 {
			break
		}
		if len(fresh) > 1 {
			t.Fatalf("granted together: %+v", fresh)
		}
		if more := Fresh(w.Sync()); len(more) > 0 {
			t.Fatalf("granted beside a task that must be alone: %+v", more)
		}
		if fresh[0].Task == culprit {
			kill(l, w)
			losses++
		} else {
			w.Draining = true
			w.Sync(Finished(fresh[0].Lease, 0))
		}
	}
	if losses != 5 {
		t.Errorf("lost %d processes alone: want 5", losses)
	}
	l.WantCounts("A", queue.Counts{Planned: 3, Done: 2, SetAside: 1})
}

func notStarted(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	for range 7 {
		w := l.Worker(1)
		w.Take()
		l.Tick(61 * time.Second)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if r := l.Record(Task(0).ID); r.Alone || r.Attempt != 7 {
		t.Errorf("record: %+v", r)
	}
}

func getsOn(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	lose := func(step uint64) {
		t.Helper()
		w := l.Worker(1)
		lease := w.Take()
		w.Start(lease, step)
		if step > 0 {
			w.Checkpoint(lease, step)
		}
		kill(l, w)
	}
	for step := uint64(10); step <= 80; step += 10 {
		lose(step)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if r := l.Record(Task(0).ID); r.Alone {
		t.Errorf("record: %+v", r)
	}
	// Now it is stuck at step 80.
	for n := range 5 {
		if r := l.Record(Task(0).ID); r.Alone != (n > 0) || r.Phase != queue.Waiting {
			t.Errorf("after %d losses without progress: %+v", n, r)
		}
		lose(0)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, SetAside: 1})
	// A retry does not begin at the checkpoint that it was stuck at.
	l.Retry(queue.RetryRequest{})
	if fresh := Fresh(l.Worker(1).Sync()); fresh[0].Work.CheckpointStep != 0 {
		t.Errorf("after the retry: %+v", fresh[0].Work)
	}
}

func failureResets(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	lose := func(step uint64) {
		t.Helper()
		w := l.Worker(1)
		w.Checkpoint(w.Take(), step)
		kill(l, w)
	}
	lose(50)
	w := l.Worker(1)
	w.Sync(Fails(w.Take(), "NaN"))
	l.Tick(10 * time.Second)
	lose(20) // less than 50, but it began from 0
	if r := l.Record(Task(0).ID); r.Alone {
		t.Errorf("record: %+v", r)
	}
	lose(30)
	if r := l.Record(Task(0).ID); r.Alone {
		t.Errorf("record: %+v", r)
	}
}

func renewed(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 2, 10))
	w := l.Worker(2)
	w.Sync()
	held := w.held()
	w.Start(held[0].Lease, 10)
	w.Start(held[1].Lease, 10)
	w.Sync()
	l.Tick(59 * time.Second)
	l.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	l.Tick(time.Second)
	l.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
	if !l.Record(held[0].Task).Alone {
		t.Error("a task that a process was lost with is not to be alone")
	}

	w.Start(held[0].Lease, 30)
	answer := w.Sync()
	if len(answer.Assignments) != 2 || len(Fresh(answer)) != 0 {
		t.Fatalf("assignments: %+v", answer.Assignments)
	}
	l.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	a := l.Attempts(held[0].Task)[0]
	if a.Outcome != queue.Live || a.Step != 30 || a.Reason != "" || !a.EndedAt.IsZero() || l.Record(held[0].Task).Alone {
		t.Errorf("renewed: %+v", a)
	}
	l.Tick(59 * time.Second)
	l.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
}

func notRenewed(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	slow, _, old, fresh := race(l)
	if answer := slow.Sync(); len(answer.Assignments) != 0 {
		t.Errorf("assignments: %+v", answer.Assignments)
	}
	a := l.Attempts(old.Task)
	if a[0].Outcome != queue.Lost || a[1].Outcome != queue.Live || a[1].Lease != fresh {
		t.Errorf("attempts: %+v", a)
	}
	l.Consistent()
}

// intruder names the expired lease of another process as its own.
func intruder(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w, other := l.Worker(1), l.Worker(1)
	lease := w.Take()
	l.Tick(61 * time.Second)
	r := other.Request()
	r.Held, r.FreeSlots = []queue.Held{{Lease: lease, Step: 50}}, 0
	if answer := other.Call(r); len(answer.Assignments) != 0 {
		t.Errorf("assigned: %+v", answer.Assignments)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if answer := w.Sync(); len(answer.Assignments) != 1 {
		t.Errorf("its holder is assigned: %+v", answer.Assignments)
	}
}

func cameBackLate(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	var last *Worker
	for range 5 {
		last = l.Worker(1)
		last.Take()
		kill(l, last)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, SetAside: 1})
	if answer := last.Sync(); len(answer.Assignments) != 1 || answer.Done {
		t.Errorf("answer: %+v", answer)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	if r := l.Record(Task(0).ID); r.Reason != "" || !r.Alone {
		t.Errorf("record: %+v", r)
	}
	last.Sync(Finished(last.Holding(), 0))
	l.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
	if r := l.Record(Task(0).ID); r.Reason != "" {
		t.Errorf("record: %+v", r)
	}
}

func frozen(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	w := l.Worker(1)
	w.Take()
	l.Tick(30 * time.Second)
	l.Clock.Advance(time.Hour)
	if err := l.Queue.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	l.Tick(59 * time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	l.Tick(time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})

	// Frozen for just as long as it takes, again and again.
	w = l.Worker(1)
	w.Take()
	for range 30 {
		l.Clock.Advance(5 * time.Second)
		if err := l.Queue.Tick(ctx); err != nil {
			t.Fatal(err)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	l.Tick(time.Minute)
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})

	// Just short of it.
	w = l.Worker(1)
	w.Take()
	for range 12 {
		l.Clock.Advance(5*time.Second - time.Microsecond)
		if err := l.Queue.Tick(ctx); err != nil {
			t.Fatal(err)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	l.Tick(time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func setBack(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	l.Tick(time.Second)
	w := l.Worker(1)
	w.Take()
	l.Clock.Advance(-24 * time.Hour)
	if err := l.Queue.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	l.Tick(59 * time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	l.Tick(time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func restarted(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	l.Tick(time.Second)
	w := l.Worker(1)
	lease := w.Take()
	l.Tick(58 * time.Second)
	l.Clock.Advance(3 * time.Second)
	l.Restart()
	l.Tick(time.Second) // the first tick of the new one
	l.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	if answer := w.Sync(); len(answer.Assignments) != 1 || answer.Assignments[0].Lease != lease {
		t.Errorf("assignments: %+v", answer.Assignments)
	}
	l.Tick(61 * time.Second)
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func takesAll(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 10))
	for n := range 12 {
		w := l.Worker(1)
		lease := w.Take()
		w.Start(lease, 1)
		w.Sync()
		l.Restart()
		if n%2 == 1 { // this one lives on until after the next one has begun
			l.Tick(time.Second)
			w.Sync()
			l.Restart()
		}
		l.Tick(62 * time.Second)
		if r := l.Record(lease.Task); r.Alone || r.Phase != queue.Waiting {
			t.Fatalf("after %d times: %+v", n+1, r)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	// One that has called since is lost as ever.
	w := l.Worker(1)
	lease := w.Take()
	w.Start(lease, 1)
	l.Restart()
	l.Tick(time.Second)
	w.Sync()
	l.Tick(61 * time.Second)
	if r := l.Record(lease.Task); !r.Alone {
		t.Errorf("record: %+v", r)
	}
	if a := l.Attempts(lease.Task); !a[0].Excused || a[len(a)-1].Excused {
		t.Errorf("attempts: %+v", a)
	}
	// So is one that has stored a checkpoint since.
	w = l.Worker(1)
	lease = w.Take()
	l.Restart()
	l.Tick(time.Second)
	w.Checkpoint(lease, 7)
	l.Tick(61 * time.Second)
	if a := l.Attempts(lease.Task); a[len(a)-1].Excused {
		t.Errorf("attempts: %+v", a)
	}
}

func retryOne(t *testing.T, l *Lab) {
	l.policy.MaxAttempts = 3
	l.Plan("A", Plan(0, 3, 10))
	w := l.Worker(3)
	for range 3 {
		w.Sync()
		for _, h := range w.held() {
			w.Sync(Fails(h.Lease, "NaN"))
		}
		l.Tick(20 * time.Second)
	}
	l.WantCounts("A", queue.Counts{Planned: 3, SetAside: 3})
	if n := l.Retry(queue.RetryRequest{Diverged: true}); n != 0 {
		t.Errorf("reopened %d", n)
	}
	if n := l.Retry(queue.RetryRequest{Tasks: []sweep.TaskID{Task(1).ID}}); n != 1 {
		t.Errorf("reopened %d", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 3, SetAside: 2, Pending: 1})
	for _, task := range []sweep.TaskID{"no such task", Task(7).ID} {
		if _, err := l.Queue.Retry(ctx, queue.RetryRequest{Tasks: []sweep.TaskID{Task(0).ID, task}}); err == nil {
			t.Errorf("retry of %q: want an error", task)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 3, SetAside: 2, Pending: 1})
	l.Plan("A", Plan(1, 3, 10))
	if _, err := l.Queue.Retry(ctx, queue.RetryRequest{Tasks: []sweep.TaskID{Task(0).ID}}); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("retry of a task that no sweep wants: %v", err)
	}
	// It stays aside for whoever wants it again.
	l.Plan("B", Plan(0, 1, 10))
	l.WantCounts("B", queue.Counts{Planned: 1, SetAside: 1})
}

// sparesSlots is about a process that holds something: it gets no task that must
// be alone, but others.
func sparesSlots(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 4, 10))
	victim := l.Worker(1)
	victim.Take() // task 0
	kill(l, victim)
	w := l.Worker(1)
	fragile := w.Take()
	if fragile.Task != Task(0).ID {
		t.Fatalf("granted %v", fragile)
	}
	w.Sync(HandsBack(fragile)) // and takes it again
	w.Sync(HandsBack(w.Holding()))
	w.Draining = true
	w.Sync(HandsBack(w.Holding()))

	// Holding task 1, a process is offered 2 and 3, never 0.
	busy := l.Worker(3)
	r := busy.Request()
	r.Held = []queue.Held{{Lease: queue.Lease{Task: Task(1).ID, Attempt: 9}}} // what it holds is withdrawn just now
	answer := busy.Call(r)
	busy.Obey(answer)
	if fresh := Fresh(answer); len(fresh) != 3 || fresh[0].Task != Task(1).ID {
		t.Fatalf("granted to a process that has not stopped yet: %+v", fresh)
	}
	busy.Sync(Finished(busy.held()[0].Lease, 0))
	if n := len(busy.Holds); n != 2 {
		t.Errorf("holds %d: task 0 must wait", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Leased: 2, Pending: 1})
	held := busy.held()
	answer = busy.Sync(Finished(held[0].Lease, 0), Finished(held[1].Lease, 0))
	if fresh := Fresh(answer); len(fresh) != 1 || fresh[0].Task != Task(0).ID {
		t.Errorf("granted to a process that holds nothing: %+v", fresh)
	}
}

// aloneInTurn is about a task that must be alone among others that need not be.
func aloneInTurn(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 6, 10))
	victim := l.Worker(1)
	victim.Take()
	kill(l, victim) // with task 0
	moved := Plan(0, 6, 10)
	moved[0].Order = 2 // behind task 1, before task 2
	moved[1].Order = 1
	l.Plan("A", moved)
	l.Plan("B", Plan(8, 10, 10))

	// It waits for its turn.
	wantGranted(t, l.Worker(1).Sync(), 1)
	// A process that begins with another task gets it neither as a second one …
	wantGranted(t, l.Worker(3).Sync(), 8, 2, 9)
	// … nor beside one that it never heard of …
	lost := l.Worker(2)
	r := lost.Request()
	r.FreeSlots = 1
	l.Plan("A", moved[1:]) // so that it gets another one
	lost.Call(r)
	l.Plan("A", moved)
	wantGranted(t, lost.Sync(), 3, 4)
	// … and when it comes first, it comes alone, whatever else waits.
	w := l.Worker(3)
	wantGranted(t, w.Sync(), 0)
	wantGranted(t, w.Sync())
	wantGranted(t, w.Sync(Finished(w.Holding(), 0)), 5)
}
