package simulate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// Makespan is one sweep on many workers of one slot each, whose length is simulated. The rules of
// the coordinator are the real ones (package queue); the clocks, the events and the latencies of
// messages are those of the fault simulation. A coordinator handles one call after the other.
// Workers call as the agent does: when a task ends, when they hand back, and as often as the
// answer says.
type Makespan struct {
	Seed           uint64
	Workers, Tasks int
	// Replicates is the number of tasks of each configuration. The costs of configurations are
	// log-normal: Median, times e^Spread for one standard deviation.
	Replicates int
	Median     time.Duration
	Spread     float64
	// Order is the order in which tasks are granted.
	Order Order
	// CallTime is how long the coordinator takes for a call.
	CallTime time.Duration
	// Stragglers is the share of workers that have a quarter of the speed of the others.
	Stragglers float64
	// Preempted is the mean time from the start of a worker to its preemption; 0: none is
	// preempted. Half of them hand back at a signal. The others are killed, and their tasks go
	// on from the checkpoint of the last minute when the lease has expired. Away is the mean time
	// until the machine starts another worker.
	Preempted, Away time.Duration
}

// Order is an order of execution.
type Order int

// The orders of execution.
const (
	ReplicatesLongestFirst Order = iota // replicate by replicate, the longest task first, as sweeps are planned
	ReplicatesGridOrder                 // replicate by replicate, in the order of the grid
	LongestFirst                        // the longest task of all replicates first
)

// String returns the words of a table.
func (o Order) String() string {
	return [...]string{"replicates, longest first", "replicates, grid order", "longest of all first"}[o]
}

// MakespanOutcome is how a simulated sweep went.
type MakespanOutcome struct {
	// Makespan is the time until the last result was accepted. Ideal is the work divided by the
	// speed of all workers, times the share of the time in which they run.
	Makespan, Ideal time.Duration
	// Calls counts the calls that the coordinator handled; Busy is its share of the makespan.
	Calls int
	Busy  float64
	// Preemptions counts workers that were preempted, Lost the leases that expired with them.
	Preemptions, Lost int
	// Repeated is the share of the work that preempted workers did after their last checkpoint.
	Repeated float64
	// HalfDone is when half of the results were accepted.
	HalfDone time.Duration
}

// fleet is the state of a simulated sweep.
type fleet struct {
	Makespan
	random   *rand.Rand
	now      time.Time
	schedule schedule
	store    *largeStore
	queue    *queue.Queue
	free     time.Time // when the coordinator has handled all calls so far
	idle     []*node   // wait for work, in the order of their calls
	accepted int
	started  int
	repeated time.Duration // compute time after the checkpoints of preempted workers, at speed 1
	out      MakespanOutcome
	err      error
}

// node is a machine and its present worker.
type node struct {
	fleet     *fleet
	number    int
	speed     float64
	process   queue.Process
	sequence  uint64
	lease     *queue.Held // nil without a task
	began     time.Time   // of the training, at from
	from      uint64
	takes     time.Duration // of the whole task on this machine
	run       int           // number of the present worker of the machine; ends its events
	waits     bool
	callAgain int // number of the newest planned call
}

// term is the lease term, as by default.
const term = 60 * time.Second

// Run simulates the sweep to its end.
func (m Makespan) Run() (MakespanOutcome, error) {
	if m.Workers < 1 || m.Tasks < 1 || m.Replicates < 1 || m.Tasks%m.Replicates != 0 {
		return MakespanOutcome{}, fmt.Errorf("%d tasks of %d workers: the tasks must be a multiple of the %d replicates", m.Tasks, m.Workers, m.Replicates)
	}
	f := &fleet{Makespan: m, random: rand.New(rand.NewPCG(m.Seed, 0x5ca1e)), now: epoch, free: epoch}
	costs, order := f.plan()
	f.store = newLargeStore(func() time.Time { return f.now }, queue.Sweep{
		ID: "A", Plan: "A", Name: "A", Numerics: sweep.Numerics, KernelClass: queuetest.KernelClass,
	}, costs, order)
	f.queue = queue.New(f.store, queue.Policy{LeaseTerm: term})
	f.startAll(costs)
	f.tick()
	for f.err == nil && f.accepted < m.Tasks {
		var do func()
		f.now, do = f.schedule.next()
		do()
	}
	if f.err != nil {
		return MakespanOutcome{}, f.err
	}
	f.out.Makespan = f.now.Sub(epoch)
	f.out.Busy = float64(f.out.Calls) * m.CallTime.Seconds() / f.out.Makespan.Seconds()
	total := time.Duration(0)
	for _, c := range costs {
		total += c
	}
	f.out.Repeated = f.repeated.Seconds() / total.Seconds()
	return f.out, nil
}

