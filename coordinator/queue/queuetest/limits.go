package queuetest

import (
	"math"
	"slices"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// limitScenarios test what queue.Limits allow.
var limitScenarios = []Scenario{
	{"a task that cannot end in time is not granted", untilLeavesOut},
	{"finished tasks calibrate which task can end in time", untilIsCalibrated},
	{"a checkpoint counts towards what can end in time", untilAfterCheckpoint},
	{"a batch ends in time", untilBatch},
	{"leases are handed back at the time", untilHandsBack},
	{"a verification lifts a time that has passed", untilVerified},
	{"a number of tasks may run at a time", parallelTasks},
	{"a paused sweep runs nothing, across a restart", pauses},
	{"a task that another sweep needs goes on", pausesShared},
	{"a worker is granted what can end within its time", lifetimeLeavesOut},
	{"limits and note are kept as a plan says", plansLimits},
}

// limit plans sweep A with limits.
func (f *Fixture) limit(tasks []queue.Planned, l queue.Limits) {
	f.TB.Helper()
	s := Sweep("A")
	s.Limits = l
	if _, err := f.Queue.Plan(ctx, s, Stream(tasks)); err != nil {
		f.TB.Fatalf("plan: %v", err)
	}
	for _, p := range tasks {
		f.everPlanned[p.Task.ID] = true
	}
}

// until plans sweep A with a time from now.
func (f *Fixture) until(tasks []queue.Planned, d time.Duration) {
	f.TB.Helper()
	f.limit(tasks, queue.Limits{Until: f.Clock.Now().Add(d)})
}

// pause pauses sweep A, or resumes it.
func (f *Fixture) pause(paused bool) {
	f.TB.Helper()
	if err := f.Queue.Pause(ctx, "A", paused); err != nil {
		f.TB.Fatalf("pause: %v", err)
	}
}

// costing returns tasks that cost so many seconds.
func costing(seconds ...float64) []queue.Planned {
	plan := Plan(0, len(seconds), 0)
	for i, s := range seconds {
		plan[i].Cost = s
	}
	return plan
}

func untilLeavesOut(t *testing.T, f *Fixture) {
	plan := costing(100, 40, 30, 10)
	f.until(plan, 35*time.Second)
	w := f.Worker(4)
	wantGranted(t, w.Sync(), 2, 3)
	if s := f.Status("A"); s.TimeUp || s.WorkLeft != 180*time.Second {
		t.Errorf("while tasks run: time up %v, %v of work left", s.TimeUp, s.WorkLeft)
	}
	idle := f.Worker(1)
	if answer := idle.Sync(); answer.Done || len(answer.Assignments) > 0 {
		t.Errorf("while others hold leases: %+v", answer)
	}
	f.until(plan, 5*time.Second)
	var reports []queue.Report
	for _, h := range w.Leases() {
		reports = append(reports, HandedBack(h.Lease))
	}
	if answer := w.Sync(reports...); !answer.Done {
		t.Errorf("nothing can end in time: %+v", answer)
	}
	if s := f.Status("A"); !s.TimeUp || s.Counts.Pending != 4 {
		t.Errorf("time up %v with %+v", s.TimeUp, s.Counts)
	}
	f.Plan("A", plan)
	if s := f.Status("A"); s.TimeUp {
		t.Error("a plan without a time lifts it")
	}
	wantGranted(t, w.Sync(), 0, 1, 2, 3)
}

func untilIsCalibrated(t *testing.T, f *Fixture) {
	f.until(costing(100, 4, 40, 9), 5*time.Second)
	w := f.Worker(1)
	first := w.Take()
	wantGranted(t, w.Sync(Finished(first, 0)), 3) // 4 s of the cost model took 2 s
	if s := f.Status("A"); s.WorkLeft != 149*time.Second/2 {
		t.Errorf("%v of work left", s.WorkLeft)
	}
	if answer := w.Sync(Finished(w.OnlyLease(), 0)); !slices.Equal(numbers(answer), nil) || !answer.Done {
		t.Errorf("13 s of the cost model took 4 s, so 40 s take 12 s: %+v", answer)
	}
}

func untilAfterCheckpoint(t *testing.T, f *Fixture) {
	plan := costing(100)
	f.Plan("A", plan)
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 80)
	w.Checkpoint(lease, 80)
	w.Sync(HandedBack(lease)) // and is granted again
	f.until(plan, 19*time.Second)
	w.Sync(HandedBack(w.OnlyLease()))
	if len(w.Holds) > 0 || !f.Status("A").TimeUp {
		t.Errorf("20 s are left of a task, which is granted for 19 s: %v", w.Leases())
	}
	f.until(plan, 20*time.Second)
	wantGranted(t, w.Sync(), 0)
}

