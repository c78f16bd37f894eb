package queue

import "time"

// Policy holds every number of the rules. A zero field means its default.
type Policy struct {
	// LeaseTerm is how long a process may stay silent before its leases expire. Default 60 s.
	LeaseTerm time.Duration
	// FrozenAfter is how long ago the last tick of any coordinator was, or how far
	// ahead by a clock that was set, when every lease is given a full term. Default 5 s.
	FrozenAfter time.Duration

	// MaxAttempts failures of a task set it aside. Default 3.
	MaxAttempts int
	// MaxRepeats failures with one message set a task aside sooner: the same bits
	// fail in the same way. Default 2.
	MaxRepeats int
	// MaxLosses processes lost while they held nothing but this task set it aside. Default 5.
	MaxLosses int
	// BackOff is the pause after a task's first failure; it doubles with each
	// further one up to MaxBackOff. Defaults 10 s and 10 min.
	BackOff, MaxBackOff time.Duration
	// StallTimeout is the least time without a new step after which a worker
	// gives a task up; StallFactor times the expected time of a step, if that is
	// longer. Defaults 10 min and 10.
	StallTimeout time.Duration
	StallFactor  float64

	// BatchCost is how much work, by the cost model, a free slot is given at
	// once when tasks are small; MaxBatch bounds the tasks of one batch.
	// Defaults 1 s and 256.
	BatchCost time.Duration
	MaxBatch  int

	// PlanPage bounds how many tasks are planned or dropped in one transaction,
	// ChangePage how many that a person names are read or changed: others are served
	// in between. Smaller pages of a plan would write the same leaves of indexes more
	// often. Defaults 8192 and 256.
	PlanPage, ChangePage int

	// CallAgainBusy, CallAgainHungry and CallAgainIdle are how soon a process
	// calls again whose slots are full, partly free, all free. Defaults 15 s, 5 s
	// and 100 ms (the service keeps an idle process waiting on top of that).
	CallAgainBusy, CallAgainHungry, CallAgainIdle time.Duration

	// MaxReason and MaxLog bound what is kept of a failure's message and of the
	// end of its log, in bytes. Defaults 4 KiB and 64 KiB.
	MaxReason, MaxLog int
}

// withDefaults fills the zero fields.
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
	orDefault(&p.CallAgainHungry, 5*time.Second)
	orDefault(&p.CallAgainIdle, 100*time.Millisecond)
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
