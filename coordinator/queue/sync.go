package queue

import (
	"context"
	"fmt"
	"slices"
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
}

// Held is a lease that a process has.
type Held struct {
	Lease
	Step    uint64
	Started bool
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

// maxSlots bounds what a process may claim.
const maxSlots = 1 << 16

// idle says whether a process asks for work and for nothing else.
func (r SyncRequest) idle() bool {
	return len(r.Held)+len(r.Reports) == 0 && !r.Draining && r.FreeSlots > 0
}

func (r SyncRequest) validate() error {
	switch {
	case r.ID == "":
		return fmt.Errorf("%w: the process has no ID", ErrInvalid)
	case r.Sequence == 0:
		return fmt.Errorf("%w: sequence = 0: must count from 1", ErrInvalid)
	case r.Slots < 0 || r.Slots > maxSlots:
		return fmt.Errorf("%w: slots = %d: must be from 0 to %d", ErrInvalid, r.Slots, maxSlots)
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
	findings := examine(r.Reports)
	var answer SyncAnswer
	err := q.update(ctx, func(c *call) (err error) {
		answer, err = c.sync(r, findings)
		return err
	})
	if err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	if len(r.Reports) > 0 {
		failpoint.Reach("coordinator.committed")
	}
	return answer, nil
}

func (c *call) sync(r SyncRequest, findings []finding) (SyncAnswer, error) {
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return SyncAnswer{}, err
	}
	if err := admit(r.Process, sweeps); err != nil {
		return SyncAnswer{}, err
	}
	newer, err := c.greet(r)
	if err != nil {
		return SyncAnswer{}, err
	}
	answer := SyncAnswer{LeaseTerm: c.policy.LeaseTerm}
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
	if newer && r.Draining && len(answer.Assignments) == 0 {
		if err := c.dismiss(r.ID); err != nil {
			return SyncAnswer{}, err
		}
	}
	answer.CallAgainIn = c.callAgainIn(answer, free)
	answer.Done, err = c.done(answer, sweeps)
	return answer, err
}

// greet takes note of a call and says whether it is newer than all before. The
// number of the call and its effects are committed together.
func (c *call) greet(r SyncRequest) (newer bool, err error) {
	p, known, err := c.tx.Presence(r.ID)
	if err != nil || known && r.Sequence <= p.Sequence {
		return false, err
	}
	if !known {
		p.FirstSeen = c.now
	}
	p.Process, p.Sequence = r.Process, r.Sequence
	p.heard(c.now, c.policy.LeaseTerm)
	return true, c.tx.PutPresence(p)
}

// dismiss forgets a process that has drained.
func (c *call) dismiss(process string) error {
	p, _, err := c.tx.Presence(process)
	if err != nil {
		return err
	}
	p.Deadline = time.Time{}
	return c.tx.PutPresence(p)
}

// assign says what the process of a newer call should hold.
func (c *call) assign(r SyncRequest, free *slots, sweeps []Sweep) ([]Assignment, error) {
	held, err := c.renew(r)
	if err != nil {
		return nil, err
	}
	kept, err := c.keep(r, held, free)
	if err != nil || r.Draining {
		return kept, err
	}
	if shut, err := c.shut(kept); err != nil || shut {
		return kept, err
	}
	granted, err := c.fill(r.Process, free, suitable(r.Process, sweeps), len(kept) == 0 && r.restsAfterwards())
	return append(kept, granted...), err
}

// restsAfterwards says whether a process works on nothing once its reports are taken.
func (r SyncRequest) restsAfterwards() bool {
	reported := make(map[Lease]bool, len(r.Reports))
	for _, report := range r.Reports {
		reported[report.Lease] = true
	}
	return !slices.ContainsFunc(r.Held, func(h Held) bool { return !reported[h.Lease] })
}

// keep assigns the live leases of a process once more. One that it did not name
// it never heard of: it is granted again under the same attempt, or taken back
// from a process that drains.
func (c *call) keep(r SyncRequest, live []Attempt, free *slots) ([]Assignment, error) {
	named := r.named()
	var kept []Assignment
	for _, a := range live {
		switch {
		case named[a.Lease]:
			kept = append(kept, Assignment{Lease: a.Lease})
		case r.Draining:
			if err := c.handBack(a, "the grant never reached the process, which drains"); err != nil {
				return nil, err
			}
		default:
			again, cost, err := c.work(a)
			if err != nil {
				return nil, err
			}
			free.occupy(cost)
			kept = append(kept, again)
		}
	}
	return kept, nil
}

// remind repeats to an old call what its process should hold.
func (c *call) remind(r SyncRequest) ([]Assignment, error) {
	live, err := c.tx.HeldBy(r.ID)
	if err != nil {
		return nil, err
	}
	named := r.named()
	var held []Assignment
	for _, a := range live {
		again := Assignment{Lease: a.Lease}
		if !named[a.Lease] {
			if again, _, err = c.work(a); err != nil {
				return nil, err
			}
		}
		held = append(held, again)
	}
	return held, nil
}

func (r SyncRequest) named() map[Lease]bool {
	named := make(map[Lease]bool, len(r.Held))
	for _, h := range r.Held {
		named[h.Lease] = true
	}
	return named
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
func (c *call) done(a SyncAnswer, sweeps []Sweep) (bool, error) {
	if len(a.Assignments) > 0 || len(sweeps) == 0 {
		return false, nil
	}
	open, err := c.tx.Open()
	return open == 0, err
}

// WouldWait says whether a Sync with this request would have nothing to say:
// the process holds and reports nothing, nothing can be granted to it now, and
// work may still come. The service then waits for Changed before it calls Sync:
// a second Sync under the same sequence number would be an old call.
func (q *Queue) WouldWait(ctx context.Context, r SyncRequest) (bool, error) {
	if !r.idle() {
		return false, nil
	}
	var wait bool
	err := q.view(ctx, func(c *call) (err error) {
		wait, err = c.wouldWait(r)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for work for process %q: %w", r.ID, err)
	}
	return wait, nil
}

func (c *call) wouldWait(r SyncRequest) (bool, error) {
	p, _, err := c.tx.Presence(r.ID)
	if err != nil || r.Sequence <= p.Sequence {
		return false, err // Sync will say what is wrong with it
	}
	held, err := c.tx.HeldBy(r.ID)
	if err != nil || len(held) > 0 {
		return false, err
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil || admit(r.Process, sweeps) != nil {
		return false, err
	}
	done, err := c.done(SyncAnswer{}, sweeps)
	if err != nil || done {
		return false, err
	}
	work, err := c.anything(suitable(r.Process, sweeps))
	return !work, err
}
