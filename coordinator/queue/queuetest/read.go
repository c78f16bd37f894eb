package queuetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// readScenarios test status, rows and attempts.
var readScenarios = []Scenario{
	{"an unknown sweep is an error", unknownSweep},
	{"rows and attempts span several pages", pages},
	{"a stream may be left early", leftEarly},
	{"the time left is estimated from finished tasks", timeLeft},
	{"a worker is listed until it expires", workers},
	{"lists are bounded", bounded},
	{"the workforce counts workers that are not listed", manyWorkers},
	{"the overview has every sweep and the oldest lease", overview},
	{"a task is shown with its attempts", look},
}

func unknownSweep(t *testing.T, f *Fixture) {
	if _, err := f.Queue.Status(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("status: %v", err)
	}
	for _, err := range f.Queue.Configurations(ctx, "A") {
		if !errors.Is(err, queue.ErrUnknown) {
			t.Errorf("configurations: %v", err)
		}
	}
	if _, err := f.Queue.Sweep(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("sweep: %v", err)
	}
}

// wantConfigurations checks the configurations of a plan with two tasks each.
func wantConfigurations(t *testing.T, f *Fixture, plan []queue.Planned) {
	t.Helper()
	n := 0
	for first, err := range f.Queue.Configurations(ctx, "A") {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plan[2*n], first); diff != "" {
			t.Fatalf("configuration %d (-want +got):\n%s", n, diff)
		}
		n++
	}
	if n != len(plan)/2 {
		t.Fatalf("%d configurations, want %d", n, len(plan)/2)
	}
}

func pages(t *testing.T, f *Fixture) {
	const n = 300
	plan := Plan(0, n, 0.001)
	for i := range plan {
		plan[i].Order = n - i
		plan[i].Task.ConfigurationIndex = i / 2
	}
	f.Plan("A", plan)
	w := f.Worker(2)
	for range 2 { // two attempts each
		answer := w.Sync()
		var back []queue.Report
		for _, a := range Fresh(answer) {
			back = append(back, HandedBack(a.Lease))
		}
		r := w.Request(back...)
		r.FreeSlots = 0
		w.Apply(w.Call(r))
	}
	rows := f.Rows("A")
	if len(rows) != n {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		want := queue.Row{Planned: plan[i], Phase: queue.Waiting, State: "pending"}
		want.Task = sweep.Task{ID: want.Task.ID, ConfigurationIndex: want.Task.ConfigurationIndex} // rows omit the rest, which is in the grid
		if diff := cmp.Diff(want, row); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, diff)
		}
	}
	wantConfigurations(t, f, plan)
	row, attempt, count := -1, uint64(0), 0
	for h, err := range f.Queue.Attempts(ctx, "A") {
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

func look(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 1))
	f.Plan("B", Plan(2, 1, 1))
	w := f.Worker(1)
	first := w.Take()
	present, err := f.Queue.Workers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(present.Workers) != 1 || len(present.Workers[0].Running) != 1 || present.Workforce.Slots != 1 || present.Sweeps[first.Task] != "A" {
		t.Errorf("present are %+v, want one worker with task %s of sweep A", present, first.Task)
	}
	w.Sync(HandedBack(first))
	l, err := f.Queue.Look(ctx, "A", Task(0).ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := Task(0); l.Sweep.ID != "A" || l.Configuration.Replicate != want.Configuration.Replicate || l.Recording != Recording {
		t.Errorf("task %+v of %s, want %+v", l.Specification, l.Sweep.ID, want)
	}
	if diff := cmp.Diff(f.Record(Task(0).ID), l.Record); diff != "" {
		t.Errorf("record (-stored +shown):\n%s", diff)
	}
	if diff := cmp.Diff(f.Attempts(Task(0).ID), l.Attempts); diff != "" || len(l.Attempts) == 0 || l.Earlier != 0 {
		t.Errorf("%d earlier attempts; (-stored +shown):\n%s", l.Earlier, diff)
	}
	for _, unknown := range []struct {
		sweep string
		task  sweep.TaskID
	}{{"A", Task(2).ID}, {"C", Task(0).ID}, {"A", "no such task"}} {
		if _, err := f.Queue.Look(ctx, unknown.sweep, unknown.task); !errors.Is(err, queue.ErrUnknown) {
			t.Errorf("task %s of sweep %s: %v", unknown.task, unknown.sweep, err)
		}
	}
}

