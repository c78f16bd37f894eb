package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"spiqsweep/sweep"
	"spiqsweep/sweep/failpoint"
)

// SyncRequest is one call of a process.
type SyncRequest struct {
	Process
	// Sequence increases with every call of the process. A call whose number is not
	// above that of an earlier call changes nothing, except that its results are judged.
	Sequence uint64
	// Held lists every lease of the process, including those in Reports.
	Held    []Held
	Reports []Report
	// FreeSlots counts the slots that may be given work.
	FreeSlots int
	Draining  bool
	// Stays means that the process waits for the next sweep when all is done.
	Stays bool
	// TimeLeft is the time after which the process hands back its leases; 0: it has no such
	// time. No task is granted that cannot end by then, by the rule of Limits.Until.
	TimeLeft time.Duration
}

// Held is a lease of a process and its progress.
type Held struct {
	Lease
	Step    uint64
	Started bool
	Proven  bool // see Report.Proven
}

// SyncAnswer tells a process what to do.
type SyncAnswer struct {
	// Assignments list every lease that the process should hold. Every other lease of
	// the process is withdrawn.
	Assignments []Assignment
	// Verdicts judge the reports, in their order; in an old call, only its results.
	Verdicts    []Verdict
	CallAgainIn time.Duration // at most
	// Done means that no sweep has leased tasks, or pending ones that its Limits.Until does
	// not exclude, and none expects more (see Queue.Expect). It is not set if there is no
	// sweep.
	Done      bool
	LeaseTerm time.Duration
	// Drain means that an operator asks the process to hand back its tasks and to exit.
	Drain bool
	// NoneFits means that the process holds nothing, and that tasks wait which it would be
	// granted if it had more time left.
	NoneFits bool
}

// Assignment is a lease that a process should hold.
type Assignment struct {
	Lease
	Work *Work // nil if the request listed the lease
	// HandBack is why the process should hand the lease back with a checkpoint; "" if it
	// should go on.
	HandBack string
}

// Work is all that a process needs to run a task.
type Work struct {
	sweep.Task
	CheckpointStep uint64        // to resume from, or 0
	StallTimeout   time.Duration // the task has failed if it completes no step for so long
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
	case r.TimeLeft < 0:
		return fmt.Errorf("%w: time left = %v: must be 0 (no end) or more", ErrInvalid, r.TimeLeft)
	}
	return nil
}

// Sync judges the reports of a process, renews its leases, repeats grants whose answer
// was lost, and fills its free slots. Its answer is durable.
//
// Errors: ErrInvalid; ErrMismatch if the process computes other bits than every
// sweep requires; ErrUnavailable.
func (q *Queue) Sync(ctx context.Context, r SyncRequest) (SyncAnswer, error) {
	if err := r.validate(); err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	findings, err := q.examine(ctx, r.Reports)
	if err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	var answer SyncAnswer
	var missingLease string
	err = q.updateClaimed(ctx, Claim{Process: r.ID, Tasks: r.tasks()}, func(c *call) (err error) {
		answer, err = c.sync(r, findings)
		missingLease = c.missingLease
		return err
	})
	if err != nil {
		return SyncAnswer{}, fmt.Errorf("sync of process %q: %w", r.ID, err)
	}
	q.remember(r.ID, answer.Assignments)
	q.health.noteMissing(missingLease)
	if len(r.Reports) > 0 {
		failpoint.Reach("coordinator.committed")
	}
	return answer, nil
}

// tasks lists the tasks that a call names.
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
	c.timeLeft = r.TimeLeft
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return SyncAnswer{}, err
	}
	if err := checkArithmetic(r, sweeps); err != nil {
		return SyncAnswer{}, err
	}
	p, newer, err := c.registerCall(r)
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
		answer.Assignments, err = c.repeatAssignments(r)
	}
	if err != nil {
		return SyncAnswer{}, err
	}
	answer.CallAgainIn = c.untilNext(sweeps, c.callAgainIn(answer, free))
	if answer.Done, err = c.done(answer, r, sweeps); err != nil {
		return SyncAnswer{}, err
	}
	if r.FreeSlots > 0 && len(answer.Assignments) == 0 && !answer.Done {
		if answer.NoneFits, err = c.noneFits(suitable(r.Process, sweeps)); err != nil {
			return SyncAnswer{}, err
		}
	}
	if leaves := answer.Done || r.Draining && len(answer.Assignments) == 0; newer && leaves {
		err = c.deregister(r.ID)
	}
	return answer, err
}

// registerCall stores the process and the number of a call, and reports whether the
// call is newer than all before. The number and the call's effects are committed together.
func (c *call) registerCall(r SyncRequest) (p Presence, newer bool, err error) {
	p, known, err := c.tx.Presence(r.ID)
	if err != nil || known && r.Sequence <= p.Sequence {
		return p, false, err
	}
	if !known {
		p.FirstSeen = c.now
	}
	p.Process, p.Sequence = r.Process, r.Sequence
	p.extend(c.now, c.policy.LeaseTerm)
	return p, true, c.tx.PutPresence(p)
}

