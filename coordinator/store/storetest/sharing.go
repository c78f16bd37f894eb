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

// RunShared runs the suite of several coordinators on one store. open must give
// two handles on one empty store each time: they may be the same.
func RunShared(t *testing.T, open func(t testing.TB, now func() time.Time) [2]queue.Store) {
	for _, s := range []struct {
		name string
		live func(t *testing.T, p *pair)
	}{
		{"every task is accepted once", oncePerTask},
		{"one call at both coordinators is obeyed once", sameCallTwice},
		{"one result at both coordinators is accepted once", sameResultTwice},
		{"a holder that comes back and a new grant", backOrGranted},
		{"plans, retries and forgetting beside calls", operators},
		{"what one announces wakes those who wait at the other", wakesOthers},
		{"the last two tasks end at once", lastTwo},
		{"a coordinator that was frozen beside a live one", frozenBeside},
		{"a coordinator that begins again and again beside a live one", beginsBeside},
		{"both are frozen", bothFrozen},
	} {
		t.Run(s.name, func(t *testing.T) {
			clock := queuetest.NewClock()
			handles := open(t, clock.Now)
			p := &pair{t: t}
			copy(p.coordinators[:], queuetest.NewSharedFixtures(t, clock, queuetest.Confined(t, handles[0]), queuetest.Confined(t, handles[1])))
			p.tick(2 * time.Second)
			s.live(t, p)
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

// pair is two coordinators on one store, with one clock.
type pair struct {
	t            *testing.T
	coordinators [2]*queuetest.Fixture
}

// tick lets both tick every second.
func (p *pair) tick(d time.Duration) {
	p.t.Helper()
	for ; d > 0; d -= time.Second {
		p.coordinators[0].Clock.Advance(time.Second)
		for _, l := range p.coordinators {
			if err := l.Queue.Tick(ctx); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

// atOnce does something several times at once, by number.
func atOnce(times int, do func(i int)) {
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

// drive lets a worker take and finish tasks at its coordinator until there are none.
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
	workers := make([]*queuetest.Worker, 8)
	for i := range workers {
		workers[i] = p.coordinators[i%2].Worker(1 + i%3)
	}
	atOnce(len(workers), func(i int) { drive(t, workers[i]) })
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: tasks, Done: tasks})
	p.coordinators[1].WantCounts("B", queue.Counts{Planned: tasks, Done: tasks})
	for i := range 3 * tasks / 2 {
		if all := p.coordinators[0].Outcomes(queuetest.Task(i).ID); !slices.Equal(all, []queue.Outcome{queue.Accepted}) {
			t.Errorf("task %d: %v", i, all)
		}
	}
}

func sameCallTwice(t *testing.T, p *pair) {
	p.coordinators[0].Plan("A", queuetest.Plan(0, 40, 10))
	for range 10 {
		w := p.coordinators[0].Worker(2)
		r := w.Request()
		var answers [2]queue.SyncAnswer
		atOnce(2, func(i int) { answers[i] = call(t, p.coordinators[i], r) })
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

func sameResultTwice(t *testing.T, p *pair) {
	p.coordinators[0].Plan("A", queuetest.Plan(0, 10, 10))
	for range 10 {
		w := p.coordinators[0].Worker(1)
		lease := w.Take()
		r := w.Request(queuetest.Finished(lease, 0))
		r.FreeSlots = 0
		verdicts := map[queue.Judgement]int{}
		var mu sync.Mutex
		atOnce(4, func(i int) {
			answer := call(t, p.coordinators[i%2], r)
			mu.Lock()
			defer mu.Unlock()
			verdicts[answer.Verdicts[0].Judgement]++
		})
		if want := map[queue.Judgement]int{queue.JudgedAccepted: 1, queue.JudgedAlready: 3}; !maps.Equal(verdicts, want) {
			t.Errorf("verdicts: %v: want %v", verdicts, want)
		}
	}
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: 10, Done: 10})
}

// backOrGranted: the holders of expired leases come back while others ask for work.
func backOrGranted(t *testing.T, p *pair) {
	const tasks = 12
	p.coordinators[0].Plan("A", queuetest.Plan(0, tasks, 10))
	var back, fresh []*queuetest.Worker
	for range tasks {
		w := p.coordinators[0].Worker(1)
		w.Take()
		back = append(back, w)
		fresh = append(fresh, p.coordinators[1].Worker(1))
	}
	p.tick(61 * time.Second)
	p.coordinators[0].WantCounts("A", queue.Counts{Planned: tasks, Pending: tasks})
	atOnce(2*tasks, func(i int) {
		if i%2 == 0 {
			back[i/2].Sync()
		} else {
			fresh[i/2].Sync()
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
	p.coordinators[0].Plan("B", queuetest.Plan(0, 55, 1)) // known: a lease outlives its sweep until Delete has cleared the plan
	var workers [6]*queuetest.Worker
	for i := range workers {
		workers[i] = p.coordinators[i%2].Worker(2)
	}
	atOnce(len(workers)+3, func(i int) {
		switch {
		case i < len(workers):
			w := workers[i]
			for range 12 {
				w.Sync()
				var reports []queue.Report
				for n, h := range w.Leases() {
					if n%3 == 2 {
						reports = append(reports, queuetest.Fails(h.Lease, "NaN"))
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
	heard(t, changed)
	lease := p.coordinators[0].Worker(1)
	lease.Take()
	changed = p.coordinators[1].Queue.Changed()
	lease.Sync(queuetest.Finished(lease.Holding(), 0)) // the last one
	heard(t, changed)
}

// heard waits until a channel of Changed is closed.
func heard(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(30 * time.Second):
		t.Fatal("not woken")
	}
}

// lastTwo: whichever of two calls at once ends the last task, those who wait hear
// of it, at the next tick at the latest.
func lastTwo(t *testing.T, p *pair) {
	for n := range 5 {
		p.coordinators[0].Plan("A", queuetest.Plan(2*n, 2*n+2, 10))
		workers := [2]*queuetest.Worker{p.coordinators[0].Worker(1), p.coordinators[1].Worker(1)}
		leases := [2]queue.Lease{workers[0].Take(), workers[1].Take()}
		p.tick(time.Second)
		changed := p.coordinators[1].Queue.Changed()
		atOnce(2, func(i int) { workers[i].Sync(queuetest.Finished(leases[i], 0)) })
		p.tick(time.Second)
		heard(t, changed)
		if answer := workers[0].Sync(); !answer.Done {
			t.Errorf("answer after the last task: %+v", answer)
		}
	}
}

// frozenBeside: one coordinator ticks on, so nothing is given more time.
func frozenBeside(t *testing.T, p *pair) {
	live, frozen := p.coordinators[0], p.coordinators[1]
	live.Plan("A", queuetest.Plan(0, 2, 10))
	live.Worker(1).Take()
	frozen.Worker(1).Take()
	live.Tick(59 * time.Second)
	if err := frozen.Queue.Tick(ctx); err != nil { // it wakes up
		t.Fatal(err)
	}
	live.WantCounts("A", queue.Counts{Planned: 2, Leased: 2})
	p.tick(time.Second)
	live.WantCounts("A", queue.Counts{Planned: 2, Pending: 2})
}

// beginsBeside: it gives time once to those that may have been its own, no more.
func beginsBeside(t *testing.T, p *pair) {
	live, begins := p.coordinators[0], p.coordinators[1]
	live.Plan("A", queuetest.Plan(0, 2, 10))
	dead, calls := begins.Worker(1), live.Worker(1)
	lost := dead.Take()
	held := calls.Take()
	for second := range 70 {
		live.Tick(time.Second)
		if second%4 == 0 {
			begins.Restart()
			if err := begins.Queue.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if second%10 == 0 {
			calls.Sync()
		}
	}
	if got := live.Outcomes(lost.Task); !slices.Equal(got, []queue.Outcome{queue.Lost}) {
		t.Errorf("outcomes of a dead worker's task: %v", got)
	}
	if a := live.Attempts(lost.Task); !a[0].Excused {
		t.Errorf("blamed for what may have been its coordinator's end: %+v", a[0])
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
		t.Errorf("blamed for the coordinators' silence: %+v", a[0])
	}
}