func leftEarly(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 10, 1))
	w := f.Worker(10)
	w.Sync()
	for row, err := range f.Queue.Rows(ctx, "A") {
		if err != nil || row.Row == 3 {
			break
		}
	}
	for h, err := range f.Queue.Attempts(ctx, "A") {
		if err != nil || h.Row == 3 {
			break
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, err := range f.Queue.Rows(ended, "A") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("rows: %v", err)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 10, Leased: 10})
}

func timeLeft(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 6, 10))
	want := func(seconds float64) {
		t.Helper()
		if got := f.Status("A").TimeLeft.Seconds(); got < seconds-1e-6 || got > seconds+1e-6 {
			t.Errorf("time left: %v s: want %v", got, seconds)
		}
	}
	want(0) // without workers
	w := f.Worker(2)
	w.Sync()
	want(30) // 60 s of work on two slots, by the model alone
	held := w.Leases()
	f.Tick(2500 * time.Millisecond)
	w.Start(held[0].Lease, Steps/4)
	w.Sync()
	want(57.5 / 2) // the model is right about a quarter of a task
	f.Tick(7500 * time.Millisecond)
	w.Start(held[0].Lease, Steps/2)
	w.Sync()
	want(2 * 55 / 2)                   // half of a task took 10 s, not 5
	w.Sync(Finished(held[0].Lease, 0)) // it took 2 s, not 10
	want(0.2 * 50 / 2)
	other := f.Worker(100)
	other.KernelClass = "simd/test"
	s := Sweep("B")
	s.KernelClass = other.KernelClass
	if _, err := f.Queue.Plan(ctx, s, Stream(nil)); err != nil {
		t.Fatal(err)
	}
	other.Sync() // cannot run tasks of A
	want(0.2 * 50 / 2)
	f.Worker(8).Sync()
	want(0.2 * 10) // each slot runs one task
}

func workers(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 10))
	a, b := f.Worker(2), f.Worker(2)
	a.Sync()
	f.Tick(30 * time.Second)
	b.Sync()
	s := f.Status("A")
	if len(s.Workers) != 2 || s.Workers[0].Process != a.Process || len(s.Workers[0].Running) != 2 || len(s.Workers[1].Running) != 1 {
		t.Fatalf("workers: %+v", s.Workers)
	}
	if got := s.Workers[1]; !got.LastSeen.Equal(f.Clock.Now()) || !got.FirstSeen.Equal(f.Clock.Now()) || got.Deadline.Sub(got.LastSeen) != time.Minute {
		t.Errorf("presence: %+v", got.Presence)
	}
	if !s.AsOf.Equal(f.Clock.Now()) || s.Sweep.ID != "A" || s.Sweep.Revision != 1 {
		t.Errorf("status: %+v", s)
	}
	f.Tick(30 * time.Second)
	if s = f.Status("A"); len(s.Workers) != 1 || s.Workers[0].ID != b.ID {
		t.Errorf("workers after one expired: %+v", s.Workers)
	}
	f.WantCounts("A", queue.Counts{Planned: 3, Leased: 1, Pending: 2})
}

// manyWorkers registers more workers than a status lists.
func manyWorkers(t *testing.T, f *Fixture) {
	const n = queue.MaxListed + 20
	f.Plan("A", Plan(0, 1, 10))
	for range n {
		f.Worker(2).Sync()
	}
	if _, err := f.Queue.Drain(ctx, queue.DrainRequest{Processes: []string{"process-001", "process-119"}}); err != nil {
		t.Fatal(err)
	}
	s := f.Status("A")
	if want := (queue.Workforce{Processes: n, Slots: 2 * n, Leaving: 2}); len(s.Workers) != queue.MaxListed || s.Workforce != want {
		t.Errorf("%d are listed, all are %+v: want %+v", len(s.Workers), s.Workforce, want)
	}
}

