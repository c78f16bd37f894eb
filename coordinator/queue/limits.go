package queue

import (
	"context"
	"fmt"
	"math"
	"time"

	"spiqsweep/sweep"
)

// Limits restrict when the tasks of a sweep run. No ID, result or table depends on them.
type Limits struct {
	// Parallel is the number of tasks of the sweep that may be leased at a time; 0: any.
	Parallel int
	// Paused means that no task of the sweep is granted, and that its leases are handed
	// back.
	Paused bool
	// Until is zero, or the time at which the leases of the sweep are handed back. No task
	// is granted that cannot end by then, by the cost model and the compute times of the
	// sweep's finished tasks.
	Until time.Time
}

// KeepParallel as Sweep.Parallel makes Queue.Plan keep the stored number.
const KeepParallel = -1

// planned returns the limits and the note of a sweep after a plan: see Queue.Plan.
func (s Sweep) planned(wanted Sweep) (Limits, string) {
	limits, note := s.Limits, s.Note
	limits.Until = wanted.Until.UTC().Truncate(time.Microsecond)
	if wanted.Parallel != KeepParallel {
		limits.Parallel = wanted.Parallel
	}
	if wanted.Note != "" {
		note = wanted.Note
	}
	return limits, note
}

// Pause pauses a sweep, or resumes it. The holders of its leases learn that with their next
// Sync, and hand them back with a checkpoint. Tasks that another sweep refers to go on.
//
// Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Pause(ctx context.Context, sweepID string, paused bool) error {
	err := q.update(ctx, func(c *call) error {
		s, err := c.sweep(sweepID)
		if err != nil || s.Paused == paused {
			return err
		}
		s.Paused = paused
		c.wake = !paused
		return c.tx.PutSweep(s)
	})
	if err != nil {
		return fmt.Errorf("pause or resume sweep %q: %w", sweepID, err)
	}
	return nil
}

// allowance is what a call may grant of a sweep.
type allowance struct {
	tasks int           // at most so many
	cost  time.Duration // by the cost model, each at most
}

// allowance returns what a call may grant of a sweep. The number of tasks holds for a call
// that has claimed the sweep, and for its present leases.
func (c *call) allowance(s Sweep) (allowance, error) {
	a := allowance{tasks: math.MaxInt, cost: math.MaxInt64}
	if s.Paused {
		return allowance{}, nil
	}
	if s.Parallel == 0 && s.Until.IsZero() && c.timeLeft == 0 {
		return a, nil
	}
	tallies, err := c.tx.Tallies(s.Plan)
	if err != nil {
		return allowance{}, err
	}
	if s.Parallel > 0 {
		a.tasks = max(0, s.Parallel-tallies[Leased].Tasks)
	}
	if !s.Until.IsZero() {
		if a.cost = c.costUntil(s.Until, tallies); a.cost <= 0 {
			a.tasks = 0
		}
	}
	if c.timeLeft > 0 {
		a.cost = min(a.cost, costWithin(c.timeLeft, tallies))
	}
	return a, nil
}

// noneFits reports whether tasks of the sweeps wait that could be granted now, but none that
// the calling process could end within its time.
func (c *call) noneFits(sweeps []Sweep) (bool, error) {
	if c.timeLeft == 0 {
		return false, nil
	}
	fits, err := c.hasWork(sweeps)
	if err != nil || fits {
		return false, err
	}
	withoutEnd := *c
	withoutEnd.timeLeft = 0
	return withoutEnd.hasWork(sweeps)
}

// claimAllowance is allowance for a call that is to grant tasks: no concurrent call can use
// the same part of Limits.Parallel. If one is about to, it returns no tasks; the process
// then calls again.
func (c *call) claimAllowance(s Sweep) (allowance, error) {
	if s.Parallel > 0 && !s.Paused {
		if free, err := c.tx.ClaimSweep(s.ID); err != nil || !free {
			return allowance{}, err
		}
	}
	return c.allowance(s)
}

// costUntil returns the cost, by the cost model, of a task that would end at a time.
func (c *call) costUntil(t time.Time, tallies map[Phase]Tally) time.Duration {
	return costWithin(t.Sub(c.now), tallies)
}

// costWithin returns the cost, by the cost model, of a task that takes a time.
func costWithin(d time.Duration, tallies map[Phase]Tally) time.Duration {
	cost := float64(d) / slowness(tallies)
	if cost >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(cost)
}

// slowness returns how many seconds the finished tasks of a sweep took for a second of the
// cost model; 1 before one is finished.
func slowness(tallies map[Phase]Tally) float64 {
	if done := tallies[Done]; done.Cost > 0 && done.Compute > 0 {
		return done.Compute / done.Cost
	}
	return 1
}