// plan draws the costs of the tasks and puts them in order.
func (f *fleet) plan() (costs []time.Duration, order []int) {
	configurations := f.Tasks / f.Replicates
	of := make([]time.Duration, configurations)
	for i := range of {
		of[i] = time.Duration(float64(f.Median) * math.Exp(f.Spread*f.random.NormFloat64())).Truncate(time.Microsecond)
	}
	costs = make([]time.Duration, f.Tasks)
	ranked := make([]int, f.Tasks)
	for i := range costs { // replicate by replicate
		costs[i], ranked[i] = of[i%configurations], i
	}
	if f.Order != ReplicatesGridOrder {
		slices.SortStableFunc(ranked, func(a, b int) int {
			replicate := 0
			if f.Order == ReplicatesLongestFirst {
				replicate = cmp.Compare(a/configurations, b/configurations)
			}
			return cmp.Or(replicate, cmp.Compare(costs[b], costs[a]))
		})
	}
	order = make([]int, f.Tasks)
	for position, task := range ranked {
		order[task] = position
	}
	return costs, order
}

// startAll starts the workers within a minute and computes the ideal.
func (f *fleet) startAll(costs []time.Duration) {
	speed, work := 0.0, 0.0
	for i := range f.Workers {
		n := &node{fleet: f, number: i, speed: 1}
		if f.random.Float64() < f.Stragglers {
			n.speed = 0.25
		}
		speed += n.speed
		f.after(f.between(0, time.Minute), n.start)
	}
	for _, c := range costs {
		work += c.Seconds()
	}
	if f.Preempted > 0 {
		speed *= f.Preempted.Seconds() / (f.Preempted + f.Away).Seconds()
	}
	f.out.Ideal = time.Duration(work / speed * float64(time.Second))
}

func (f *fleet) after(d time.Duration, do func()) { f.schedule.add(f.now.Add(d), do) }

func (f *fleet) between(low, high time.Duration) time.Duration {
	return low + time.Duration(f.random.Int64N(int64(high-low)+1))
}

// latency is that of messages in the fault simulation.
func (f *fleet) latency() time.Duration { return f.between(time.Millisecond, 20*time.Millisecond) }

// exponential draws a time with a mean.
func (f *fleet) exponential(mean time.Duration) time.Duration {
	return time.Duration(f.random.ExpFloat64() * float64(mean))
}

func (f *fleet) tick() {
	f.note(f.queue.Tick(background))
	f.wake()
	f.after(tickEvery, f.tick)
}

func (f *fleet) note(err error) {
	if f.err == nil {
		f.err = err
	}
}

// start starts a worker on the machine, with a new identity.
func (n *node) start() {
	f := n.fleet
	f.started++
	n.run++
	n.sequence, n.lease, n.waits = 0, nil, false
	n.process = queue.Process{
		ID: fmt.Sprintf("process-%d", f.started), Host: fmt.Sprintf("host-%d", n.number), Numerics: sweep.Numerics,
		KernelClass: queuetest.KernelClass, Kernel: "simulated", Slots: 1,
	}
	if f.Preempted > 0 {
		n.later(f.exponential(f.Preempted), n.preempt)
	}
	n.call(nil, false)
}

// later schedules an event of the present worker.
func (n *node) later(d time.Duration, do func()) {
	run := n.run
	n.fleet.after(d, func() {
		if n.run == run {
			do()
		}
	})
}

// call sends a call, which the coordinator handles after those that it received before.
func (n *node) call(report *queue.Report, draining bool) {
	f := n.fleet
	n.callAgain++
	n.sequence++
	r := queue.SyncRequest{Process: n.process, Sequence: n.sequence, Draining: draining}
	if n.lease != nil {
		n.lease.Step = n.step()
		r.Held = []queue.Held{*n.lease}
	}
	if report != nil {
		r.Reports = []queue.Report{*report}
	}
	if !draining && (n.lease == nil || report != nil) {
		r.FreeSlots = 1
	}
	run := n.run
	f.after(f.latency(), func() {
		if f.free.Before(f.now) {
			f.free = f.now
		}
		f.free = f.free.Add(f.CallTime)
		f.out.Calls++
		f.schedule.add(f.free, func() { n.handle(r, run) })
	})
}

