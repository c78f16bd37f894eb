package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// fill grants waiting tasks to the free slots of a process. The sweeps take turns, one
// slot each. A process that holds nothing may get an exclusive task, and then no other.
func (c *call) fill(p Process, free *slots, sweeps []Sweep, holdsNothing bool) ([]Assignment, error) {
	sweeps, err := c.withWaitingTasks(sweeps)
	if err != nil {
		return nil, err
	}
	var granted []Assignment
	turns := newTurns(sweeps)
	for free.left > 0 && turns.any() {
		s := turns.next()
		may, err := c.claimAllowance(s)
		if err != nil {
			return nil, err
		}
		var tasks []Next
		limit := min(free.forecast, may.tasks)
		if limit > 0 {
			if tasks, err = c.next(s, may, holdsNothing && len(granted) == 0, limit); err != nil {
				return nil, err
			}
		}
		if len(tasks) == 0 {
			turns.drop()
			continue
		}
		if err := c.advanceTurn(s, turns); err != nil {
			return nil, err
		}
		free.open(tasks[0].Cost, may)
		a, err := c.grant(p, tasks[0])
		if err != nil {
			return nil, err
		}
		if granted = append(granted, a); tasks[0].Exclusive {
			break
		}
		joined, err := c.batch(p, s, free, may, tasks[1:], len(tasks) == limit)
		if err != nil {
			return nil, err
		}
		granted = append(granted, joined...)
	}
	return granted, nil
}

// withWaitingTasks returns the sweeps that have waiting tasks. Most sweeps of a store
// are finished.
func (c *call) withWaitingTasks(sweeps []Sweep) ([]Sweep, error) {
	if len(sweeps) <= 1 {
		return sweeps, nil
	}
	waiting, err := c.tx.Waiting()
	return slices.DeleteFunc(slices.Clone(sweeps), func(s Sweep) bool { return !slices.Contains(waiting, s.Plan) }), err
}

// hasWork reports whether a process that holds nothing could be granted a task.
func (c *call) hasWork(sweeps []Sweep) (bool, error) {
	sweeps, err := c.withWaitingTasks(sweeps)
	if err != nil {
		return false, err
	}
	for _, s := range sweeps {
		may, err := c.allowance(s)
		if err != nil {
			return false, err
		}
		if may.tasks == 0 {
			continue
		}
		tasks, err := c.next(s, may, true, 1)
		if err != nil || len(tasks) > 0 {
			return len(tasks) > 0, err
		}
	}
	return false, nil
}

