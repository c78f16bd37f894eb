package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"spiqsweep/sweep"
)

// Queue applies the rules to a store. Its methods may be called concurrently.
type Queue struct {
	store  Store
	policy Policy
	// grants caches recent grants. A task's ID is derived from its configuration, so
	// an entry never goes stale.
	grants *lru.Cache[sweep.TaskID, recentGrant]
	// examining limits how many calls decode results concurrently, so that one processor
	// is left for the store.
	examining chan struct{}
	health    health

	mu     sync.Mutex
	ticked bool // guarded by mu; this coordinator has ticked
	busy   bool // guarded by mu; some task was unfinished at its last tick
}

// maxGrants bounds Queue.grants to a few megabytes.
const maxGrants = 1 << 12

// New returns a queue on a store. Zero fields of the policy take their defaults.
func New(s Store, p Policy) *Queue {
	grants, err := lru.New[sweep.TaskID, recentGrant](maxGrants)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Queue{
		store: s, policy: p.withDefaults(), grants: grants, busy: true,
		examining: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
	}
}

// Changed returns a channel that is closed after the next commit, by any
// coordinator of the store, that may give idle processes work or that finishes the
// last task.
func (q *Queue) Changed() <-chan struct{} { return q.store.Changed() }

// call is the state of one transaction that the rules share.
type call struct {
	tx     Tx
	policy Policy
	now    time.Time // of the transaction
	// timeLeft is that of the calling process; 0: it may be granted tasks of any length.
	timeLeft time.Duration
	// wake is set if idle processes should look for work after the commit.
	wake bool
	// closed is set if a task was finished or dropped, perhaps the last one.
	closed bool
	// leased is set if the call granted a task, so that work is left.
	leased bool
	// missingLease warns that the store lacks a lease that it once granted; see storeLacks.
	missingLease string
}

// LeaseTerm returns how long a process may stay silent before its leases expire.
func (q *Queue) LeaseTerm() time.Duration { return q.policy.LeaseTerm }

// update runs a rule in a transaction that excludes all others, and wakes idle
// processes after the commit if the rule asks for it.
func (q *Queue) update(ctx context.Context, rule func(*call) error) error {
	return q.health.note(q.store.Update(ctx, nil, func(tx Tx) error { return q.apply(tx, rule) }))
}

// updateClaimed is update for a rule that touches only what is claimed. It may run
// concurrently with other such rules.
func (q *Queue) updateClaimed(ctx context.Context, claim Claim, rule func(*call) error) error {
	return q.health.note(q.store.Update(ctx, &claim, func(tx Tx) error { return q.apply(tx, rule) }))
}

func (q *Queue) apply(tx Tx, rule func(*call) error) error {
	c := &call{tx: tx, policy: q.policy, now: tx.Now()}
	if err := rule(c); err != nil {
		return err
	}
	if c.closed && !c.wake && !c.leased {
		var err error
		if c.wake, err = c.frees(); err != nil {
			return err
		}
	}
	if c.wake {
		tx.Announce()
	}
	return nil
}

// frees reports whether idle processes should call, now that tasks were finished or
// dropped: none is left, or they counted towards a sweep's Limits.Parallel.
func (c *call) frees() (bool, error) {
	sweeps, err := c.tx.Sweeps()
	if err != nil || slices.ContainsFunc(sweeps, func(s Sweep) bool { return s.Parallel > 0 }) {
		return true, err
	}
	open, err := c.countOpen()
	return open == 0, err
}

// view runs a rule that reads only.
func (q *Queue) view(ctx context.Context, rule func(*call) error) error {
	return q.health.note(q.store.View(ctx, func(tx Tx) error {
		return rule(&call{tx: tx, policy: q.policy, now: tx.Now()})
	}))
}