// deregister removes the deadline of a process that has drained or that learns that
// all is done. If the answer is lost and the process calls again, that sets a new one.
func (c *call) deregister(process string) error {
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
		return c.policy.CallAgainFree
	default:
		return c.policy.CallAgainBusy
	}
}

// done reports whether a process without leases may exit. Leased tasks count as
// unfinished, because they may become pending again.
func (c *call) done(a SyncAnswer, r SyncRequest, sweeps []Sweep) (bool, error) {
	if r.Stays || len(a.Assignments) > 0 || len(sweeps) == 0 {
		return false, nil
	}
	open, err := c.countOpen()
	if err != nil || open > 0 {
		return false, err
	}
	expecting, err := c.expected()
	return len(expecting) == 0, err
}

// idle reports whether a process only asks for work.
func (r SyncRequest) idle() bool {
	return len(r.Held)+len(r.Reports) == 0 && !r.Draining && r.FreeSlots > 0
}

// WouldWait reports whether Sync would return an empty answer: the process has called
// before, holds and reports nothing, nothing can be granted to it now, and work may
// still come. The service then waits for Changed before it calls Sync, because a second
// Sync with the same sequence number would be an old call. WouldWait is false for a new
// process, so that Sync registers it and operators see it.
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
	p, known, err := c.tx.Presence(r.ID)
	if err != nil || !known || r.Sequence <= p.Sequence || p.Leaving {
		return false, err // Sync answers
	}
	held, err := c.tx.HeldBy(r.ID)
	if err != nil || len(held) > 0 {
		return false, err
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil || checkArithmetic(r, sweeps) != nil {
		return false, err
	}
	done, err := c.done(SyncAnswer{}, r, sweeps)
	if err != nil || done {
		return false, err
	}
	c.timeLeft = r.TimeLeft
	sweeps = suitable(r.Process, sweeps)
	work, err := c.hasWork(sweeps)
	if err != nil || work {
		return false, err
	}
	tooLong, err := c.noneFits(sweeps)
	return !tooLong, err
}

// assign returns the leases that the process of a newer call should hold.
func (c *call) assign(r SyncRequest, free *slots, sweeps []Sweep) ([]Assignment, error) {
	held, err := c.renew(r)
	if err != nil {
		return nil, err
	}
	kept, err := c.keep(r, held, free, sweeps)
	if err != nil || r.Draining {
		return kept, err
	}
	if exclusive, err := c.holdsExclusive(kept); err != nil || exclusive {
		return kept, err
	}
	granted, err := c.fill(r.Process, free, suitable(r.Process, sweeps), len(kept) == 0 && r.idleAfterReports())
	return append(kept, granted...), err
}

// idleAfterReports reports whether all held leases are reported as ended.
func (r SyncRequest) idleAfterReports() bool {
	reported := make(map[Lease]bool, len(r.Reports))
	for _, report := range r.Reports {
		reported[report.Lease] = true
	}
	return !slices.ContainsFunc(r.Held, func(h Held) bool { return !reported[h.Lease] })
}

// keep assigns the live leases of a process again. The answer that granted a lease was
// lost if the request does not list the lease: keep then repeats the grant under the
// same attempt, or, if the process drains or the task's sweeps are stopped, ends it as
// handed back.
func (c *call) keep(r SyncRequest, live []Attempt, free *slots, sweeps []Sweep) ([]Assignment, error) {
	named := r.named()
	var kept []Assignment
	for _, a := range live {
		stopped, err := c.recall(a.Task, sweeps)
		if err != nil {
			return nil, err
		}
		switch {
		case named[a.Lease]:
			kept = append(kept, Assignment{Lease: a.Lease, HandBack: stopped})
		case r.Draining:
			if err := c.handBack(a, "the grant never reached the process, which drains"); err != nil {
				return nil, err
			}
		case stopped != "":
			if err := c.handBack(a, "the grant never reached the process, and "+stopped); err != nil {
				return nil, err
			}
		default:
			again, cost, err := c.fullAssignment(a)
			if err != nil {
				return nil, err
			}
			free.occupy(cost)
			kept = append(kept, again)
		}
	}
	return kept, nil
}

// repeatAssignments answers an old call with the live leases of its process.
func (c *call) repeatAssignments(r SyncRequest) ([]Assignment, error) {
	live, err := c.tx.HeldBy(r.ID)
	if err != nil {
		return nil, err
	}
	named := r.named()
	var held []Assignment
	for _, a := range live {
		again := Assignment{Lease: a.Lease}
		if !named[a.Lease] {
			if again, _, err = c.fullAssignment(a); err != nil {
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

// suitable returns the sweeps that have the arithmetic of a process.
func suitable(p Process, sweeps []Sweep) []Sweep {
	var kept []Sweep
	for _, s := range sweeps {
		if s.Arithmetic() == p.Arithmetic() {
			kept = append(kept, s)
		}
	}
	return kept
}

// checkArithmetic returns ErrMismatch if there are sweeps but none is suitable for the
// process. A process that stays waits for a suitable sweep instead.
func checkArithmetic(r SyncRequest, sweeps []Sweep) error {
	if r.Stays || len(sweeps) == 0 || len(suitable(r.Process, sweeps)) > 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrMismatch, WorkerMismatch(r.Arithmetic(), sweeps[0].Arithmetic()))
}
