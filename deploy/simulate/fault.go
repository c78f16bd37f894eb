package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// odds are the probabilities of faults in a history: of one message, of one call to the
// store, of one training; and the mix of the faults that occur at random times. Each
// history omits some faults, and has more of the others.
type odds struct {
	lose, delay, double, stray float64
	store                      float64
	operator                   float64 // that a commit of an operator's call fails
	fail, crash, stall, damage float64
	corrupt, defect            float64
	faults                     []fault
	pause                      time.Duration // between two faults, on average
}

// fault is an event that may occur at any time.
type fault struct {
	weight int
	do     func(*world)
}

var faults = []fault{
	{4, (*world).killWorker},
	{4, (*world).freezeWorker},
	{2, (*world).drainWorker},
	{1, (*world).skewWorker},
	{3, (*world).killCoordinator},
	{3, (*world).freezeCoordinator},
	{2, (*world).nudgeClock},
	{2, (*world).setClock},
	{1, (*world).loseStore},
	{3, (*world).cutLine},
	{2, (*world).overload},
	{1, (*world).changeToken},
	{1, (*world).reportAgain},
	{2, (*world).revise},
	{1, (*world).deleteSweep},
	{2, (*world).retry},
	{2, (*world).retryDiverged},
	{1, (*world).cancel},
	{1, (*world).drain},
	{1, (*world).verify},
}

func (w *world) drawOdds() odds {
	often := func(p float64) float64 {
		if w.chance(0.3) {
			return 0
		}
		return p * (0.3 + 1.7*w.random.Float64())
	}
	o := odds{
		lose: often(0.03), delay: often(0.05), double: often(0.05), stray: 0.3,
		store: often(0.004), operator: often(0.3),
		fail: often(0.08), crash: often(0.04), stall: often(0.04), damage: often(0.02),
		corrupt: often(0.2), defect: often(0.1),
		pause: w.between(2*time.Second, 30*time.Second),
	}
	for _, t := range faults {
		for range w.random.IntN(2 * t.weight) {
			o.faults = append(o.faults, t)
		}
	}
	return o
}

// scheduleFault injects one fault after another until endFaults.
func (w *world) scheduleFault() {
	if len(w.odds.faults) == 0 {
		return
	}
	w.after(w.upTo(2*w.odds.pause), func() {
		if !w.calm {
			w.odds.faults[w.random.IntN(len(w.odds.faults))].do(w)
			w.scheduleFault()
		}
	})
}

// someWorker picks a worker, or nil if the picked host has none.
func (w *world) someWorker() *worker {
	h := w.hosts[w.random.IntN(len(w.hosts))]
	if len(h.workers) == 0 {
		return nil
	}
	return h.workers[w.random.IntN(len(h.workers))]
}

func (w *world) someCoordinator() *coordinator {
	return w.coordinators[w.random.IntN(len(w.coordinators))]
}

func (w *world) killWorker() {
	if wk := w.someWorker(); wk != nil {
		wk.kill()
	}
}

// freezeWorker stops a worker for more or less than a lease term. The engine may take
// it for dead and start another.
func (w *world) freezeWorker() {
	wk := w.someWorker()
	if wk == nil {
		return
	}
	w.tally[WorkerFreezes]++
	wk.freeze(w.between(time.Second, 200*time.Second))
	if w.chance(0.3) && len(wk.host.workers) < 2 && wk.host.parent == nil {
		w.after(w.upTo(30*time.Second), wk.host.startWorker)
	}
}

func (w *world) drainWorker() {
	if wk := w.someWorker(); wk != nil {
		wk.later(0, wk.drain)
	}
}

// skewWorker sets the clock of a worker's machine. Timers are not affected.
func (w *world) skewWorker() {
	if wk := w.someWorker(); wk != nil {
		by := w.upTo(4*time.Minute) - 2*time.Minute
		w.log("the clock of %s jumps by %v", wk.name, by)
		w.tally[WorkerClocks]++
		wk.skew += by
		wk.behind = later(wk.behind, w.now.Add(-by))
	}
}

