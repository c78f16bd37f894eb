package storetest

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

// RunShared runs scenarios of two coordinators that share a store. open must return two
// handles to an empty store each time. They may be the same handle.
func RunShared(t *testing.T, open func(t testing.TB, now func() time.Time) [2]queue.Store) {
	for _, s := range []struct {
		name string
		run  func(t *testing.T, p *pair)
	}{
		{"every task is accepted once", oncePerTask},
		{"the same call at both coordinators has one effect", sameCall},
		{"the same result at both coordinators is accepted once", sameResult},
		{"a lease is renewed or its task is granted again", renewedOrGranted},
		{"plans and deletions are concurrent with calls of workers", operators},
		{"a commit at one coordinator wakes callers at the other", wakesOthers},
		{"the last two tasks end concurrently", lastTwo},
		{"a number of tasks may run at a time", parallelTasks},
		{"one of two coordinators was frozen", oneFrozen},
		{"one of two coordinators restarts repeatedly", oneRestarts},
		{"both coordinators were frozen", bothFrozen},
	} {
		t.Run(s.name, func(t *testing.T) {
			clock := queuetest.NewClock()
			handles := open(t, clock.Now)
			p := &pair{t: t}
			copy(p.coordinators[:], queuetest.NewSharedFixtures(t, clock, queuetest.Confined(t, handles[0]), queuetest.Confined(t, handles[1])))
			p.tick(2 * time.Second)
			s.run(t, p)
			p.coordinators[0].Consistent()
			p.coordinators[1].Consistent()
			for _, h := range handles {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// pair is two coordinators that share a store and a clock.
type pair struct {
	t            *testing.T
	coordinators [2]*queuetest.Fixture
}

// tick advances the clock by d, with a tick of both coordinators every second.
func (p *pair) tick(d time.Duration) {
	p.t.Helper()
	for ; d > 0; d -= time.Second {
		p.coordinators[0].Clock.Advance(time.Second)
		for _, c := range p.coordinators {
			if err := c.Queue.Tick(ctx); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

// concurrently calls do for the numbers below times, each in a goroutine.
func concurrently(times int, do func(i int)) {
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range times {
		wg.Go(func() {
			<-begin
			do(i)
		})
	}
	close(begin)
	wg.Wait()
}

// drive runs a worker until all tasks are done.
func drive(t *testing.T, w *queuetest.Worker) {
	t.Helper()
	for range 1000 {
		answer := w.Sync()
		if answer.Done {
			return
		}
		var reports []queue.Report
		for _, h := range w.Leases() {
			w.Start(h.Lease, queuetest.Steps)
			reports = append(reports, queuetest.Finished(h.Lease, 0))
		}
		w.Sync(reports...)
	}
	t.Errorf("process %s is never done", w.ID)
}

func oncePerTask(t *testing.T, p *pair) {
	const tasks = 120
	p.coordinators[0].Plan("A", queuetest.Plan(0, tasks, 0.3))
	p.coordinators[1].Plan("B", queuetest.Plan(tasks/2, 3*tasks/2, 10))
	workers := make([]*queuetest.Worker, 40) // enough to have calls share transactions
	for i := range workers {
		workers[i] = p.coordinators[i%2].Worker(1 + i%3)
	}
	concurrently(len(workers), func(i int) { drive(t, workers[i]) })
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: tasks, Done: tasks})
	p.coordinators[1].WantCounts("B", queue.Counts{Planned: tasks, Done: tasks})
	for i := range 3 * tasks / 2 {
		if all := p.coordinators[0].Outcomes(queuetest.Task(i).ID); !slices.Equal(all, []queue.Outcome{queue.Accepted}) {
			t.Errorf("task %d: %v", i, all)
		}
	}
}

// parallelTasks has workers of both coordinators ask concurrently for tasks of a sweep of
// which three may run at a time.
func parallelTasks(t *testing.T, p *pair) {
	const tasks, parallel = 60, 3
	s := queuetest.Sweep("A")
	s.Parallel = parallel
	if _, err := p.coordinators[0].Queue.Plan(ctx, s, queuetest.Stream(queuetest.Plan(0, tasks, 10))); err != nil {
		t.Fatal(err)
	}
	p.coordinators[0].Plan("B", queuetest.Plan(0, tasks, 10)) // knows the tasks to be planned
	if err := p.coordinators[0].Queue.Pause(ctx, "B", true); err != nil {
		t.Fatal(err)
	}
	workers := make([]*queuetest.Worker, 8)
	for i := range workers {
		workers[i] = p.coordinators[i%2].Worker(2)
	}
	concurrently(len(workers), func(i int) {
		for range 5 {
			answer := workers[i].Sync()
			if leased := p.coordinators[i%2].Status("A").Counts.Leased; leased > parallel {
				t.Errorf("%d tasks run at a time", leased)
			}
			var reports []queue.Report
			for _, a := range queuetest.Fresh(answer) {
				reports = append(reports, queuetest.Finished(a.Lease, 0))
			}
			workers[i].Sync(reports...)
		}
	})
	if counts := p.coordinators[0].Status("A").Counts; counts.Done == 0 || counts.Leased > parallel {
		t.Errorf("at the end: %+v", counts)
	}
}

func sameCall(t *testing.T, p *pair) {
	p.coordinators[0].Plan("A", queuetest.Plan(0, 40, 10))
	for range 10 {
		w := p.coordinators[0].Worker(2)
		r := w.Request()
		var answers [2]queue.SyncAnswer
		concurrently(2, func(i int) { answers[i] = call(t, p.coordinators[i], r) })
		held := map[queue.Lease]bool{}
		for _, answer := range answers {
			for _, a := range answer.Assignments {
				held[a.Lease] = true
			}
		}
		if len(held) != 2 || len(answers[0].Assignments)+len(answers[1].Assignments) != 4 {
			t.Errorf("two slots, one call, twice: %d leases, %d and %d assignments",
				len(held), len(answers[0].Assignments), len(answers[1].Assignments))
		}
	}
	p.coordinators[1].WantCounts("A", queue.Counts{Planned: 40, Leased: 20, Pending: 20})
}

func call(t *testing.T, f *queuetest.Fixture, r queue.SyncRequest) queue.SyncAnswer {
	t.Helper()
	answer, err := f.Queue.Sync(ctx, r)
	if err != nil {
		t.Error(err)
	}
	return answer
}

func sameResult(t *testing.T, p *pair) {
	p.coordinators[0].Plan("A", queuetest.Plan(0, 10, 10))
	for range 10 {
		w := p.coordinators[0].Worker(1)
		lease := w.Take()
		r := w.Request(queuetest.Finished(lease, 0))
		r.FreeSlots = 0
		verdicts := map[queue.Judgement]int{}
		var mu sync.Mutex
		concurrently(4, func(i int) {
			answer := call(t, p.coordinators[i%2], r)
			mu.Lock()
			defer mu.Unlock()
			verdicts[answer.Verdicts[0].Judgement]++
		})
		if want := map[queue.Judgement]int{queue.JudgedAccepted: 1, queue.JudgedDuplicate: 3}; !maps.Equal(verdicts, want) {
			t.Errorf("verdicts: %v: want %v", verdicts, want)
		}
	}
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: 10, Done: 10})
}

// renewedOrGranted checks that no task has two live attempts when the holders of expired
// leases call again while new workers ask for tasks.
func renewedOrGranted(t *testing.T, p *pair) {
	const tasks = 12
	p.coordinators[0].Plan("A", queuetest.Plan(0, tasks, 10))
	var holders, others []*queuetest.Worker
	for range tasks {
		w := p.coordinators[0].Worker(1)
		w.Take()
		holders = append(holders, w)
		others = append(others, p.coordinators[1].Worker(1))
	}
	p.tick(61 * time.Second)
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: tasks, Pending: tasks})
	concurrently(2*tasks, func(i int) {
		if i%2 == 0 {
			holders[i/2].Sync()
		} else {
			others[i/2].Sync()
		}
	})
	for i := range tasks {
		live := 0
		for _, o := range p.coordinators[0].Outcomes(queuetest.Task(i).ID) {
			if o == queue.Live {
				live++
			}
		}
		if live > 1 {
			t.Errorf("task %d has %d live attempts", i, live)
		}
	}
	p.coordinators[1].Consistent()
}

func operators(t *testing.T, p *pair) {
	p.coordinators[0].Plan("A", queuetest.Plan(0, 30, 0.5))
	p.coordinators[0].Plan("B", queuetest.Plan(0, 55, 1)) // all of B's later tasks, so that Consistent accepts leases of tasks whose plan is being deleted
	var workers [6]*queuetest.Worker
	for i := range workers {
		workers[i] = p.coordinators[i%2].Worker(2)
	}
	concurrently(len(workers)+3, func(i int) {
		switch {
		case i < len(workers):
			w := workers[i]
			for range 12 {
				w.Sync()
				var reports []queue.Report
				for n, h := range w.Leases() {
					if n%3 == 2 {
						reports = append(reports, queuetest.Failed(h.Lease, "NaN"))
					} else {
						reports = append(reports, queuetest.Finished(h.Lease, 0))
					}
				}
				w.Sync(reports...)
			}
		case i == len(workers):
			for n := range 8 {
				if _, err := p.coordinators[0].Queue.Plan(ctx, queuetest.Sweep("B"), queuetest.Stream(queuetest.Plan(5*n, 20+5*n, 1))); err != nil {
					t.Error(err)
				}
			}
		case i == len(workers)+1:
			for range 8 {
				if err := p.coordinators[1].Queue.Delete(ctx, "B"); err != nil && !errors.Is(err, queue.ErrUnknown) {
					t.Error(err)
				}
				if err := p.coordinators[1].Queue.Tick(ctx); err != nil {
					t.Error(err)
				}
			}
		default:
			for range 8 {
				p.coordinators[1].Consistent()
			}
		}
	})
}

func wakesOthers(t *testing.T, p *pair) {
	changed := p.coordinators[1].Queue.Changed()
	p.coordinators[0].Plan("A", queuetest.Plan(0, 1, 10))
	waitForChange(t, changed)
	w := p.coordinators[0].Worker(1)
	w.Take()
	changed = p.coordinators[1].Queue.Changed()
	w.Sync(queuetest.Finished(w.OnlyLease(), 0)) // the last task
	waitForChange(t, changed)
}

// waitForChange waits until a channel of Changed is closed.
func waitForChange(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(30 * time.Second):
		t.Fatal("not woken")
	}
}

// lastTwo checks that waiting callers are woken after two concurrent calls have ended the
// last two tasks, by the next tick at the latest.
func lastTwo(t *testing.T, p *pair) {
	for n := range 5 {
		p.coordinators[0].Plan("A", queuetest.Plan(2*n, 2*n+2, 10))
		workers := [2]*queuetest.Worker{p.coordinators[0].Worker(1), p.coordinators[1].Worker(1)}
		leases := [2]queue.Lease{workers[0].Take(), workers[1].Take()}
		p.tick(time.Second)
		changed := p.coordinators[1].Queue.Changed()
		concurrently(2, func(i int) { workers[i].Sync(queuetest.Finished(leases[i], 0)) })
		p.tick(time.Second)
		waitForChange(t, changed)
		if answer := workers[0].Sync(); !answer.Done {
			t.Errorf("answer after the last task: %+v", answer)
		}
	}
}

// oneFrozen checks that leases are not extended for a frozen coordinator if the other one
// has ticked.
func oneFrozen(t *testing.T, p *pair) {
	live, frozen := p.coordinators[0], p.coordinators[1]
	live.Plan("A", queuetest.Plan(0, 2, 10))
	live.Worker(1).Take()
	frozen.Worker(1).Take()
	live.Tick(59 * time.Second)
	if err := frozen.Queue.Tick(ctx); err != nil { // it continues
		t.Fatal(err)
	}
	live.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	p.tick(time.Second)
	live.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
}

// oneRestarts checks that a coordinator's restarts extend the lease of a dead worker only
// once.
func oneRestarts(t *testing.T, p *pair) {
	live, restarts := p.coordinators[0], p.coordinators[1]
	live.Plan("A", queuetest.Plan(0, 2, 10))
	dead, caller := restarts.Worker(1), live.Worker(1)
	lost := dead.Take()
	held := caller.Take()
	for second := range 70 {
		live.Tick(time.Second)
		if second%4 == 0 {
			restarts.Restart()
			if err := restarts.Queue.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if second%10 == 0 {
			caller.Sync()
		}
	}
	if got := live.Outcomes(lost.Task); !slices.Equal(got, []queue.Outcome{queue.Lost}) {
		t.Errorf("outcomes of a dead worker's task: %v", got)
	}
	if a := live.Attempts(lost.Task); !a[0].Excused {
		t.Errorf("blamed, although its coordinator may have ended: %+v", a[0])
	}
	if got := live.Outcomes(held.Task); !slices.Equal(got, []queue.Outcome{queue.Live}) {
		t.Errorf("outcomes of a live worker's task: %v", got)
	}
}

func bothFrozen(t *testing.T, p *pair) {
	p.coordinators[0].Plan("A", queuetest.Plan(0, 1, 10))
	lease := p.coordinators[0].Worker(1).Take()
	p.coordinators[0].Clock.Advance(time.Hour)
	p.tick(59 * time.Second)
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
	p.tick(2 * time.Second)
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	if a := p.coordinators[0].Attempts(lease.Task); !a[0].Excused {
		t.Errorf("blamed, although both coordinators were frozen: %+v", a[0])
	}
}
