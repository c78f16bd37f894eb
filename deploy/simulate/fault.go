package simulate

import (
	"time"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// odds holds the probabilities of faults: for each message, each call to the store and
// each training. faults holds those that occur at random times. Each history omits some
// kinds of faults and has more of the others.
type odds struct {
	lose, delay, duplicate     float64 // of a message
	stale                      float64 // that a worker receives the answer to a call that it gave up
	store                      float64 // that a call to the store fails
	operator                   float64 // that a commit of an operator's call fails
	fail, crash, stall, damage float64 // of a training
	corrupt                    float64 // that a host produces wrong bits
	defect                     float64 // that a task has a defect
	faults                     []fault
	pause                      time.Duration // between two faults, on average
}

// fault is an event that may occur at any time.
type fault struct {
	weight int
	do     func(*simulation)
}

var faults = []fault{
	{4, (*simulation).killWorker},
	{4, (*simulation).freezeWorker},
	{2, (*simulation).drainWorker},
	{1, (*simulation).skewWorker},
	{3, (*simulation).killCoordinator},
	{3, (*simulation).freezeCoordinator},
	{2, (*simulation).adjustClock},
	{2, (*simulation).setClock},
	{1, (*simulation).startOutage},
	{3, (*simulation).cutLink},
	{2, (*simulation).overload},
	{1, (*simulation).changeToken},
	{1, (*simulation).reportAgain},
	{2, (*simulation).revise},
	{1, (*simulation).deleteSweep},
	{2, (*simulation).retry},
	{2, (*simulation).retryDiverged},
	{1, (*simulation).cancel},
	{1, (*simulation).drain},
	{2, (*simulation).pause},
	{1, (*simulation).verify},
}

func (sim *simulation) drawOdds() odds {
	often := func(p float64) float64 {
		if sim.chance(0.3) {
			return 0
		}
		return p * (0.3 + 1.7*sim.random.Float64())
	}
	o := odds{
		lose: often(0.03), delay: often(0.05), duplicate: often(0.05), stale: 0.3,
		store: often(0.004), operator: often(0.3),
		fail: often(0.08), crash: often(0.04), stall: often(0.04), damage: often(0.02),
		corrupt: often(0.2), defect: often(0.1),
		pause: sim.between(2*time.Second, 30*time.Second),
	}
	for _, t := range faults {
		for range sim.random.IntN(2 * t.weight) {
			o.faults = append(o.faults, t)
		}
	}
	return o
}

// scheduleFault injects one fault after another until endFaults.
func (sim *simulation) scheduleFault() {
	if len(sim.odds.faults) == 0 {
		return
	}
	sim.after(sim.upTo(2*sim.odds.pause), func() {
		if !sim.faultsEnded {
			sim.odds.faults[sim.random.IntN(len(sim.odds.faults))].do(sim)
			sim.scheduleFault()
		}
	})
}

// randomWorker picks a worker, or nil if the picked host has none.
func (sim *simulation) randomWorker() *worker {
	h := sim.hosts[sim.random.IntN(len(sim.hosts))]
	if len(h.workers) == 0 {
		return nil
	}
	return h.workers[sim.random.IntN(len(h.workers))]
}

func (sim *simulation) randomCoordinator() *coordinator {
	return sim.coordinators[sim.random.IntN(len(sim.coordinators))]
}

func (sim *simulation) killWorker() {
	if wk := sim.randomWorker(); wk != nil {
		wk.kill()
	}
}

// freezeWorker stops a worker for more or less than a lease term. The container engine
// may consider it dead and start another.
func (sim *simulation) freezeWorker() {
	wk := sim.randomWorker()
	if wk == nil {
		return
	}
	sim.tally[WorkerFreezes]++
	wk.freeze(sim.between(time.Second, 200*time.Second))
	if sim.chance(0.3) && len(wk.host.workers) < 2 && wk.host.parent == nil {
		sim.after(sim.upTo(30*time.Second), wk.host.startWorker)
	}
}

func (sim *simulation) drainWorker() {
	if wk := sim.randomWorker(); wk != nil {
		wk.later(0, wk.drain)
	}
}

// skewWorker sets the clock of a worker's machine. Timers are not affected.
func (sim *simulation) skewWorker() {
	if wk := sim.randomWorker(); wk != nil {
		by := sim.upTo(4*time.Minute) - 2*time.Minute
		sim.log("the clock of %s jumps by %v", wk.name, by)
		sim.tally[WorkerClocks]++
		wk.skew += by
		wk.behind = later(wk.behind, sim.now.Add(-by))
	}
}

func (sim *simulation) killCoordinator() { sim.randomCoordinator().kill() }

func (sim *simulation) freezeCoordinator() {
	if c := sim.randomCoordinator(); !c.dead {
		sim.tally[CoordinatorFreezes]++
		c.freeze(sim.between(time.Second, 150*time.Second))
	}
}

// adjustClock moves the store's clock by less than the policy's FrozenAfter, so that no
// coordinator notices.
func (sim *simulation) adjustClock() { sim.jumpClock(sim.upTo(3*time.Second) - 1500*time.Millisecond) }

// setClock moves the store's clock by up to a day.
func (sim *simulation) setClock() {
	by := sim.between(7*time.Second, 10*time.Minute)
	if sim.chance(0.3) {
		by = sim.between(time.Hour, 24*time.Hour)
	}
	if sim.chance(0.5) {
		by = -by
	}
	sim.jumpClock(by)
}

// jumpClock moves the store's clock, unless it has just jumped: two jumps might add up or
// cancel out.
func (sim *simulation) jumpClock(by time.Duration) {
	if n := len(sim.jumps); n > 0 && sim.now.Sub(sim.jumps[n-1].at) < 3*tickEvery {
		return
	}
	sim.log("the clock of the store jumps by %v", by)
	sim.tally[ClockJumps]++
	sim.offset += by
	sim.jumps = append(sim.jumps, jump{sim.now, by})
}

func (sim *simulation) startOutage() {
	d := sim.between(time.Second, 40*time.Second)
	sim.log("the store is not available for %v", d)
	sim.tally[Outages]++
	sim.outage = sim.now.Add(d)
}

func (sim *simulation) cutLink() {
	h, c := sim.hosts[sim.random.IntN(len(sim.hosts))], sim.randomCoordinator()
	d := sim.between(time.Second, 120*time.Second)
	sim.log("the link from %s to %s is cut for %v", h.name, c.name, d)
	sim.tally[Cuts]++
	sim.cuts[link{h, c.number}] = sim.now.Add(d)
}

// overload makes a coordinator reject some calls of workers for a while.
func (sim *simulation) overload() {
	c, d := sim.randomCoordinator(), sim.between(time.Second, 60*time.Second)
	sim.log("%s is busy for %v", c.name, d)
	c.busy = sim.now.Add(d)
}

// changeToken makes a coordinator refuse all but its local workers for a while.
func (sim *simulation) changeToken() {
	c, d := sim.randomCoordinator(), sim.between(time.Second, 60*time.Second)
	sim.log("%s refuses all workers for %v", c.name, d)
	c.refuses = sim.now.Add(d)
}

// reportAgain reports a result of any lease that a live worker ever held: the reported
// result once more, an outstanding one, or another. The call has an old number.
func (sim *simulation) reportAgain() {
	wk := sim.randomWorker()
	if wk == nil {
		return
	}
	var leases []queue.Lease
	for _, task := range sim.history.tasks {
		for _, a := range sim.history.attempts[task] {
			if a.Process == wk.name {
				leases = append(leases, a.Lease)
			}
		}
	}
	if len(leases) == 0 {
		return
	}
	l := leases[sim.random.IntN(len(leases))]
	j, variant := sim.jobOf[l.Task], max(0, sim.random.IntN(5)-2)
	if j.defect != healthy {
		variant = 0 // no later attempt could contradict a wrong result
	}
	result := j.result(variant)
	sim.log("an extra call of %s reports result %d of task %d, attempt %d", wk.name, variant, j.number, l.Attempt)
	sim.tally[ExtraReports]++
	sim.extra[l], sim.made[resultKey{j.id, result.GetDigest()}] = true, true
	c := sim.randomCoordinator()
	c.receive(func() {
		c.sync(&spiqsweepv1.SyncRequest{
			Process: wk.process, Sequence: min(1, sim.history.presences[wk.name].Sequence),
			Reports: []*spiqsweepv1.Report{{
				Lease: &spiqsweepv1.Lease{Task: string(l.Task), Attempt: l.Attempt}, Outcome: &spiqsweepv1.Report_Result{Result: result},
			}},
		}, func(*spiqsweepv1.SyncResponse, error) {})
	}, func() {})
}