func (w *world) killCoordinator() { w.someCoordinator().kill() }

func (w *world) freezeCoordinator() {
	if c := w.someCoordinator(); !c.dead {
		w.tally[CoordinatorFreezes]++
		c.freeze(w.between(time.Second, 150*time.Second))
	}
}

// nudgeClock moves the store's clock by less than frozenAfter, so that no coordinator
// notices.
func (w *world) nudgeClock() { w.jumpClock(w.upTo(3*time.Second) - 1500*time.Millisecond) }

// setClock moves the store's clock by up to a day.
func (w *world) setClock() {
	by := w.between(7*time.Second, 10*time.Minute)
	if w.chance(0.3) {
		by = w.between(time.Hour, 24*time.Hour)
	}
	if w.chance(0.5) {
		by = -by
	}
	w.jumpClock(by)
}

// jumpClock moves the store's clock, unless it jumped a moment before: two jumps might
// add up or cancel out.
func (w *world) jumpClock(by time.Duration) {
	if n := len(w.jumps); n > 0 && w.now.Sub(w.jumps[n-1].at) < 3*tickEvery {
		return
	}
	w.log("the clock of the store jumps by %v", by)
	w.tally[ClockJumps]++
	w.offset += by
	w.jumps = append(w.jumps, jump{w.now, by})
}

func (w *world) loseStore() {
	d := w.between(time.Second, 40*time.Second)
	w.log("the store is not available for %v", d)
	w.tally[Outages]++
	w.outage = w.now.Add(d)
}

func (w *world) cutLine() {
	h, c := w.hosts[w.random.IntN(len(w.hosts))], w.someCoordinator()
	d := w.between(time.Second, 120*time.Second)
	w.log("the line from %s to %s is cut for %v", h.name, c.name, d)
	w.tally[Cuts]++
	w.cuts[line{h, c.number}] = w.now.Add(d)
}

// overload makes a coordinator reject some calls of workers for a while.
func (w *world) overload() {
	c, d := w.someCoordinator(), w.between(time.Second, 60*time.Second)
	w.log("%s is busy for %v", c.name, d)
	c.busy = w.now.Add(d)
}

// changeToken makes a coordinator refuse all workers but its own for a while.
func (w *world) changeToken() {
	c, d := w.someCoordinator(), w.between(time.Second, 60*time.Second)
	w.log("%s refuses all workers for %v", c.name, d)
	c.refuses = w.now.Add(d)
}

// reportAgain reports a result of any lease that a live worker ever held: the reported
// result once more, an outstanding one, or another. The call has an old number.
func (w *world) reportAgain() {
	wk := w.someWorker()
	if wk == nil {
		return
	}
	var leases []queue.Lease
	for _, task := range w.ledger.tasks {
		for _, a := range w.ledger.attempts[task] {
			if a.Process == wk.name {
				leases = append(leases, a.Lease)
			}
		}
	}
	if len(leases) == 0 {
		return
	}
	l := leases[w.random.IntN(len(leases))]
	j, variant := w.jobOf[l.Task], max(0, w.random.IntN(5)-2)
	if j.defect != healthy {
		variant = 0 // no later attempt could contradict a wrong result
	}
	result := j.result(variant)
	w.log("an extra call of %s reports result %d of task %d, attempt %d", wk.name, variant, j.number, l.Attempt)
	w.tally[ExtraReports]++
	w.extra[l], w.made[resultKey{j.id, result.GetDigest()}] = true, true
	c := w.someCoordinator()
	c.receive(func() {
		c.sync(&spiqsweepv1.SyncRequest{
			Process: wk.process, Sequence: min(1, w.ledger.presences[wk.name].Sequence),
			Reports: []*spiqsweepv1.Report{{
				Lease: &spiqsweepv1.Lease{Task: string(l.Task), Attempt: l.Attempt}, Outcome: &spiqsweepv1.Report_Result{Result: result},
			}},
		}, func(*spiqsweepv1.SyncResponse, error) {})
	}, func() {})
}