// overview reads an empty store, then one with two sweeps and two workers.
func overview(t *testing.T, f *Fixture) {
	wants := func(want queue.Overview) {
		t.Helper()
		got, err := f.Queue.Overview(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Sweeps {
			got.Sweeps[i] = queue.Summary{Sweep: queue.Sweep{ID: got.Sweeps[i].ID}, Counts: got.Sweeps[i].Counts}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("overview (-want +got):\n%s", diff)
		}
	}
	wants(queue.Overview{})
	f.Plan("A", Plan(0, 3, 10))
	a, b := f.Worker(2), f.Worker(3)
	a.Sync()
	f.Tick(20 * time.Second)
	f.Plan("B", Plan(3, 5, 10))
	b.Sync()
	f.Tick(10 * time.Second)
	wants(queue.Overview{
		Sweeps: []queue.Summary{
			{Sweep: queue.Sweep{ID: "A"}, Counts: queue.Counts{Planned: 3, Leased: 3}},
			{Sweep: queue.Sweep{ID: "B"}, Counts: queue.Counts{Planned: 2, Leased: 2}},
		},
		Workforce: queue.Workforce{Processes: 2, Slots: 5}, LeaseAge: 30 * time.Second, Silence: 30 * time.Second,
	})
	f.Tick(40 * time.Second) // the first expires
	wants(queue.Overview{
		Sweeps: []queue.Summary{
			{Sweep: queue.Sweep{ID: "A"}, Counts: queue.Counts{Planned: 3, Leased: 1, Pending: 2}},
			{Sweep: queue.Sweep{ID: "B"}, Counts: queue.Counts{Planned: 2, Leased: 2}},
		},
		Workforce: queue.Workforce{Processes: 1, Slots: 3}, LeaseAge: 50 * time.Second, Silence: 50 * time.Second,
	})
}

func bounded(t *testing.T, f *Fixture) {
	f.policy.MaxAttempts = 3
	const n = queue.MaxListed + 20
	f.Plan("A", Plan(0, n, 0))
	w := f.Worker(1)
	w.Sync()
	if got := len(f.Status("A").Workers[0].Running); got != queue.MaxListed {
		t.Errorf("%d running tasks are listed", got)
	}
	if r := f.Worker(1).Sync(); len(r.Assignments) > 0 || len(f.Status("A").Workers) != 2 {
		t.Errorf("another worker: %+v, and %d are listed", r, len(f.Status("A").Workers))
	}
	for range 3 {
		var failures []queue.Report
		for _, h := range w.Leases() {
			failures = append(failures, Failed(h.Lease, "NaN"))
		}
		w.Sync(failures...)
		f.Tick(20 * time.Second)
		r := w.Request()
		r.FreeSlots = 1
		w.Apply(w.Call(r))
	}
	s := f.Status("A")
	if s.Counts.Failed != n || len(s.Failed) != queue.MaxListed || s.Failed[0].Order != 0 || s.Failed[99].Order != 99 {
		t.Errorf("%d failed, %d listed", s.Counts.Failed, len(s.Failed))
	}
	if got := f.Retry(queue.RetryRequest{}); got != n {
		t.Errorf("reopened %d: want %d", got, n)
	}
	f.WantCounts("A", queue.Counts{Planned: n, Pending: n})
}

// findScenarios test how an operator finds and lists the sweeps of a store.
var findScenarios = []Scenario{
	{"a sweep is found by ID, by name, or as the only one", findSweeps},
	{"the list of sweeps has their counts", listSweeps},
}

func findSweeps(t *testing.T, f *Fixture) {
	finds := func(nameOrID, id string, fault error) {
		t.Helper()
		s, err := f.Queue.Find(ctx, nameOrID)
		if s.ID != id || !errors.Is(err, fault) {
			t.Errorf("%q finds %q, %v: want %q, %v", nameOrID, s.ID, err, id, fault)
		}
	}
	finds("", "", queue.ErrUnknown)
	f.Plan("A", Plan(0, 1, 10))
	finds("", "A", nil)
	f.Plan("B", Plan(0, 2, 10))
	finds("", "", queue.ErrInvalid)
	finds("B", "B", nil)
	finds("sweep B", "B", nil)
	finds("sweep C", "", queue.ErrUnknown)

	sameName := Sweep("C")
	sameName.Name = "sweep B"
	if _, err := f.Queue.Plan(ctx, sameName, Stream(Plan(0, 1, 10))); err != nil {
		t.Fatal(err)
	}
	finds("sweep B", "", queue.ErrInvalid)
	finds("C", "C", nil)
	if s, err := f.Queue.Find(ctx, "sweep A"); err != nil || string(s.Grid) != "sweep {}" {
		t.Errorf("found with the grid %q, %v", s.Grid, err)
	}
}

func listSweeps(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 10))
	f.Plan("B", Plan(0, 1, 10))
	f.Worker(1).Sync()
	sweeps, err := f.Queue.Sweeps(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]queue.Counts{}
	for _, s := range sweeps {
		got[s.Name] = s.Counts
	}
	want := map[string]queue.Counts{}
	for _, id := range []string{"A", "B"} {
		want["sweep "+id] = f.Status(id).Counts
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// selectScenarios test how an operator selects tasks.
var selectScenarios = []Scenario{
	{"a selection names a sweep, tasks and configurations", selectTasks},
	{"an invalid selection changes nothing", badSelections},
	{"a selection spans several pages", selectMany},
}

// failAll plans a sweep and makes all its tasks fail for good.
func failAll(f *Fixture, id string, from, to int) {
	f.TB.Helper()
	f.Plan(id, Plan(from, to, 30))
	w := f.Worker(1)
	for f.Status(id).Counts.Failed < to-from {
		for _, h := range w.Leases() {
			w.Sync(Failed(h.Lease, "NaN"))
		}
		f.Tick(5 * time.Second)
		w.Sync()
	}
	w.Draining = true
	w.Sync()
}

func selectTasks(t *testing.T, f *Fixture) {
	failAll(f, "A", 0, 3)
	failAll(f, "B", 2, 5) // both plan task 2
	counts := func(id string, failed, pending int) {
		t.Helper()
		f.WantCounts(id, queue.Counts{Planned: 3, Failed: failed, Pending: pending})
	}
	retry := func(want int, s queue.Selection) {
		t.Helper()
		if n := f.Retry(queue.RetryRequest{Selection: s}); n != want {
			t.Errorf("%+v reopened %d, want %d", s, n, want)
		}
	}
	retry(1, queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(0).ID, Task(0).ID}})
	retry(0, queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(0).ID}})
	counts("A", 2, 1)
	retry(0, queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(0).ID}, Configurations: []sweep.ConfigurationFilter{{"neurons": 1.0}}})
	retry(2, queue.Selection{Sweep: "A", Configurations: []sweep.ConfigurationFilter{{"k": 0.0}, {"neurons": 1.0, "timesteps": 1.0}}})
	counts("A", 0, 3)
	counts("B", 2, 1)
	retry(2, queue.Selection{})
	counts("B", 0, 3)
}