// Policy holds every number of the rules. A zero field takes its default.
type Policy struct {
	// LeaseTerm is how long a process may stay silent before its leases expire. Default 60 s.
	LeaseTerm time.Duration
	// FrozenAfter is how far the last tick of any coordinator may lie in the past, or
	// in the future if the clock was set, before Tick extends every lease by a full
	// term instead of expiring any. Default 5 s.
	FrozenAfter time.Duration

	// MaxAttempts is the number of failures after which a task fails for good. Default 3.
	MaxAttempts int
	// MaxRepeats is the number of failures with the same message after which a task
	// fails for good: the computation is deterministic. Default 2.
	MaxRepeats int
	// MaxLosses is the number of processes lost while holding only this task after
	// which the task fails for good. Default 5.
	MaxLosses int
	// BackOff is the pause after a task's first failure. It doubles with each further
	// failure, up to MaxBackOff. Defaults 10 s and 10 min.
	BackOff, MaxBackOff time.Duration
	// A worker gives up a task that completes no step within the larger of
	// StallTimeout and StallFactor times the expected duration of a step.
	// Defaults 10 min and 10.
	StallTimeout time.Duration
	StallFactor  float64

	// BatchCost is the work, by the cost model, that one call grants to a free slot
	// if tasks are small. MaxBatch bounds the tasks of such a batch.
	// Defaults 1 s and 256.
	BatchCost time.Duration
	MaxBatch  int

	// PlanPage bounds the tasks that one transaction plans or drops, ChangePage those
	// that it reads or changes for an operator; workers are served between two
	// transactions. Smaller plan pages would rewrite the same index pages more often.
	// Defaults 8192 and 256.
	PlanPage, ChangePage int

	// A process calls again within CallAgainBusy if all its slots are full, within
	// CallAgainFree if some are free, and within CallAgainIdle if it holds nothing.
	// Defaults 15 s, 5 s and 100 ms; the service keeps an idle process waiting
	// beyond that.
	CallAgainBusy, CallAgainFree, CallAgainIdle time.Duration

	// RecallTerm is how long after Limits.Until the holders of a sweep's leases have to
	// hand them back. Default 20 s.
	RecallTerm time.Duration

	// MaxReason and MaxLog bound the stored message of a failure and the stored end
	// of its log, in bytes. Defaults 4 KiB and 64 KiB.
	MaxReason, MaxLog int
}

