package queue

import (
	"time"
)

// fill grants waiting tasks to the free slots of a process. The sweeps take
// turns, a slot each. bare says that the process holds nothing: only then may it
// get a task that must be alone, and then nothing else.
func (c *call) fill(p Process, free *slots, sweeps []Sweep, bare bool) ([]Assignment, error) {
	var granted []Assignment
	turns := newTurns(sweeps)
	for free.left > 0 && turns.any() {
		s := turns.next()
		first, alone, found, err := c.first(s, bare && len(granted) == 0)
		if err != nil {
			return nil, err
		}
		if !found {
			turns.drop()
			continue
		}
		if err := c.took(s, turns); err != nil {
			return nil, err
		}
		free.open(first.Cost)
		a, err := c.grant(p, first)
		if err != nil {
			return nil, err
		}
		granted = append(granted, a)
		if alone {
			break
		}
		if granted, err = c.batch(granted, p, s, free); err != nil {
			return nil, err
		}
	}
	return granted, nil
}

// first finds what a sweep would have done next: the first waiting task in its
// order that may be granted.
func (c *call) first(s Sweep, mayBeAlone bool) (next Next, alone, found bool, err error) {
	tasks, err := c.tx.Next(s.Plan, false, 1)
	if err != nil {
		return Next{}, false, false, err
	}
	if mayBeAlone {
		lonely, err := c.tx.Next(s.Plan, true, 1)
		if err != nil {
			return Next{}, false, false, err
		}
		if len(lonely) > 0 && (len(tasks) == 0 || lonely[0].before(tasks[0])) {
			return lonely[0], true, true, nil
		}
	}
	if len(tasks) == 0 {
		return Next{}, false, false, nil
	}
	return tasks[0], false, true, nil
}

// anything says whether a process that holds nothing could be granted a task.
func (c *call) anything(sweeps []Sweep) (bool, error) {
	for _, s := range sweeps {
		if _, _, found, err := c.first(s, true); err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// batchPage bounds how many waiting tasks are read at once to fill up a slot.
const batchPage = 32

// batch fills up the slot that was opened last with small tasks of the same sweep.
func (c *call) batch(granted []Assignment, p Process, s Sweep, free *slots) ([]Assignment, error) {
	for free.room > 0 {
		limit := free.fit(batchPage)
		tasks, err := c.tx.Next(s.Plan, false, limit)
		if err != nil {
			return nil, err
		}
		for _, next := range tasks {
			if !free.join(next.Cost) {
				return granted, nil
			}
			a, err := c.grant(p, next)
			if err != nil {
				return nil, err
			}
			granted = append(granted, a)
		}
		if len(tasks) < limit {
			break
		}
	}
	return granted, nil
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