// handle applies a call at the coordinator, unless it waits for work.
func (n *node) handle(r queue.SyncRequest, run int) {
	f := n.fleet
	if n.run == run {
		wait, err := f.queue.WouldWait(background, r)
		if f.note(err); wait {
			n.wait(r)
			return
		}
	}
	answer, err := f.queue.Sync(background, r)
	if f.note(err); err != nil {
		return
	}
	for _, v := range answer.Verdicts {
		if v.Judgement == queue.JudgedAccepted && r.Reports[0].Result != nil {
			f.accepted++
			if f.out.HalfDone == 0 && 2*f.accepted >= f.Tasks {
				f.out.HalfDone = f.now.Sub(epoch)
			}
		}
	}
	f.wake()
	f.after(f.latency(), func() {
		if n.run == run && n.sequence == r.Sequence {
			n.apply(answer)
		}
	})
}

// wait keeps a call at the coordinator until there is work, for a long poll at most.
func (n *node) wait(r queue.SyncRequest) {
	f := n.fleet
	n.waits = true
	f.idle = append(f.idle, n)
	sequence := r.Sequence
	n.later(longPoll, func() {
		if n.waits && n.sequence == sequence {
			n.waits = false
			n.call(nil, false)
		}
	})
}

// longPoll is how long a call waits for work.
const longPoll = 15 * time.Second

// wake serves waiting calls while there are waiting tasks, in the order of the calls.
func (f *fleet) wake() {
	for tasks := f.store.tallies[queue.Waiting].Tasks; tasks > 0 && len(f.idle) > 0; {
		n := f.idle[0]
		f.idle = f.idle[1:]
		if n.waits {
			n.waits = false
			tasks--
			n.call(nil, false) // as if it were served from where it waits, a message later
		}
	}
}

// apply begins the task that an answer grants, and plans the next call.
func (n *node) apply(answer queue.SyncAnswer) {
	f := n.fleet
	held := n.lease
	n.lease = nil
	for _, a := range answer.Assignments {
		switch {
		case held != nil && a.Lease == held.Lease:
			n.lease = held
		case a.Work != nil:
			n.lease = &queue.Held{Lease: a.Lease, Started: true}
			n.begin(a.Work.CheckpointStep)
		}
	}
	n.callAgain++
	number := n.callAgain
	n.later(max(answer.CallAgainIn, 100*time.Millisecond), func() {
		if n.callAgain == number && f.err == nil {
			n.call(nil, false)
		}
	})
}

// begin trains from a step on.
func (n *node) begin(from uint64) {
	f := n.fleet
	cost := f.store.costs[numberOf(n.lease.Task)]
	// The cost model is right on average only.
	n.takes = time.Duration(float64(cost) * math.Exp(0.1*f.random.NormFloat64()-0.005) / n.speed)
	n.began, n.from = f.now, from
	lease := n.lease
	n.later(time.Duration(float64(n.takes)*(1-float64(from)/queuetest.Steps)), func() {
		if n.lease != lease {
			return // withdrawn
		}
		result := *queuetest.Result(0)
		result.ComputeTime = n.takes
		n.call(&queue.Report{Lease: lease.Lease, Result: &result}, false)
	})
}

// step returns how far the training is.
func (n *node) step() uint64 {
	done := float64(n.fleet.now.Sub(n.began)) / float64(n.takes) * queuetest.Steps
	return min(queuetest.Steps, n.from+uint64(done))
}

// preempt ends the worker, and starts another after a while.
func (n *node) preempt() {
	f := n.fleet
	f.out.Preemptions++
	n.waits = false
	signal := f.random.Float64() < 0.5
	var report *queue.Report
	if l := n.lease; l != nil {
		saved := n.step()
		if !signal { // the checkpoint of the last full minute
			f.out.Lost++
			minutes := f.now.Sub(n.began).Truncate(time.Minute)
			saved = n.from + uint64(float64(minutes)/float64(n.takes)*queuetest.Steps)
		}
		if saved > n.from {
			if _, err := f.queue.PutCheckpoint(background, n.process.ID, l.Lease, saved, []byte("checkpoint")); err != nil {
				f.note(fmt.Errorf("store a checkpoint: %w", err))
			}
		}
		kept := float64(saved-n.from) / queuetest.Steps * float64(n.takes)
		f.repeated += time.Duration((float64(f.now.Sub(n.began)) - kept) * n.speed)
		report = &queue.Report{Lease: l.Lease, HandBack: &queue.HandBack{Reason: "preempted"}}
	}
	if signal {
		n.call(report, true)
	}
	n.run++
	n.lease = nil
	f.after(f.exponential(f.Away), n.start)
}