// withDefaults returns the policy with its zero fields filled.
func (p Policy) withDefaults() Policy {
	orDefault(&p.LeaseTerm, 60*time.Second)
	orDefault(&p.FrozenAfter, 5*time.Second)
	orDefault(&p.MaxAttempts, 3)
	orDefault(&p.MaxRepeats, 2)
	orDefault(&p.MaxLosses, 5)
	orDefault(&p.BackOff, 10*time.Second)
	orDefault(&p.MaxBackOff, 10*time.Minute)
	orDefault(&p.StallTimeout, 10*time.Minute)
	orDefault(&p.StallFactor, 10)
	orDefault(&p.BatchCost, time.Second)
	orDefault(&p.MaxBatch, 256)
	orDefault(&p.PlanPage, 8192)
	orDefault(&p.ChangePage, 256)
	orDefault(&p.CallAgainBusy, 15*time.Second)
	orDefault(&p.CallAgainFree, 5*time.Second)
	orDefault(&p.CallAgainIdle, 100*time.Millisecond)
	orDefault(&p.RecallTerm, 20*time.Second)
	orDefault(&p.MaxReason, 4<<10)
	orDefault(&p.MaxLog, 64<<10)
	return p
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// The errors on which callers branch. Every other error is a fault of the store or
// of the program.
var (
	// ErrUnavailable means that the outcome of a call is a failure or unknown. The
	// caller may repeat the call, also at another coordinator of the store.
	ErrUnavailable = errors.New("the store is not available")
	// ErrUnknown means that a sweep, task, process or recording does not exist.
	ErrUnknown = errors.New("unknown")
	// ErrNotHeld means that the caller does not hold the lease, or no longer does.
	ErrNotHeld = errors.New("the lease is not held")
	// ErrMismatch means that a program or kernel computes other bits than the sweep
	// requires.
	ErrMismatch = errors.New("other numerics")
	// ErrInvalid means that a request is malformed or contradicts itself.
	ErrInvalid = errors.New("invalid request")
)

// unknownError is an ErrUnknown that names what does not exist.
type unknownError string

// unknown returns an unknownError for a thing of a kind by its ID or name.
func unknown[T ~string](kind string, name T) error {
	return unknownError(fmt.Sprintf("there is no %s %q", kind, name))
}

func (e unknownError) Error() string { return string(e) }

func (unknownError) Unwrap() error { return ErrUnknown }

// StoreError is an ErrUnavailable with its cause.
type StoreError struct {
	// Advice describes the fault and its remedy without the store's address, because
	// workers may read it. It is "" if the cause is not known.
	Advice string
	// Err has the details, for operators.
	Err error
	// Cause is the database's own error, for logs; nil if the store found the fault.
	Cause error
	// Partial means that other calls may succeed at the same time: on a full disk a
	// small commit often fits where a result does not.
	Partial bool
	// Fatal means that this process cannot use the store again: only a restart can remove
	// the cause, such as a limit of the process.
	Fatal bool
}

func (e *StoreError) Error() string { return fmt.Sprintf("%v: %v", ErrUnavailable, e.Err) }

// Unwrap returns ErrUnavailable and the details.
func (e *StoreError) Unwrap() []error { return []error{ErrUnavailable, e.Err} }

// PublicReason describes an ErrUnavailable without the store's address.
func PublicReason(err error) string {
	var e *StoreError
	if errors.As(err, &e) && e.Advice != "" {
		return fmt.Sprintf("%v: %s", ErrUnavailable, e.Advice)
	}
	return ErrUnavailable.Error()
}

// Cause returns the database's own error of a StoreError, for logs, or nil.
func Cause(err error) error {
	var e *StoreError
	if !errors.As(err, &e) {
		return nil
	}
	return e.Cause
}

// calmTicks is how many ticks must pass without a failed call before a Partial error
// is no longer reported. Workers repeat a failed call every few seconds.
const calmTicks = 15

// health records the faults of the store that this coordinator has seen, in all its
// calls, so that a failed commit is reported even while others succeed.
type health struct {
	mu           sync.Mutex
	fault        *StoreError // guarded by mu; the first of consecutive errors with the same advice
	calm         int         // guarded by mu; ticks since the last failed call
	missingLease string      // guarded by mu; the first proof that the store lacks a lease it granted
	fatal        *StoreError // guarded by mu; the first Fatal error
}

// note records the error of a call and returns it.
func (h *health) note(err error) error {
	var e *StoreError
	if !errors.As(err, &e) {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calm = 0
	if e.Fatal && h.fatal == nil {
		h.fatal = e
	}
	if h.fault == nil || h.fault.Advice != e.Advice {
		h.fault = e
	}
	return err
}

// ticked records a committed tick.
func (h *health) ticked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calm++; h.fault != nil && (!h.fault.Partial || h.calm > calmTicks) {
		h.fault = nil
	}
}

// noteMissing records that the store lacks a lease that it granted.
func (h *health) noteMissing(warning string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.missingLease == "" {
		h.missingLease = warning
	}
}

// Warnings lists the faults of the store that this coordinator has seen, one sentence
// each, for operators. The warning that the store lacks commits remains until the
// coordinator ends.
func (q *Queue) Warnings() []string {
	q.health.mu.Lock()
	defer q.health.mu.Unlock()
	var warnings []string
	if q.health.fault != nil {
		warnings = append(warnings, q.health.fault.Error())
	}
	if q.health.missingLease != "" {
		warnings = append(warnings, q.health.missingLease)
	}
	return warnings
}

// Fatal returns the first Fatal StoreError of a call, or nil. The coordinator must end.
func (q *Queue) Fatal() error {
	q.health.mu.Lock()
	defer q.health.mu.Unlock()
	if q.health.fatal == nil {
		return nil
	}
	return q.health.fatal
}

func (c *call) record(task sweep.TaskID) (Record, error) {
	r, found, err := c.tx.Record(task)
	if err == nil && !found {
		err = unknown("task", task)
	}
	return r, err
}

func (c *call) specification(task sweep.TaskID) (Specification, error) {
	s, found, err := c.tx.Specification(task)
	if err == nil && !found {
		err = unknown("task", task)
	}
	return s, err
}
