package queue

import (
	"context"
	"fmt"
	"time"

	"spiqsweep/sweep"
	"spiqsweep/sweep/failpoint"
)

// SyncRequest is what a process says in one call.
type SyncRequest struct {
	Process
	// Sequence grows with every call of the process. A call that is not newer
	// than one before changes nothing, but its results are judged.
	Sequence uint64
	// Held names every lease that the process has, reported ones included until
	// they are judged.
	Held    []Held
	Reports []Report
	// FreeSlots could be given work.
	FreeSlots int
	Draining  bool
	// Stays: the process is never told that all is done; it waits for the next sweep.
	Stays bool
}

// Held is a lease that a process has.
type Held struct {
	Lease
	Step    uint64
	Started bool
	Proven  bool // see Report.Proven
}

// SyncAnswer is what the process should do.
type SyncAnswer struct {
	// Assignments name everything that the process should hold. A lease that it
	// holds but that is not named is withdrawn.
	Assignments []Assignment
	// Verdicts judge the reports, in their order; of an old call, its results alone.
	Verdicts    []Verdict
	CallAgainIn time.Duration // at the latest
	// Done: nothing is pending or leased in any sweep. Never set before there is a sweep.
	Done      bool
	LeaseTerm time.Duration
	// Drain: an operator asks the process to hand back what it holds, and to leave.
	Drain bool
}

// Assignment is a lease that a process should hold.
type Assignment struct {
	Lease
	Work *Work // nil if the process named the lease itself
}

// Work is all that a process needs to know of a task.
type Work struct {
	sweep.Task
	CheckpointStep uint64        // to resume from; 0: from the start
	StallTimeout   time.Duration // without a new step, the task has failed
}

func (r SyncRequest) validate() error {
	switch {
	case r.ID == "":
		return fmt.Errorf("%w: the process has no ID", ErrInvalid)
	case r.Sequence == 0:
		return fmt.Errorf("%w: sequence = 0: must count from 1", ErrInvalid)
	case r.Slots < 0 || r.Slots > sweep.MaxSlots:
		return fmt.Errorf("%w: slots = %d: must be from 0 to %d", ErrInvalid, r.Slots, sweep.MaxSlots)
	case r.FreeSlots < 0 || r.FreeSlots > r.Slots:
		return fmt.Errorf("%w: free_slots = %d: must be from 0 to slots = %d", ErrInvalid, r.FreeSlots, r.Slots)
	}
	return nil
}

// Sync keeps a process in step: it judges what the process finished, renews
// what it holds, grants again what it never heard of, and fills its free slots.
// What it answers is durable.
//
// Errors: ErrInvalid; ErrMismatch if the process computes other bits than every
// sweep wants; ErrUnavailable.
func (q *Queue) Sync(ctx context.Context, r SyncRequest) (SyncAnswer, error) {
	if err := r.validate(); err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	findings, err := q.examine(ctx, r.Reports)
	if err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	var answer SyncAnswer
	var older string
	err = q.share(ctx, r.ID, r.tasks(), func(c *call) (err error) {
		answer, err = c.sync(r, findings)
		older = c.older
		return err
	})
	if err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	q.remember(r.ID, answer.Assignments)
	q.health.wentBack(older)
	if len(r.Reports) > 0 {
		failpoint.Reach("coordinator.committed")
	}
	return answer, nil
}

// tasks lists what a call names.
func (r SyncRequest) tasks() []sweep.TaskID {
	var named []sweep.TaskID
	for _, h := range r.Held {
		named = append(named, h.Task)
	}
	for _, report := range r.Reports {
		named = append(named, report.Task)
	}
	return named
}

func (c *call) sync(r SyncRequest, findings []finding) (SyncAnswer, error) {
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return SyncAnswer{}, err
	}
	if err := admit(r, sweeps); err != nil {
		return SyncAnswer{}, err
	}
	p, newer, err := c.greet(r)
	if err != nil {
		return SyncAnswer{}, err
	}
	answer := SyncAnswer{LeaseTerm: c.policy.LeaseTerm, Drain: p.Leaving}
	if p.Leaving {
		r.FreeSlots = 0
	}
	if answer.Verdicts, err = c.judgeAll(r, findings, newer); err != nil {
		return SyncAnswer{}, err
	}
	free := newSlots(c.policy, r)
	if newer {
		answer.Assignments, err = c.assign(r, free, sweeps)
	} else {
		answer.Assignments, err = c.remind(r)
	}
	if err != nil {
		return SyncAnswer{}, err
	}
	answer.CallAgainIn = c.callAgainIn(answer, free)
	if answer.Done, err = c.done(answer, r, sweeps); err != nil {
		return SyncAnswer{}, err
	}
	if leaves := answer.Done || r.Draining && len(answer.Assignments) == 0; newer && leaves {
		err = c.dismiss(r.ID)
	}
	return answer, err
}

// greet takes note of a call and says whether it is newer than all before. The
// number of the call and its effects are committed together.
func (c *call) greet(r SyncRequest) (p Presence, newer bool, err error) {
	p, known, err := c.tx.Presence(r.ID)
	if err != nil || known && r.Sequence <= p.Sequence {
		return p, false, err
	}
	if !known {
		p.FirstSeen = c.now
	}
	p.Process, p.Sequence = r.Process, r.Sequence
	p.heard(c.now, c.policy.LeaseTerm)
	return p, true, c.tx.PutPresence(p)
}

// dismiss forgets a process that leaves: one that has drained, or is told that all
// is done. Should it call again, for the answer was lost, it is there again.
func (c *call) dismiss(process string) error {
	p, _, err := c.tx.Presence(process)
	if err != nil {
		return err
	}
	p.Deadline = time.Time{}
	return c.tx.PutPresence(p)
}

func (c *call) callAgainIn(a SyncAnswer, free *slots) time.Duration {
	switch {
	case len(a.Assignments) == 0:
		return c.policy.CallAgainIdle
	case free.left > 0:
		return c.policy.CallAgainHungry
	default:
		return c.policy.CallAgainBusy
	}
}

// done says whether a process that holds nothing may leave. That nothing is
// pending is not enough: a lease that others hold may come back.
func (c *call) done(a SyncAnswer, r SyncRequest, sweeps []Sweep) (bool, error) {
	if r.Stays || len(a.Assignments) > 0 || len(sweeps) == 0 {
		return false, nil
	}
	open, err := c.tx.Open()
	return open == 0, err
}
