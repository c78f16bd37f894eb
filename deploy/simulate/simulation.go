package simulate

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// Setup defines a history.
type Setup struct {
	// Seed determines the whole history.
	Seed uint64
	// Store opens an empty store that reads the time from now. Default: in memory.
	Store func(now func() time.Time) (queue.Store, error)
	// Policy changes the policy of the queue, if it is not nil.
	Policy func(*queue.Policy)
	// Between wraps the store as the coordinators see it, to plant a bug, if it is
	// not nil.
	Between func(queue.Store) queue.Store
	// Kill adds a fault at one call to the store, counted from 1; 0 means none.
	Kill struct {
		Call  int
		Fault StoreFault
	}
	// Calm excludes all other faults.
	Calm bool
	// History records a log of everything that happens.
	History bool
}

// Outcome is the result of a history.
type Outcome struct {
	Seed       uint64
	Violation  *Violation // nil if every invariant held
	Tally      Tally
	StoreCalls int
	Took       time.Duration // simulated
	History    []string
}

var epoch = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// world is the state of a history.
type world struct {
	Setup
	random   *rand.Rand
	now      time.Time // the true time
	schedule schedule
	instant  int // events since the time last moved
	odds     odds
	policy   queue.Policy
	jobs     []*job
	jobOf    map[sweep.TaskID]*job

	base    queue.Store // as opened
	store   queue.Store // as the coordinators have it
	offset  time.Duration
	jumps   []jump
	outage  time.Time // until then the store is not available
	act     act
	ledger  *ledger
	commits int

	coordinators []*coordinator
	hosts        []*host
	alive        map[string]*worker // by name
	processes    int
	operations   int                // of operators, not yet answered
	cuts         map[line]time.Time // until when

	made          map[resultKey]bool   // results that trainings have produced
	failures      map[queue.Lease]bool // attempts that failed, or whose result was damaged
	extra         map[queue.Lease]bool // attempts with extra reports
	operatorFault *commitFault         // of the present call of an operator

	calm       bool
	calmAt     time.Time
	ended      bool
	storeCalls int
	violation  *Violation
	tally      Tally
	history    []string
}

// Run runs a history. It returns an error if the store cannot be opened.
func Run(s Setup) (Outcome, error) {
	w, err := newWorld(s)
	if err != nil {
		return Outcome{}, err
	}
	for !w.ended && w.violation == nil {
		w.step()
	}
	if w.violation == nil {
		w.checkAll()
	}
	if err := w.base.Close(); err != nil {
		w.violated(Nothing, "close the store: %v", err)
	}
	return Outcome{
		Seed: s.Seed, Violation: w.violation, Tally: w.tally, StoreCalls: w.storeCalls,
		Took: w.now.Sub(epoch), History: w.history,
	}, nil
}

func newWorld(s Setup) (*world, error) {
	w := &world{
		Setup: s, random: rand.New(rand.NewPCG(s.Seed, 0x5eed)), now: epoch,
		jobOf: map[sweep.TaskID]*job{}, ledger: newLedger(), alive: map[string]*worker{},
		cuts: map[line]time.Time{}, made: map[resultKey]bool{}, failures: map[queue.Lease]bool{},
		extra: map[queue.Lease]bool{},
		policy: queue.Policy{
			// Some times are shorter than the queue's defaults, so that more happens.
			LeaseTerm: 60 * time.Second, FrozenAfter: frozenAfter, MaxAttempts: 3, MaxLosses: 3,
			StallTimeout: 90 * time.Second, MaxBackOff: time.Minute,
			// Small pages, so that calls of operators make several commits.
			PlanPage: 4, ChangePage: 4,
		},
	}
	if s.Policy != nil {
		s.Policy(&w.policy)
	}
	open := s.Store
	if open == nil {
		open = func(now func() time.Time) (queue.Store, error) { return queuetest.Memory(now), nil }
	}
	base, err := open(func() time.Time { return w.now.Add(w.offset) })
	if err != nil {
		return nil, fmt.Errorf("simulate seed %d: %w", s.Seed, err)
	}
	w.base, w.store = base, &observer{world: w, store: base}
	if s.Between != nil {
		w.store = s.Between(w.store)
	}
	w.begin()
	return w, nil
}