// next lists up to limit waiting tasks of a sweep whose cost, without the steps before
// their checkpoints, is within the allowance.
func (c *call) next(s Sweep, a allowance, exclusive bool, limit int) ([]Next, error) {
	for listed := limit; ; listed *= 2 {
		tasks, err := c.tx.Next(s.Plan, exclusive, a.cost, listed)
		if err != nil {
			return nil, err
		}
		fitting := tasks[:0:0]
		for _, n := range tasks {
			left := n.Cost
			if left > a.cost { // the store omits it if it has no checkpoint
				if left, err = c.costLeft(n); err != nil {
					return nil, err
				}
			}
			if left <= a.cost {
				fitting = append(fitting, n)
			}
		}
		if len(fitting) >= limit || len(tasks) < listed {
			return fitting[:min(len(fitting), limit)], nil
		}
	}
}

// costLeft returns the cost of the steps of a task after its checkpoint.
func (c *call) costLeft(n Next) (time.Duration, error) {
	step, err := c.tx.CheckpointStep(n.Task)
	if err != nil {
		return 0, err
	}
	s, err := c.specification(n.Task)
	share := min(1, float64(step)/float64(max(1, s.Configuration.Training.Steps)))
	return time.Duration((1 - share) * float64(n.Cost)), err
}

// stopped returns why the leases of a sweep are to be handed back; "" if they are not.
func (s Sweep) stopped(now time.Time) string {
	switch {
	case s.Paused:
		return "the sweep is paused"
	case !s.Until.IsZero() && !now.Before(s.Until):
		return "the time of the sweep is up"
	default:
		return ""
	}
}

// recall returns why the holder of a task is to hand it back: all sweeps that refer to it
// are stopped. It returns "" if one goes on.
func (c *call) recall(task sweep.TaskID, sweeps []Sweep) (string, error) {
	reasons := map[string]string{}
	for _, s := range sweeps {
		if reason := s.stopped(c.now); reason != "" {
			reasons[s.ID] = reason
		}
	}
	if len(reasons) == 0 {
		return "", nil
	}
	referring, err := c.tx.Referring(task)
	if err != nil {
		return "", err
	}
	reason := ""
	for _, id := range referring {
		if reason = reasons[id]; reason == "" {
			break
		}
	}
	return reason, nil
}

// untilNext returns the time until the next Limits.Until of some sweeps, at most limit, so
// that the holders of leases call when they are to hand them back.
func (c *call) untilNext(sweeps []Sweep, limit time.Duration) time.Duration {
	for _, s := range sweeps {
		if left := s.Until.Sub(c.now); left > 0 {
			limit = min(limit, left)
		}
	}
	return limit
}

// timeUp reports whether the Limits.Until of a sweep leaves nothing to do: tasks wait that
// cannot end in time, and no other task is or will be leased. Leases count until
// Policy.RecallTerm after the time.
func (c *call) timeUp(s Sweep, tallies map[Phase]Tally) (bool, error) {
	switch {
	case s.Until.IsZero():
		return false, nil
	case tallies[Leased].Tasks > 0:
		return !c.now.Before(s.Until.Add(c.policy.RecallTerm)), nil
	case tallies[Waiting].Tasks+tallies[BackingOff].Tasks == 0:
		return false, nil
	case !c.now.Before(s.Until):
		return true, nil
	case s.Paused || tallies[BackingOff].Tasks > 0:
		return false, nil
	}
	fitting, err := c.next(s, allowance{cost: c.costUntil(s.Until, tallies)}, true, 1)
	return len(fitting) == 0, err
}

// countOpen counts the unfinished tasks in the plans of all sweeps but those whose time is
// up and that have no leases.
func (c *call) countOpen() (int, error) {
	open, err := c.tx.CountUnfinished()
	if err != nil || open == 0 {
		return open, err
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return 0, err
	}
	for _, s := range sweeps {
		if s.Until.IsZero() {
			continue
		}
		tallies, err := c.tx.Tallies(s.Plan)
		if err != nil {
			return 0, err
		}
		up, err := c.timeUp(s, tallies)
		if err != nil {
			return 0, err
		}
		if up && tallies[Leased].Tasks == 0 {
			open -= tallies[Waiting].Tasks + tallies[BackingOff].Tasks
		}
	}
	return open, nil
}

// liftUntil removes the Limits.Until of a sweep (or of all, if sweepID is "") if it has
// passed, so that tasks that an operator wants verified can run.
func (q *Queue) liftUntil(ctx context.Context, sweepID string) error {
	return q.update(ctx, func(c *call) error {
		sweeps, err := c.sweepsOf(sweepID)
		if err != nil {
			return err
		}
		for _, s := range sweeps {
			if s.Until.IsZero() || c.now.Before(s.Until) {
				continue
			}
			if s, err = c.sweep(s.ID); err != nil { // with its grid
				return err
			}
			s.Until = time.Time{}
			if err := c.tx.PutSweep(s); err != nil {
				return err
			}
		}
		return nil
	})
}
