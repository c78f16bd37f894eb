package queuetest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Consistent checks the invariants of every sweep, of the tasks that the sweeps refer to,
// and of the tasks in planned, which must still exist. It returns one message for each
// violation.
func Consistent(s queue.Store, planned map[sweep.TaskID]bool) []string {
	var c check
	err := s.View(context.Background(), func(tx queue.Tx) error {
		c = check{tx: tx, tasks: maps.Clone(planned), live: map[string]int{}}
		return c.all()
	})
	if err != nil {
		c.faults = append(c.faults, err.Error())
	}
	return c.faults
}

type check struct {
	tx     queue.Tx
	tasks  map[sweep.TaskID]bool
	live   map[string]int // live attempts by process
	faults []string
}

func (c *check) want(ok bool, format string, args ...any) {
	if !ok {
		c.faults = append(c.faults, fmt.Sprintf(format, args...))
	}
}

func (c *check) all() error {
	if c.tasks == nil {
		c.tasks = map[sweep.TaskID]bool{}
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return err
	}
	open := 0
	for _, s := range sweeps {
		n, err := c.sweep(s)
		if err != nil {
			return err
		}
		open += n
	}
	counted, err := c.tx.CountUnfinished()
	if err != nil {
		return err
	}
	c.want(counted == open, "%d tasks are counted as open: there are %d", counted, open)
	for _, task := range slices.Sorted(maps.Keys(c.tasks)) {
		if err := c.task(task); err != nil {
			return err
		}
	}
	return c.processes()
}

// sweep recounts the tallies from the rows, and the waiting tasks from Next.
func (c *check) sweep(s queue.Sweep) (open int, err error) {
	rows, err := c.tx.Rows(s.Plan, -1, 1<<30)
	if err != nil {
		return 0, err
	}
	counted := map[queue.Phase]queue.Tally{}
	waiting := map[bool][]queue.Row{}
	for _, row := range rows {
		c.tasks[row.Task.ID] = true
		r, found, err := c.tx.Record(row.Task.ID)
		if err != nil {
			return 0, err
		}
		c.want(found && r.Phase == row.Phase && r.State() == row.State, "task %s: its row is %s, its record %s", row.Task.ID, row.Phase, r.Phase)
		sum := counted[r.Phase]
		sum.Tasks++
		sum.Cost += row.Cost
		sum.Compute += r.Compute.Seconds()
		if r.Verifying {
			sum.Verifying++
		}
		counted[r.Phase] = sum
		switch r.Phase {
		case queue.Waiting:
			waiting[true] = append(waiting[true], row)
			if !r.Exclusive {
				waiting[false] = append(waiting[false], row)
			}
			open++
		case queue.BackingOff, queue.Leased:
			open++
		default:
		}
	}
	withWaiting, err := c.tx.Waiting()
	if err != nil {
		return 0, err
	}
	c.want(slices.Contains(withWaiting, s.Plan) == (len(waiting[true]) > 0), "plan %s: %d tasks are waiting, the plans with waiting tasks are %v", s.Plan, len(waiting[true]), withWaiting)
	if err := c.tallies(s.Plan, counted); err != nil {
		return 0, err
	}
	for _, exclusive := range []bool{false, true} {
		if err := c.next(s.Plan, exclusive, waiting[exclusive]); err != nil {
			return 0, err
		}
	}
	return open, nil
}

func (c *check) tallies(plan string, counted map[queue.Phase]queue.Tally) error {
	kept, err := c.tx.Tallies(plan)
	if err != nil {
		return err
	}
	for _, phase := range queue.Phases {
		k, n := kept[phase], counted[phase]
		c.want(k.Tasks == n.Tasks && k.Verifying == n.Verifying && near(k.Cost, n.Cost) && near(k.Compute, n.Compute),
			"plan %s has the tally %+v of %s: counted %+v", plan, k, phase, n)
	}
	return nil
}

// near reports whether two sums are equal up to rounding.
func near(a, b float64) bool { return a-b < 1e-3 && b-a < 1e-3 }

func (c *check) next(plan string, exclusive bool, waiting []queue.Row) error {
	slices.SortFunc(waiting, func(a, b queue.Row) int { return 2*(a.Order-b.Order) + min(1, max(-1, a.Row-b.Row)) })
	next, err := c.tx.Next(plan, exclusive, math.MaxInt64, 1<<30)
	if err != nil {
		return err
	}
	same := slices.EqualFunc(next, waiting, func(n queue.Next, r queue.Row) bool { return n.Task == r.Task.ID })
	c.want(same, "plan %s: next (exclusive: %v) are %v: waiting are %v", plan, exclusive, next, waiting)
	return nil
}