// begin draws the coordinators and hosts, submits a sweep, and schedules the faults.
func (w *world) begin() {
	w.calm, w.calmAt = w.Calm, epoch
	w.odds = w.drawOdds()
	w.newJobs(6 + w.random.IntN(9))
	for i := range 1 + w.random.IntN(3) {
		c := &coordinator{number: i, instance: &instance{world: w, name: fmt.Sprintf("coordinator-%d", i+1)}}
		w.coordinators = append(w.coordinators, c)
		if w.chance(0.3) {
			w.addLocal(c)
		}
		c.start()
	}
	for i := range 2 + w.random.IntN(3) {
		h := &host{
			world: w, name: fmt.Sprintf("host-%d", i+1), slots: 1 + w.random.IntN(3),
			speed: 0.5 + w.random.Float64(), corrupt: w.chance(w.odds.corrupt),
		}
		if w.chance(0.3) {
			h.connectTimeout = 3 * time.Minute
		}
		h.stays = w.chance(0.2)
		w.hosts = append(w.hosts, h)
		w.after(w.upTo(5*time.Second), h.ensureWorker)
	}
	w.submit("A", w.jobs)
	if w.Calm {
		w.after(time.Second, w.endFaults)
		return
	}
	w.scheduleFault()
	w.after(w.between(2*time.Minute, 8*time.Minute), w.endFaults)
}

// addLocal gives a coordinator local workers of one slot each.
func (w *world) addLocal(c *coordinator) {
	for i := range 1 + w.random.IntN(2) {
		h := &host{world: w, name: fmt.Sprintf("local-%d-%d", c.number+1, i+1), slots: 1, speed: 0.5 + w.random.Float64(), parent: c}
		c.locals = append(c.locals, h)
		w.hosts = append(w.hosts, h)
	}
}

// instantLimit bounds the events at one time: more mean an endless loop.
const instantLimit = 10_000

// step runs the next event.
func (w *world) step() {
	next := w.schedule.next()
	w.instant++
	if next.at.After(w.now) {
		w.now, w.instant = next.at, 0
	}
	if w.instant > instantLimit {
		w.violated(Complete, "endless loop: %d events at one time", w.instant)
	}
	next.do()
}

func (w *world) after(d time.Duration, do func()) { w.schedule.add(w.now.Add(d), do) }

// announce wakes the waiting calls of every coordinator.
func (w *world) announce() {
	for _, c := range w.coordinators {
		if len(c.waiting) > 0 {
			c.later(w.upTo(5*time.Millisecond), c.wake)
		}
	}
}

func (w *world) processName() string { return fmt.Sprintf("process-%d", w.processes) }

// chance draws true with a probability. mayFail does so until the faults end.
func (w *world) chance(p float64) bool  { return p > 0 && w.random.Float64() < p }
func (w *world) mayFail(p float64) bool { return !w.calm && w.chance(p) }

func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.random.Int64N(int64(high-low)+1))
}

func (w *world) upTo(high time.Duration) time.Duration { return w.between(0, high) }

func (w *world) log(format string, args ...any) {
	if w.History {
		w.history = append(w.history, fmt.Sprintf("%12.6f  ", w.now.Sub(epoch).Seconds())+fmt.Sprintf(format, args...))
	}
}

// schedule holds the future events, by time and then in the order of their entry.
type schedule struct {
	entries entries
	entered uint64
}

type entry struct {
	at    time.Time
	order uint64
	do    func()
}

func (a *schedule) add(at time.Time, do func()) {
	a.entered++
	heap.Push(&a.entries, entry{at, a.entered, do})
}

// next removes the first event. The schedule must not be empty.
func (a *schedule) next() entry { return heap.Pop(&a.entries).(entry) }

type entries []entry

func (e entries) Len() int      { return len(e) }
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *entries) Push(x any)   { *e = append(*e, x.(entry)) }

func (e entries) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}

func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry{}
	*e = (*e)[:last]
	return x
}

// instance is one run of a program. It may be frozen for a while, and ends once.
type instance struct {
	*world
	name   string
	dead   bool
	frozen time.Time // until then it runs no event
}

// later schedules an event of the process, which is dropped if the process is dead by
// then. Events of a frozen process run after it thaws, in random order.
func (l *instance) later(d time.Duration, do func()) {
	l.schedule.add(l.now.Add(d), func() {
		switch {
		case l.dead:
		case l.now.Before(l.frozen):
			l.later(l.frozen.Sub(l.now)+l.upTo(5*time.Millisecond), do)
		default:
			do()
		}
	})
}

func (l *instance) freeze(d time.Duration) {
	l.log("%s is frozen for %v", l.name, d)
	if until := l.now.Add(d); until.After(l.frozen) {
		l.frozen = until
	}
}
