package queue

import (
	"slices"
	"time"
)

// fill grants waiting tasks to the free slots of a process. The sweeps take
// turns, a slot each. bare says that the process holds nothing: only then may it
// get a task that must be alone, and then nothing else.
func (c *call) fill(p Process, free *slots, sweeps []Sweep, bare bool) ([]Assignment, error) {
	sweeps, err := c.hungry(sweeps)
	if err != nil {
		return nil, err
	}
	var granted []Assignment
	turns := newTurns(sweeps)
	for free.left > 0 && turns.any() {
		s := turns.next()
		limit := free.likely
		tasks, err := c.tx.Next(s.Plan, bare && len(granted) == 0, limit)
		if err != nil {
			return nil, err
		}
		if len(tasks) == 0 {
			turns.drop()
			continue
		}
		if err := c.took(s, turns); err != nil {
			return nil, err
		}
		free.open(tasks[0].Cost)
		a, err := c.grant(p, tasks[0])
		if err != nil {
			return nil, err
		}
		if granted = append(granted, a); tasks[0].Alone {
			break
		}
		joined, err := c.batch(p, s, free, tasks[1:], len(tasks) == limit)
		if err != nil {
			return nil, err
		}
		granted = append(granted, joined...)
	}
	return granted, nil
}

// hungry are the sweeps that have waiting tasks. A store keeps its finished sweeps,
// and most are.
func (c *call) hungry(sweeps []Sweep) ([]Sweep, error) {
	if len(sweeps) <= 1 {
		return sweeps, nil
	}
	waiting, err := c.tx.Waiting()
	return slices.DeleteFunc(slices.Clone(sweeps), func(s Sweep) bool { return !slices.Contains(waiting, s.Plan) }), err
}

// anything says whether a process that holds nothing could be granted a task.
func (c *call) anything(sweeps []Sweep) (bool, error) {
	sweeps, err := c.hungry(sweeps)
	if err != nil {
		return false, err
	}
	for _, s := range sweeps {
		tasks, err := c.tx.Next(s.Plan, true, 1)
		if err != nil || len(tasks) > 0 {
			return len(tasks) > 0, err
		}
	}
	return false, nil
}

// batch fills up the slot that was opened last with small tasks of the same sweep:
// those that were listed behind its first, then as many as it has room for, if
// there are more.
func (c *call) batch(p Process, s Sweep, free *slots, tasks []Next, more bool) ([]Assignment, error) {
	var joined []Assignment
	for {
		for _, next := range tasks {
			if next.Alone {
				continue
			}
			if !free.join(next.Cost) {
				return joined, nil
			}
			a, err := c.grant(p, next)
			if err != nil {
				return nil, err
			}
			joined = append(joined, a)
		}
		limit := free.fit()
		if !more || limit == 0 {
			return joined, nil
		}
		var err error
		if tasks, err = c.tx.Next(s.Plan, false, limit); err != nil {
			return nil, err
		}
		more = len(tasks) == limit
	}
}

// grant leases a waiting task to a process, under the next attempt.
func (c *call) grant(p Process, n Next) (Assignment, error) {
	r, err := c.record(n.Task)
	if err != nil {
		return Assignment{}, err
	}
	r.Attempt++
	r.Phase = Leased
	if err := c.tx.PutRecord(r); err != nil {
		return Assignment{}, err
	}
	a := Attempt{
		Lease:   Lease{Task: n.Task, Attempt: r.Attempt},
		Process: p.ID, Host: p.Host, Kernel: p.Kernel, GrantedAt: c.now,
	}
	if a.Attempt > 1 { // only an attempt stores a checkpoint
		if a.From, err = c.tx.CheckpointStep(a.Task); err != nil {
			return Assignment{}, err
		}
	}
	assignment, _, err := c.workFrom(a, a.From)
	if err != nil {
		return Assignment{}, err
	}
	c.leased = true
	return assignment, c.tx.PutAttempt(a)
}

// work is the assignment of a lease that its holder does not know yet, and its cost.
func (c *call) work(a Attempt) (Assignment, time.Duration, error) {
	step, err := c.tx.CheckpointStep(a.Task)
	if err != nil {
		return Assignment{}, 0, err
	}
	return c.workFrom(a, step)
}

func (c *call) workFrom(a Attempt, step uint64) (Assignment, time.Duration, error) {
	s, err := c.specification(a.Task)
	if err != nil {
		return Assignment{}, 0, err
	}
	w := &Work{Task: s.Task, CheckpointStep: step, StallTimeout: c.policy.stallTimeout(s)}
	return Assignment{Lease: a.Lease, Work: w}, s.Cost, nil
}

// shut says whether a process holds a task that must be alone.
func (c *call) shut(held []Assignment) (bool, error) {
	if len(held) != 1 {
		return false, nil
	}
	r, err := c.record(held[0].Task)
	return r.Alone, err
}

// stallTimeout is how long a task may go without a new step: some times the
// expected time of a step, and a least time.
func (p Policy) stallTimeout(s Specification) time.Duration {
	step := s.Cost.Seconds() / float64(max(1, s.Configuration.Training.Steps))
	return max(p.StallTimeout, time.Duration(p.StallFactor*step*float64(time.Second)))
}