func badSelections(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 30))
	f.Plan("B", Plan(16, 17, 30))
	refuses := func(s queue.Selection, want error) {
		t.Helper()
		if _, _, err := f.Queue.Cancel(ctx, s); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", s, err, want)
		}
	}
	refuses(queue.Selection{Sweep: "C"}, queue.ErrUnknown)
	mistyped := []sweep.ConfigurationFilter{{"neurons": 2.0, "timesteps": 1.0}}
	refuses(queue.Selection{Sweep: "A", Configurations: mistyped}, queue.ErrInvalid)
	refuses(queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(1).ID}, Configurations: mistyped}, queue.ErrInvalid)
	_, err := f.Queue.Retry(ctx, queue.RetryRequest{Selection: queue.Selection{Sweep: "A", Configurations: mistyped}})
	if want := "no configuration of the sweep has neurons=2 (it has neurons = 1)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want one with %q", err, want)
	}
	refuses(queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(3).ID}}, queue.ErrUnknown)
	refuses(queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(16).ID}}, queue.ErrUnknown)
	refuses(queue.Selection{Tasks: []sweep.TaskID{Task(0).ID[:10]}}, queue.ErrInvalid)
	refuses(queue.Selection{Tasks: []sweep.TaskID{""}}, queue.ErrUnknown)
	f.WantCounts("A", queue.Counts{Planned: 3, Pending: 3})
	// The prefix is unambiguous within sweep B.
	if n, _, err := f.Queue.Cancel(ctx, queue.Selection{Sweep: "B", Tasks: []sweep.TaskID{Task(16).ID[:10]}}); n != 1 || err != nil {
		t.Errorf("cancelled %d, %v", n, err)
	}
	f.WantCounts("B", queue.Counts{Planned: 1, Failed: 1})
}

func selectMany(t *testing.T, f *Fixture) {
	const many = 600
	f.Plan("A", Plan(0, many, 30))
	cancelled, shared, err := f.Queue.Cancel(ctx, queue.Selection{Sweep: "A"})
	if cancelled != many || shared != 0 || err != nil {
		t.Errorf("cancelled %d, shared %d, %v", cancelled, shared, err)
	}
	if n := f.Retry(queue.RetryRequest{Selection: queue.Selection{Sweep: "A"}}); n != many {
		t.Errorf("reopened %d", n)
	}
	f.WantCounts("A", queue.Counts{Planned: many, Pending: many})
}