// batch fills the slot that was opened last with small tasks of the same sweep. It
// starts with the given tasks and lists others if there are more. The slot's first task
// counts towards the allowance.
func (c *call) batch(p Process, s Sweep, free *slots, may allowance, tasks []Next, more bool) ([]Assignment, error) {
	var joined []Assignment
	for {
		for _, next := range tasks {
			if len(joined)+1 >= may.tasks {
				return joined, nil
			}
			if next.Exclusive {
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
		limit := min(free.fit(), may.tasks-1-len(joined))
		if !more || limit <= 0 {
			return joined, nil
		}
		var err error
		if tasks, err = c.next(s, may, false, limit); err != nil {
			return nil, err
		}
		more = len(tasks) == limit
	}
}

// grant leases a waiting task to a process under the next attempt.
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
	if a.Attempt > 1 { // a first attempt has no checkpoint
		if a.From, err = c.tx.CheckpointStep(a.Task); err != nil {
			return Assignment{}, err
		}
	}
	assignment, _, err := c.assignmentFrom(a, a.From)
	if err != nil {
		return Assignment{}, err
	}
	c.leased = true
	return assignment, c.tx.PutAttempt(a)
}

// fullAssignment returns the assignment of a lease with its Work, and the cost of its task.
func (c *call) fullAssignment(a Attempt) (Assignment, time.Duration, error) {
	step, err := c.tx.CheckpointStep(a.Task)
	if err != nil {
		return Assignment{}, 0, err
	}
	return c.assignmentFrom(a, step)
}

func (c *call) assignmentFrom(a Attempt, step uint64) (Assignment, time.Duration, error) {
	s, err := c.specification(a.Task)
	if err != nil {
		return Assignment{}, 0, err
	}
	w := &Work{Task: s.Task, CheckpointStep: step, StallTimeout: c.policy.stallTimeout(s)}
	return Assignment{Lease: a.Lease, Work: w}, s.Cost, nil
}

// holdsExclusive reports whether a process holds an exclusive task.
func (c *call) holdsExclusive(held []Assignment) (bool, error) {
	if len(held) != 1 {
		return false, nil
	}
	r, err := c.record(held[0].Task)
	return r.Exclusive, err
}

// stallTimeout returns how long a task may go without completing a step.
func (p Policy) stallTimeout(s Specification) time.Duration {
	step := s.Cost.Seconds() / float64(max(1, s.Configuration.Training.Steps))
	return max(p.StallTimeout, time.Duration(p.StallFactor*step*float64(time.Second)))
}

// recentGrant is the cached part of a grant.
type recentGrant struct {
	process       string
	attempt       uint64
	configuration sweep.Configuration
}

// maxLookups bounds the lookups of leases that the process does not hold, since a call
// may name any.
const maxLookups = 512

// Granted returns, for each lease, the maximum size of its result in bytes, 1 if it is in
// others, or 0 if it was never granted to the process. It looks up at most maxLookups
// leases that the process does not hold, and omits the rest.
//
// It reads only, so that a caller can check a call before it decodes the results.
// Errors: ErrUnavailable.
func (q *Queue) Granted(ctx context.Context, process string, results, others []Lease) (map[Lease]int, error) {
	recent := map[Lease]int{}
	unknown := 0
	for _, l := range results {
		if g, ok := q.grants.Get(l.Task); ok && g.process == process && g.attempt == l.Attempt {
			recent[l] = sweep.MaxResultBytes(g.configuration)
		} else {
			unknown++
		}
	}
	if unknown+len(others) == 0 {
		return recent, nil
	}
	var granted map[Lease]int
	err := q.view(ctx, func(c *call) error {
		granted = maps.Clone(recent)
		return c.granted(granted, process, results, others)
	})
	if err != nil {
		return nil, fmt.Errorf("look up the leases of process %q: %w", process, err)
	}
	return granted, nil
}

// granted adds the leases that are not in the map.
func (c *call) granted(granted map[Lease]int, process string, results, others []Lease) error {
	held, err := c.tx.HeldBy(process)
	if err != nil {
		return err
	}
	live := make(map[Lease]bool, len(held))
	for _, a := range held {
		live[a.Lease] = true
	}
	lookups := 0
	add := func(l Lease, size func() (int, error)) error {
		if _, known := granted[l]; known {
			return nil
		}
		found := live[l]
		if !found {
			if lookups++; lookups > maxLookups {
				return nil
			}
			a, known, err := c.tx.Attempt(l)
			if err != nil {
				return err
			}
			found = known && a.Process == process
		}
		if !found {
			granted[l] = 0
			return nil
		}
		granted[l], err = size()
		return err
	}
	for _, l := range results {
		if err := add(l, func() (int, error) {
			s, err := c.specification(l.Task)
			return sweep.MaxResultBytes(s.Configuration), err
		}); err != nil {
			return err
		}
	}
	for _, l := range others {
		if err := add(l, func() (int, error) { return 1, nil }); err != nil {
			return err
		}
	}
	return nil
}

// remember caches new grants, which the checks of their results need.
func (q *Queue) remember(process string, assignments []Assignment) {
	for _, a := range assignments {
		if a.Work != nil {
			q.grants.Add(a.Task, recentGrant{process, a.Attempt, a.Work.Configuration})
		}
	}
}

// slots fills the free slots of a process. Small tasks share a slot, in a batch that
// costs about Policy.BatchCost, so that calls stay rare.
type slots struct {
	policy Policy
	left   int           // slots without a task
	room   time.Duration // left in the slot that was opened last
	tasks  int           // in the slot that was opened last
	last   time.Duration // cost of the task that was placed last
	// forecast is the number of tasks to list for the next slot: the last batch, which the
	// process reports, predicts the next.
	forecast int
}

// maxListed bounds how many waiting tasks one query lists for a slot. maxForecast is the
// bound while their cost is unknown, because concurrent calls cannot grant listed tasks.
const (
	maxListed   = 32
	maxForecast = 4
)

func newSlots(p Policy, r SyncRequest) *slots {
	forecast := len(r.Reports) / max(1, r.FreeSlots)
	return &slots{policy: p, left: r.FreeSlots, forecast: min(max(1, forecast), maxForecast, p.MaxBatch)}
}

// open places a task of some cost in the next free slot. All tasks of the slot together
// cost no more than the allowance for one, since they run one after the other.
func (s *slots) open(cost time.Duration, may allowance) {
	s.left--
	s.room, s.tasks, s.last = min(s.policy.BatchCost, may.cost)-cost, 1, cost
}

// fit returns how many more tasks to list for the slot that was opened last, assuming
// that they cost as much as the last one. Tasks come longest first, so if that one would
// not fit again but a quarter of the slot is empty, fit returns 1.
func (s *slots) fit() int {
	limit := min(maxListed, s.policy.MaxBatch-s.tasks)
	switch {
	case s.room <= 0 || limit <= 0:
		return 0
	case s.last <= 0:
		return limit
	case s.room < s.last && s.room >= s.policy.BatchCost/4:
		return 1
	default:
		return min(limit, int(s.room/s.last))
	}
}

// join adds a task to the slot that was opened last and reports whether it fitted.
func (s *slots) join(cost time.Duration) bool {
	if s.tasks == 0 || cost > s.room || s.tasks >= s.policy.MaxBatch {
		return false
	}
	s.room -= cost
	s.tasks++
	s.last = cost
	return true
}

// occupy places a task whose grant is repeated.
func (s *slots) occupy(cost time.Duration) {
	if !s.join(cost) && s.left > 0 {
		s.open(cost, allowance{cost: s.policy.BatchCost})
	}
}

// turns iterates over the sweeps that one call may serve, in rotation.
type turns struct {
	sweeps []Sweep // by Turn; the first is served next
	last   int64   // the largest turn
}

func newTurns(sweeps []Sweep) *turns {
	t := &turns{sweeps: append([]Sweep(nil), sweeps...)}
	for _, s := range sweeps {
		t.last = max(t.last, s.Turn)
	}
	return t
}

func (t *turns) any() bool { return len(t.sweeps) > 0 }

// next returns the sweep whose turn it is.
func (t *turns) next() Sweep { return t.sweeps[0] }

// drop removes the next sweep, which has no task to grant.
func (t *turns) drop() { t.sweeps = t.sweeps[1:] }

// advanceTurn moves the next sweep to the end. A single sweep keeps its turn.
func (c *call) advanceTurn(s Sweep, t *turns) error {
	if len(t.sweeps) == 1 {
		return nil
	}
	t.last++
	s.Turn = t.last
	t.sweeps = append(t.sweeps[1:], s)
	return c.tx.SetTurn(s.ID, s.Turn)
}
