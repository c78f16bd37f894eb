package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
)

// Setup says which history to live through.
type Setup struct {
	// Seed decides everything that happens.
	Seed uint64
	// Store opens an empty store that reads the time from now. Nil: in memory.
	Store func(now func() time.Time) (queue.Store, error)
	// Policy changes the numbers of the rules. Nil: those of the simulation.
	Policy func(*queue.Policy)
	// Between puts something between the coordinators and the store: a bug that
	// must be found. Nil: nothing.
	Between func(queue.Store) queue.Store
	// Kill adds a fault at one call of the store, counted from 1; 0: none.
	Kill struct {
		Call int
		Fate Fate
	}
	// Calm lets nothing else go wrong.
	Calm bool
	// History asks for a log of everything that happens.
	History bool
}

// Outcome is what became of a history.
type Outcome struct {
	Seed       uint64
	Violation  *Violation // nil if every invariant held
	Tally      Tally
	StoreCalls int
	Took       time.Duration // simulated
	History    []string
}

var epoch = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// world is everything that there is.
type world struct {
	Setup
	random  *rand.Rand
	now     time.Time // the true time
	agenda  agenda
	instant int // what has happened at this time
	odds    odds
	policy  queue.Policy
	jobs    []*job
	jobOf   map[sweep.TaskID]*job

	base    queue.Store // as opened
	store   queue.Store // as the coordinators have it
	offset  time.Duration
	jumps   []jump
	outage  time.Time // until then the store is away
	act     act
	ledger  *ledger
	commits int

	coordinators []*coordinator
	hosts        []*host
	alive        map[string]*worker // by name
	processes    int
	wishes       int                // of operators, not yet fulfilled
	cuts         map[line]time.Time // until when

	made     map[made]bool        // results that trainings came to
	failures map[queue.Lease]bool // attempts that went wrong by their task's fault
	forged   map[queue.Lease]bool // attempts that results were made up for
	fault    *commitFault         // of the present call of an operator

	calm       bool
	calmAt     time.Time
	ended      bool
	storeCalls int
	violation  *Violation
	tally      Tally
	history    []string
}

// Run lives through a history. The error is of the store, before it began.
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
		cuts: map[line]time.Time{}, made: map[made]bool{}, failures: map[queue.Lease]bool{},
		forged: map[queue.Lease]bool{},
		policy: queue.Policy{
			// Defaults of the queue that the invariants speak of, and some shorter times.
			LeaseTerm: 60 * time.Second, FrozenAfter: frozenAfter, MaxAttempts: 3, MaxLosses: 3,
			StallTimeout: 90 * time.Second, MaxBackOff: time.Minute,
			// So small that calls of operators make several commits.
			PlanPage: 4, ChangePage: 4,
		},
	}
	if s.Policy != nil {
		s.Policy(&w.policy)
	}
	open := s.Store
	if open == nil {
		open = func(now func() time.Time) (queue.Store, error) { return store.Memory(store.WithClock(now)), nil }
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

// begin draws who is there, submits a sweep, and schedules the troubles.
func (w *world) begin() {
	w.calm, w.calmAt = w.Calm, epoch
	w.odds = w.drawOdds()
	w.newJobs(6 + w.random.IntN(9))
	for i := range 1 + w.random.IntN(3) {
		c := &coordinator{number: i, life: &life{world: w, name: fmt.Sprintf("coordinator-%d", i+1)}}
		w.coordinators = append(w.coordinators, c)
		if w.chance(0.3) {
			w.addLocal(c)
		}
		c.start()
	}
	for i := range 2 + w.random.IntN(3) {
		h := &host{
			world: w, name: fmt.Sprintf("host-%d", i+1), slots: 1 + w.random.IntN(3),
			speed: 0.5 + w.random.Float64(), liar: w.chance(w.odds.liar),
		}
		if w.chance(0.3) {
			h.patience = 3 * time.Minute
		}
		h.stays = w.chance(0.2)
		w.hosts = append(w.hosts, h)
		w.after(w.upTo(5*time.Second), h.keep)
	}
	w.submit("A", w.jobs)
	if w.Calm {
		w.after(time.Second, w.calmDown)
		return
	}
	w.scheduleTrouble()
	w.after(w.between(2*time.Minute, 8*time.Minute), w.calmDown)
}

// addLocal gives a coordinator local workers of one slot each.
func (w *world) addLocal(c *coordinator) {
	for i := range 1 + w.random.IntN(2) {
		h := &host{world: w, name: fmt.Sprintf("local-%d-%d", c.number+1, i+1), slots: 1, speed: 0.5 + w.random.Float64(), parent: c}
		c.locals = append(c.locals, h)
		w.hosts = append(w.hosts, h)
	}
}

// busy is how much may happen in one instant before somebody is taken to run in
// a circle.
const busy = 10_000

// step lets what comes first happen.
func (w *world) step() {
	next := w.agenda.next()
	w.instant++
	if next.at.After(w.now) {
		w.now, w.instant = next.at, 0
	}
	if w.instant > busy {
		w.violated(Whole, "time stands still")
	}
	next.do()
}

func (w *world) after(d time.Duration, do func()) { w.agenda.add(w.now.Add(d), do) }

// announce wakes the calls that wait at any coordinator.
func (w *world) announce() {
	for _, c := range w.coordinators {
		if len(c.waiting) > 0 {
			c.later(w.upTo(5*time.Millisecond), c.wake)
		}
	}
}

func (w *world) processName() string { return fmt.Sprintf("process-%d", w.processes) }

// chance is true with a probability, trouble only as long as things may go wrong.
func (w *world) chance(p float64) bool  { return p > 0 && w.random.Float64() < p }
func (w *world) trouble(p float64) bool { return !w.calm && w.chance(p) }

func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.random.Int64N(int64(high-low)+1))
}

func (w *world) upTo(high time.Duration) time.Duration { return w.between(0, high) }

func (w *world) log(format string, args ...any) {
	if w.History {
		w.history = append(w.history, fmt.Sprintf("%12.6f  ", w.now.Sub(epoch).Seconds())+fmt.Sprintf(format, args...))
	}
}