// task checks a record against its attempts, results and checkpoint.
func (c *check) task(task sweep.TaskID) error {
	r, found, err := c.tx.Record(task)
	if err != nil {
		return err
	}
	if !found {
		c.want(false, "task %s has vanished", task)
		return nil
	}
	attempts, err := c.tx.Attempts(task)
	if err != nil {
		return err
	}
	c.want(uint64(len(attempts)) == r.Attempt, "task %s: the token is %d, there are %d attempts", task, r.Attempt, len(attempts))
	c.want((r.Phase == queue.BackingOff) == !r.NotBefore.IsZero(), "task %s is %s, and backs off until %v", task, r.Phase, r.NotBefore)
	c.want(r.Pardoned <= r.Attempt, "task %s: pardoned up to %d of %d", task, r.Pardoned, r.Attempt)
	votes := map[string]int{}
	for i, a := range attempts {
		c.want(a.Attempt == uint64(i+1), "task %s: attempt %d is number %d", task, i+1, a.Attempt)
		c.want((a.Outcome == queue.Live) == a.EndedAt.IsZero(), "task %s: attempt %d is %q, ended at %v", task, i+1, a.Outcome, a.EndedAt)
		c.want(a.Outcome != queue.Accepted || a.Digest != "", "task %s: attempt %d was accepted without a result", task, i+1)
		if a.Outcome == queue.Live {
			c.live[a.Process]++
			c.want(r.Phase == queue.Leased && a.Attempt == r.Attempt,
				"task %s: attempt %d of %d is live, the phase is %s", task, i+1, r.Attempt, r.Phase)
		}
		if a.Digest != "" {
			votes[a.Digest]++
			if err := c.result(task, a.Digest); err != nil {
				return err
			}
		}
	}
	c.phase(r, attempts, votes)
	step, _, saved, err := c.tx.Checkpoint(task)
	if err != nil {
		return err
	}
	c.want(saved == (step > 0), "task %s has a checkpoint of step %d", task, step)
	c.want(!saved || r.Phase != queue.Done && r.Phase != queue.BackingOff, "task %s is %s and has a checkpoint of step %d", task, r.Phase, step)
	return nil
}

func (c *check) result(task sweep.TaskID, digest string) error {
	stored, found, err := c.tx.Result(task, digest)
	c.want(found && sweep.ResultDigest(stored.Body) == digest, "task %s: the result %s is missing or altered", task, digest)
	return err
}

// majority checks that more attempts reported the accepted result than any other.
func (c *check) majority(r queue.Record, votes map[string]int) {
	for digest, n := range votes {
		c.want(digest == r.Accepted || n < votes[r.Accepted], "task %s is done, its results are %v", r.Task, votes)
	}
}

// verifying checks that only tasks with an accepted result are being verified.
func (c *check) verifying(r queue.Record) {
	verified := r.Accepted != "" && (r.Phase == queue.Waiting || r.Phase == queue.BackingOff || r.Phase == queue.Leased)
	c.want(!r.Verifying || verified, "task %s is %s and being verified, accepted: %q", r.Task, r.Phase, r.Accepted)
}

// phase checks that the attempts of a task justify its phase.
func (c *check) phase(r queue.Record, attempts []queue.Attempt, votes map[string]int) {
	var newest queue.Attempt
	accepted, failed, lost := false, 0, 0
	for _, a := range attempts {
		newest = a
		accepted = accepted || a.Outcome == queue.Accepted
		if a.Attempt <= r.Pardoned {
			continue
		}
		switch a.Outcome {
		case queue.AttemptFailed:
			failed++
		case queue.Lost:
			lost++
		default:
		}
	}
	c.verifying(r)
	c.want((r.Accepted != "") == accepted, "task %s: accepted is %q, an attempt was accepted: %v", r.Task, r.Accepted, accepted)
	c.want(r.Accepted == "" || votes[r.Accepted] > 0, "task %s: no attempt reported the accepted result", r.Task)
	switch r.Phase {
	case queue.Leased:
		c.want(newest.Outcome == queue.Live, "task %s is leased, its newest attempt is %q", r.Task, newest.Outcome)
	case queue.Done:
		c.want(accepted, "task %s is done without a result", r.Task)
		c.majority(r, votes)
	case queue.Diverged:
		c.want(len(votes) > 1 && accepted, "task %s has diverged, its results are %v", r.Task, votes)
	case queue.Failed:
		justified := failed+lost > 0 || r.Reason == queue.CancelledByOperator
		c.want(justified && !accepted && r.Reason != "", "task %s failed for %d attempts, accepted: %v, reason %q", r.Task, failed+lost, accepted, r.Reason)
	case queue.BackingOff:
		c.want(newest.Outcome == queue.AttemptFailed && !r.NotBefore.IsZero(), "task %s backs off until %v after %q", r.Task, r.NotBefore, newest.Outcome)
	default:
	}
	c.want(r.Phase == queue.BackingOff || r.NotBefore.IsZero(), "task %s is %s, not before %v", r.Task, r.Phase, r.NotBefore)
	c.want(!r.Exclusive || lost > 0, "task %s is exclusive without a loss", r.Task)
}

// processes checks that every holder of leases has a deadline, and that an exclusive task
// is the only one of its holder.
func (c *check) processes() error {
	present, err := c.tx.Present(time.Time{})
	if err != nil {
		return err
	}
	for _, p := range present {
		held, err := c.tx.HeldBy(p.ID)
		if err != nil {
			return err
		}
		c.want(len(held) == c.live[p.ID], "process %s holds %d leases, but has %d live attempts", p.ID, len(held), c.live[p.ID])
		delete(c.live, p.ID)
		for _, a := range held {
			r, _, err := c.tx.Record(a.Task)
			if err != nil {
				return err
			}
			c.want(!r.Exclusive || len(held) == 1, "process %s holds the exclusive task %s and %d others", p.ID, a.Task, len(held)-1)
		}
	}
	for process, n := range c.live {
		c.want(false, "process %s has no deadline, but %d live attempts", process, n)
	}
	return nil
}