func untilBatch(t *testing.T, f *Fixture) {
	f.until(Plan(0, 20, 0.1), 550*time.Millisecond)
	wantGranted(t, f.Worker(1).Sync(), 0, 1, 2, 3, 4)
}

func untilHandsBack(t *testing.T, f *Fixture) {
	f.until(costing(50, 40), 50*time.Second)
	w, silent := f.Worker(1), f.Worker(1)
	lease := w.Take()
	silent.Take()
	f.Tick(42 * time.Second)
	silent.Sync()
	if answer := w.Sync(); answer.CallAgainIn != 8*time.Second || answer.Assignments[0].HandBack != "" {
		t.Errorf("8 s before the time: %+v", answer)
	}
	f.Tick(8 * time.Second)
	if answer := w.Sync(); answer.Assignments[0].HandBack != "the time of the sweep is up" || answer.Done {
		t.Errorf("at the time: %+v", answer)
	}
	w.Checkpoint(lease, 70)
	w.Sync(HandedBack(lease))
	if got := f.Outcomes(lease.Task); !slices.Equal(got, []queue.Outcome{queue.HandedBack}) {
		t.Errorf("outcomes %v", got)
	}
	if f.Status("A").TimeUp {
		t.Error("a lease is still held")
	}
	f.Tick(20 * time.Second)
	if !f.Status("A").TimeUp {
		t.Error("nobody hands back the last lease: the time is up nevertheless")
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Leased: 1, Pending: 1})
	f.Plan("A", costing(50, 40))
	again := Fresh(w.Sync())
	if len(again) != 1 || again[0].Work.CheckpointStep != 70 {
		t.Errorf("the next run does not resume: %+v", again)
	}
}

func untilVerified(t *testing.T, f *Fixture) {
	f.until(costing(1), 10*time.Second)
	w := f.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	f.Tick(time.Minute)
	if f.Status("A").TimeUp {
		t.Error("the time of a finished sweep is up")
	}
	if _, err := f.Queue.Verify(ctx, queue.VerifyRequest{Share: 1}); err != nil {
		t.Fatal(err)
	}
	wantGranted(t, w.Sync(), 0)
}

func parallelTasks(t *testing.T, f *Fixture) {
	plan := Plan(0, 8, 0.1)
	f.limit(plan, queue.Limits{Parallel: 2})
	w := f.Worker(3)
	wantGranted(t, w.Sync(), 0, 1)
	other := f.Worker(1)
	if answer := other.Sync(); answer.Done || len(answer.Assignments) > 0 {
		t.Errorf("two tasks run already: %+v", answer)
	}
	if wait, err := f.Queue.WouldWait(ctx, other.Request()); !wait || err != nil {
		t.Errorf("another worker waits: %v, %v", wait, err)
	}
	changed := f.Queue.Changed()
	r := w.Request(Finished(w.Leases()[0].Lease, 0))
	r.FreeSlots = 0
	w.Apply(w.Call(r))
	WantWoken(t, true, changed)
	wantGranted(t, other.Sync(), 2)
	f.WantCounts("A", queue.Counts{Planned: 8, Done: 1, Leased: 2, Pending: 5})

	f.Plan("B", Plan(20, 22, 10))
	wantGranted(t, f.Worker(1).Sync(), 20) // A's turn comes first
	changed = f.Queue.Changed()
	f.limit(plan, queue.Limits{Parallel: 3})
	WantWoken(t, true, changed)
	wantGranted(t, f.Worker(3).Sync(), 3, 21)
	f.limit(plan, queue.Limits{})
	wantGranted(t, f.Worker(1).Sync(), 4, 5, 6, 7)
}

