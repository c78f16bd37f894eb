package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// reading is about status, rows and history.
var reading = []life{
	{"an unknown sweep", unknownSweep},
	{"rows and attempts of more than a page", pages},
	{"a stream that is left early", leftEarly},
	{"time left learns from finished tasks", timeLeft},
	{"workers come and go", workers},
	{"lists are bounded", bounded},
	{"more workers than are listed", crowd},
}

func unknownSweep(t *testing.T, l *Lab) {
	if _, err := l.Queue.Status(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("status: %v", err)
	}
	if _, err := l.Queue.Sweep(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("sweep: %v", err)
	}
}

func pages(t *testing.T, l *Lab) {
	const n = 300
	plan := Plan(0, n, 0.001)
	for i := range plan {
		plan[i].Order = n - i
		plan[i].Task.ConfigurationIndex = i / 2
	}
	l.Plan("A", plan)
	w := l.Worker(2)
	for range 2 { // two attempts each
		answer := w.Sync()
		var back []queue.Report
		for _, a := range Fresh(answer) {
			back = append(back, HandsBack(a.Lease))
		}
		r := w.Request(back...)
		r.FreeSlots = 0
		w.Obey(w.Call(r))
	}
	rows := l.Rows("A")
	if len(rows) != n {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		want := queue.Row{Planned: plan[i], Phase: queue.Waiting, State: "pending"}
		want.Task = sweep.Task{ID: want.Task.ID, ConfigurationIndex: want.Task.ConfigurationIndex} // the rest is in the grid
		if diff := cmp.Diff(want, row); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, diff)
		}
	}
	row, attempt, count := -1, uint64(0), 0
	for h, err := range l.Queue.Attempts(ctx, "A") {
		if err != nil {
			t.Fatal(err)
		}
		if h.Row < row || h.Row == row && h.Lease.Attempt != attempt+1 || h.Row > row && h.Lease.Attempt != 1 {
			t.Fatalf("row %d, attempt %d follows row %d, attempt %d", h.Row, h.Lease.Attempt, row, attempt)
		}
		if h.Task != plan[h.Row].Task.ID || h.Outcome != queue.HandedBack {
			t.Fatalf("history: %+v", h)
		}
		row, attempt = h.Row, h.Lease.Attempt
		count++
	}
	if count != 2*n {
		t.Errorf("%d attempts", count)
	}
}

func leftEarly(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 10, 1))
	w := l.Worker(10)
	w.Sync()
	for row, err := range l.Queue.Rows(ctx, "A") {
		if err != nil || row.Row == 3 {
			break
		}
	}
	for h, err := range l.Queue.Attempts(ctx, "A") {
		if err != nil || h.Row == 3 {
			break
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, err := range l.Queue.Rows(ended, "A") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("rows: %v", err)
		}
	}
	l.WantCounts("A", queue.Counts{Planned: 10, Leased: 10})
}

func timeLeft(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 6, 10))
	want := func(seconds float64) {
		t.Helper()
		if got := l.Status("A").TimeLeft.Seconds(); got < seconds-1e-6 || got > seconds+1e-6 {
			t.Errorf("time left: %v s: want %v", got, seconds)
		}
	}
	want(0) // nobody works
	w := l.Worker(2)
	w.Sync()
	want(30) // 60 s of work on two slots, by the model alone
	held := w.held()
	w.Start(held[0].Lease, Steps/2)
	w.Sync()
	want(27.5)
	w.Sync(Finished(held[0].Lease, 0)) // it took 2 s, not 10
	want(0.2 * 50 / 2)
	other := l.Worker(100)
	other.KernelClass = "simd/test"
	s := Sweep("B")
	s.KernelClass = other.KernelClass
	if _, err := l.Queue.Plan(ctx, s, Stream(nil)); err != nil {
		t.Fatal(err)
	}
	other.Sync() // of no use to A
	want(0.2 * 50 / 2)
	l.Worker(8).Sync()
	want(0.2 * 10) // no slot can do more than its own task
}

func workers(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	a, b := l.Worker(2), l.Worker(2)
	a.Sync()
	l.Tick(30 * time.Second)
	b.Sync()
	s := l.Status("A")
	if len(s.Workers) != 2 || s.Workers[0].Process != a.Process || len(s.Workers[0].Running) != 2 || len(s.Workers[1].Running) != 1 {
		t.Fatalf("workers: %+v", s.Workers)
	}
	if got := s.Workers[1]; !got.LastSeen.Equal(l.Clock.Now()) || !got.FirstSeen.Equal(l.Clock.Now()) || got.Deadline.Sub(got.LastSeen) != time.Minute {
		t.Errorf("presence: %+v", got.Presence)
	}
	if !s.AsOf.Equal(l.Clock.Now()) || s.Sweep.ID != "A" || s.Sweep.Revision != 1 {
		t.Errorf("status: %+v", s)
	}
	l.Tick(30 * time.Second)
	if s = l.Status("A"); len(s.Workers) != 1 || s.Workers[0].ID != b.ID {
		t.Errorf("workers after one fell silent: %+v", s.Workers)
	}
	l.WantCounts("A", queue.Counts{Planned: 3, Leased: 1, Pending: 2})
}

// crowd has more workers than a status lists.
func crowd(t *testing.T, l *Lab) {
	const n = queue.MaxListed + 20
	l.Plan("A", Plan(0, 1, 10))
	for range n {
		l.Worker(2).Sync()
	}
	if _, err := l.Queue.Drain(ctx, queue.DrainRequest{Processes: []string{"process-001", "process-119"}}); err != nil {
		t.Fatal(err)
	}
	s := l.Status("A")
	if want := (queue.Workforce{Processes: n, Slots: 2 * n, Leaving: 2}); len(s.Workers) != queue.MaxListed || s.Workforce != want {
		t.Errorf("%d are listed, all are %+v: want %+v", len(s.Workers), s.Workforce, want)
	}
}

func bounded(t *testing.T, l *Lab) {
	l.policy.MaxAttempts = 3
	const n = queue.MaxListed + 20
	l.Plan("A", Plan(0, n, 0))
	w := l.Worker(1)
	w.Sync()
	if got := len(l.Status("A").Workers[0].Running); got != queue.MaxListed {
		t.Errorf("%d running tasks are listed", got)
	}
	if r := l.Worker(1).Sync(); len(r.Assignments) > 0 || len(l.Status("A").Workers) != 2 {
		t.Errorf("another worker: %+v, and %d are known", r, len(l.Status("A").Workers))
	}
	for range 3 {
		var failures []queue.Report
		for _, h := range w.held() {
			failures = append(failures, Fails(h.Lease, "NaN"))
		}
		w.Sync(failures...)
		l.Tick(20 * time.Second)
		r := w.Request()
		r.FreeSlots = 1
		w.Obey(w.Call(r))
	}
	s := l.Status("A")
	if s.Counts.Failed != n || len(s.Failed) != queue.MaxListed || s.Failed[0].Order != 0 || s.Failed[99].Order != 99 {
		t.Errorf("%d failed, %d listed", s.Counts.Failed, len(s.Failed))
	}
	if got := l.Retry(queue.RetryRequest{}); got != n {
		t.Errorf("reopened %d: want %d", got, n)
	}
	l.WantCounts("A", queue.Counts{Planned: n, Pending: n})
}
