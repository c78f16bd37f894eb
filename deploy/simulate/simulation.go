package simulate

import (
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
	// Policy changes the policy of the coordinators, to plant a bug, if it is not nil.
	// The checks keep the original policy.
	Policy func(*queue.Policy)
	// WrapStore wraps the store that the coordinators use, to plant a bug, if it is not
	// nil.
	WrapStore func(queue.Store) queue.Store
	// StoreFaultAt adds a fault at one call to the store, counted from 1; 0 means none.
	StoreFaultAt struct {
		Call  int
		Fault StoreFault
	}
	// NoFaults excludes all other faults.
	NoFaults bool
	// Trace records everything that happens, one line for each event.
	Trace bool
}

// Outcome is the result of a history.
type Outcome struct {
	Seed       uint64
	Violation  *Violation // nil if every invariant held
	Tally      Tally
	StoreCalls int
	Took       time.Duration // simulated
	Trace      []string
}

var epoch = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// simulation is the state of a history.
type simulation struct {
	Setup
	random    *rand.Rand
	now       time.Time // the true time
	schedule  schedule
	eventsNow int // events since the time last moved
	odds      odds
	policy    queue.Policy // the rules that the checks apply
	planted   queue.Policy // the policy of the coordinators
	jobs      []*job
	jobOf     map[sweep.TaskID]*job

	base        queue.Store // as opened
	store       queue.Store // as the coordinators use it
	offset      time.Duration
	jumps       []jump
	outage      time.Time // until then the store is not available
	currentCall currentCall
	history     *history
	commits     int

	coordinators []*coordinator
	hosts        []*host
	alive        map[string]*worker // by name
	processes    int
	operations   int                // of operators, not yet answered
	cuts         map[link]time.Time // until when

	made          map[resultKey]bool   // results that trainings have produced
	failures      map[queue.Lease]bool // attempts that failed, or whose result was damaged
	extra         map[queue.Lease]bool // attempts with extra reports
	operatorFault *commitFault         // of the current call of an operator

	faultsEnded   bool
	faultsEndedAt time.Time
	ended         bool
	storeCalls    int
	violation     *Violation
	tally         Tally
	trace         []string
}

// Run runs a history. It returns an error if the store cannot be opened.
func Run(s Setup) (Outcome, error) {
	sim, err := newSimulation(s)
	if err != nil {
		return Outcome{}, err
	}
	for !sim.ended && sim.violation == nil {
		sim.step()
	}
	if sim.violation == nil {
		sim.checkAll()
	}
	if err := sim.base.Close(); err != nil {
		sim.violated(NothingLost, "close the store: %v", err)
	}
	return Outcome{
		Seed: s.Seed, Violation: sim.violation, Tally: sim.tally, StoreCalls: sim.storeCalls,
		Took: sim.now.Sub(epoch), Trace: sim.trace,
	}, nil
}

func newSimulation(s Setup) (*simulation, error) {
	sim := &simulation{
		Setup: s, random: rand.New(rand.NewPCG(s.Seed, 0x5eed)), now: epoch,
		jobOf: map[sweep.TaskID]*job{}, history: newHistory(), alive: map[string]*worker{},
		cuts: map[link]time.Time{}, made: map[resultKey]bool{}, failures: map[queue.Lease]bool{},
		extra: map[queue.Lease]bool{},
		policy: queue.Policy{
			// Some times are shorter than the queue's defaults, so that more events occur.
			LeaseTerm: 60 * time.Second, FrozenAfter: 5 * time.Second, MaxAttempts: 3, MaxRepeats: 2, MaxLosses: 3,
			StallTimeout: 90 * time.Second, MaxBackOff: time.Minute,
			// Small pages, so that calls of operators make several commits.
			PlanPage: 4, ChangePage: 4,
		},
	}
	sim.planted = sim.policy
	if s.Policy != nil {
		s.Policy(&sim.planted)
	}
	open := s.Store
	if open == nil {
		open = func(now func() time.Time) (queue.Store, error) { return queuetest.Memory(now), nil }
	}
	base, err := open(func() time.Time { return sim.now.Add(sim.offset) })
	if err != nil {
		return nil, fmt.Errorf("simulate seed %d: %w", s.Seed, err)
	}
	sim.base, sim.store = base, &observer{simulation: sim, store: base}
	if s.WrapStore != nil {
		sim.store = s.WrapStore(sim.store)
	}
	sim.begin()
	return sim, nil
}