func lifetimeLeavesOut(t *testing.T, f *Fixture) {
	plan := costing(100, 40, 30, 10, 0.4, 0.4, 0.4)
	f.Plan("A", plan)
	short := f.Worker(1)
	within := func(left time.Duration) (answer queue.SyncAnswer, wait bool) {
		t.Helper()
		r := short.Request()
		r.TimeLeft = left
		wait, err := f.Queue.WouldWait(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		answer = short.Call(r)
		short.Apply(answer)
		return answer, wait
	}
	back := func() {
		var reports []queue.Report
		for _, h := range short.Leases() {
			reports = append(reports, HandedBack(h.Lease))
		}
		r := short.Request(reports...)
		r.FreeSlots = 0
		short.Apply(short.Call(r))
	}
	for _, c := range []struct {
		left time.Duration
		want []int
	}{
		{300 * time.Millisecond, nil},
		{900 * time.Millisecond, []int{4, 5}}, // a batch shares the time
		{35 * time.Second, []int{2}},
		{math.MaxInt64, []int{0}},
		{0, []int{0}},
	} {
		answer, wait := within(c.left)
		wantGranted(t, answer, c.want...)
		if wait || answer.NoneFits != (c.want == nil) {
			t.Errorf("with %v left: would wait %v, none fits %v", c.left, wait, answer.NoneFits)
		}
		back()
	}

	// The time of the sweep and that of the worker: the earlier one counts.
	f.until(plan, 20*time.Second)
	answer, _ := within(35 * time.Second)
	wantGranted(t, answer, 3)
	back()
	f.Plan("A", plan)

	// A checkpoint counts, and so do the times of finished tasks.
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 80)
	w.Checkpoint(lease, 80)
	r := w.Request(HandedBack(lease))
	r.FreeSlots = 0
	w.Apply(w.Call(r))
	answer, _ = within(20 * time.Second)
	wantGranted(t, answer, 0)
	back()
	f.Plan("A", costing(100, 40))
	w.Sync(Finished(w.Take(), 0)) // 100 s of the cost model took 2 s; the other task is granted
	if answer, wait := within(time.Millisecond); len(answer.Assignments) > 0 || answer.NoneFits || !wait {
		t.Errorf("the only task left is leased: %+v, would wait %v", answer, wait)
	}
	r = w.Request(HandedBack(w.OnlyLease()))
	r.FreeSlots = 0
	w.Apply(w.Call(r))
	if answer, wait := within(500 * time.Millisecond); len(answer.Assignments) > 0 || !answer.NoneFits || wait {
		t.Errorf("40 s of the cost model take 0.8 s: %+v, would wait %v", answer, wait)
	}
	answer, _ = within(900 * time.Millisecond)
	wantGranted(t, answer, 1)
	back()

	// What is not granted to any worker is no reason to leave.
	f.pause(true)
	if answer, wait := within(time.Millisecond); answer.NoneFits || !wait {
		t.Errorf("the sweep is paused: %+v, would wait %v", answer, wait)
	}
}

func pauses(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 30))
	w := f.Worker(2)
	w.Slots = 1
	lease := w.Take()
	f.pause(true)
	f.Restart()
	if s := f.Status("A"); !s.Sweep.Paused || s.TimeLeft != 0 || s.WorkLeft == 0 {
		t.Errorf("paused: %t, time left %v, work left %v", s.Sweep.Paused, s.TimeLeft, s.WorkLeft)
	}
	if answer := w.Sync(); answer.Assignments[0].HandBack != "the sweep is paused" {
		t.Errorf("the holder is not asked: %+v", answer)
	}
	if answer := w.Sync(HandedBack(lease)); answer.Done || len(answer.Assignments) > 0 {
		t.Errorf("a paused sweep: %+v", answer)
	}
	f.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
	// A grant whose answer was lost ends when the sweep is paused.
	f.pause(false)
	w.Call(w.Request())
	f.pause(true)
	if answer := w.Sync(); len(answer.Assignments) > 0 {
		t.Errorf("a lost grant of a paused sweep: %+v", answer)
	}
	f.Plan("A", Plan(0, 3, 30))
	if len(w.Sync().Assignments) > 0 {
		t.Error("a plan resumes a paused sweep")
	}
	changed := f.Queue.Changed()
	f.pause(false)
	WantWoken(t, true, changed)
	wantGranted(t, w.Sync(), 0)
	if got := f.Outcomes(lease.Task); !slices.Equal(got, []queue.Outcome{queue.HandedBack, queue.HandedBack, queue.Live}) {
		t.Errorf("outcomes %v", got)
	}
}

func pausesShared(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 30))
	f.Plan("B", Plan(1, 3, 30))
	f.pause(true)
	w := f.Worker(3)
	wantGranted(t, w.Sync(), 1, 2)
	for _, a := range w.Sync().Assignments {
		if a.HandBack != "" {
			t.Errorf("task %s is wanted by a sweep that runs: %s", a.Task, a.HandBack)
		}
	}
}

func plansLimits(t *testing.T, f *Fixture) {
	s := Sweep("A")
	s.Note = "first"
	s.Limits = queue.Limits{Parallel: 3, Paused: true, Until: f.Clock.Now().Add(time.Hour).Local()}
	for i, c := range []struct {
		parallel                int
		note, recording         string
		tasks                   int
		want                    queue.Limits
		wantNote, wantRecording string
	}{
		{3, "first", "a.npy", 2, queue.Limits{Parallel: 3, Until: f.Clock.Now().Add(time.Hour)}, "first", "a.npy"},
		{queue.KeepParallel, "", "", 2, queue.Limits{Parallel: 3, Until: f.Clock.Now().Add(time.Hour)}, "first", "a.npy"},
		{queue.KeepParallel, "second", "", 3, queue.Limits{Parallel: 3, Until: f.Clock.Now().Add(time.Hour)}, "second", ""},
		{0, "", "b.npy", 3, queue.Limits{Until: f.Clock.Now().Add(time.Hour)}, "second", "b.npy"},
	} {
		s.Parallel, s.Note, s.Recording = c.parallel, c.note, c.recording
		if _, err := f.Queue.Plan(ctx, s, Stream(Plan(0, c.tasks, 1))); err != nil {
			t.Fatal(err)
		}
		stored := f.Status("A").Sweep
		if stored.Limits != c.want || stored.Note != c.wantNote || stored.Recording != c.wantRecording {
			t.Errorf("plan %d: %+v, note %q, recording %q", i, stored.Limits, stored.Note, stored.Recording)
		}
		listed, err := f.Queue.Sweeps(ctx)
		if err != nil || listed[0].Limits != c.want || listed[0].Note != c.wantNote || listed[0].Recording != c.wantRecording {
			t.Errorf("plan %d, listed: %+v, note %q, recording %q, %v", i, listed[0].Limits, listed[0].Note, listed[0].Recording, err)
		}
	}
	for i := range 3 {
		f.everPlanned[Task(i).ID] = true
	}
	s.Parallel = -2
	if _, err := f.Queue.Plan(ctx, s, Stream(nil)); err == nil {
		t.Error("parallel = -2 is planned")
	}
}