// begin draws the coordinators and hosts, submits a sweep, and schedules the faults.
func (sim *simulation) begin() {
	sim.faultsEnded, sim.faultsEndedAt = sim.NoFaults, epoch
	sim.odds = sim.drawOdds()
	sim.newJobs(6 + sim.random.IntN(9))
	for i := range 1 + sim.random.IntN(3) {
		c := &coordinator{number: i, instance: &instance{simulation: sim, name: fmt.Sprintf("coordinator-%d", i+1)}}
		sim.coordinators = append(sim.coordinators, c)
		if sim.chance(0.3) {
			sim.addLocal(c)
		}
		c.start()
	}
	for i := range 2 + sim.random.IntN(3) {
		h := &host{
			simulation: sim, name: fmt.Sprintf("host-%d", i+1), slots: 1 + sim.random.IntN(3),
			speed: 0.5 + sim.random.Float64(), corrupt: sim.chance(sim.odds.corrupt),
		}
		if sim.chance(0.3) {
			h.connectTimeout = 3 * time.Minute
		}
		h.stays = sim.chance(0.2)
		if i > 0 && sim.chance(0.3) { // the workers of the first host have time for every task
			h.lifetime = sim.between(30*time.Second, 4*time.Minute)
		}
		if sim.chance(0.3) {
			h.idleTimeout = sim.between(sim.policy.LeaseTerm+time.Second, 3*time.Minute)
		}
		sim.hosts = append(sim.hosts, h)
		sim.after(sim.upTo(5*time.Second), h.ensureWorker)
	}
	sim.submit("A", sim.jobs)
	if sim.NoFaults {
		sim.after(time.Second, sim.endFaults)
		return
	}
	sim.scheduleFault()
	sim.after(sim.between(2*time.Minute, 8*time.Minute), sim.endFaults)
}

// addLocal gives a coordinator local workers of one slot each.
func (sim *simulation) addLocal(c *coordinator) {
	for i := range 1 + sim.random.IntN(2) {
		h := &host{simulation: sim, name: fmt.Sprintf("local-%d-%d", c.number+1, i+1), slots: 1, speed: 0.5 + sim.random.Float64(), parent: c}
		c.locals = append(c.locals, h)
		sim.hosts = append(sim.hosts, h)
	}
}

// maxEventsNow bounds the events at one time. More of them mean an endless loop.
const maxEventsNow = 10_000

// step runs the next event.
func (sim *simulation) step() {
	at, do := sim.schedule.next()
	sim.eventsNow++
	if at.After(sim.now) {
		sim.now, sim.eventsNow = at, 0
	}
	if sim.eventsNow > maxEventsNow {
		sim.violated(Complete, "endless loop: %d events at one time", sim.eventsNow)
	}
	do()
}

func (sim *simulation) after(d time.Duration, do func()) { sim.schedule.add(sim.now.Add(d), do) }

// announce wakes the waiting calls of every coordinator.
func (sim *simulation) announce() {
	for _, c := range sim.coordinators {
		if len(c.waiting) > 0 {
			c.later(sim.upTo(5*time.Millisecond), c.wake)
		}
	}
}

func (sim *simulation) processName() string { return fmt.Sprintf("process-%d", sim.processes) }

// chance draws true with a probability. mayFail does so until the faults end, and then
// always returns false.
func (sim *simulation) chance(p float64) bool  { return p > 0 && sim.random.Float64() < p }
func (sim *simulation) mayFail(p float64) bool { return !sim.faultsEnded && sim.chance(p) }

func (sim *simulation) between(low, high time.Duration) time.Duration {
	return low + time.Duration(sim.random.Int64N(int64(high-low)+1))
}

func (sim *simulation) upTo(high time.Duration) time.Duration { return sim.between(0, high) }

func (sim *simulation) log(format string, args ...any) {
	if sim.Trace {
		sim.trace = append(sim.trace, fmt.Sprintf("%12.6f  ", sim.now.Sub(epoch).Seconds())+fmt.Sprintf(format, args...))
	}
}

// schedule holds the future events, ordered by time and then by insertion. It is a binary heap of
// its own type, since container/heap would allocate for each event that comes and goes.
type schedule struct {
	entries  []entry
	sequence uint64
}

type entry struct {
	at    time.Duration // since the epoch
	order uint64
	do    func()
}

func (e entry) before(other entry) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

func (a *schedule) add(at time.Time, do func()) {
	a.sequence++
	added := entry{at.Sub(epoch), a.sequence, do}
	a.entries = append(a.entries, added)
	place := len(a.entries) - 1
	for place > 0 {
		parent := (place - 1) / 2
		if !added.before(a.entries[parent]) {
			break
		}
		a.entries[place] = a.entries[parent]
		place = parent
	}
	a.entries[place] = added
}

// next removes the first event. The schedule must not be empty.
func (a *schedule) next() (at time.Time, do func()) {
	first := a.entries[0]
	last := len(a.entries) - 1
	moved := a.entries[last]
	a.entries[last] = entry{}
	a.entries = a.entries[:last]
	if last > 0 {
		a.sink(moved)
	}
	return epoch.Add(first.at), first.do
}

// sink puts an entry in the place of the first one, and then below those before it.
func (a *schedule) sink(moved entry) {
	place := 0
	for child := 1; child < len(a.entries); child = 2*place + 1 {
		if right := child + 1; right < len(a.entries) && a.entries[right].before(a.entries[child]) {
			child = right
		}
		if !a.entries[child].before(moved) {
			break
		}
		a.entries[place] = a.entries[child]
		place = child
	}
	a.entries[place] = moved
}

// instance is one process of a program. It may be frozen for a while, and ends once.
type instance struct {
	*simulation
	name   string
	dead   bool
	frozen time.Time // until then it runs no event
}

// later schedules an event of the process. It is dropped if the process is dead by then.
// Events of a frozen process run after it continues, in random order.
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
