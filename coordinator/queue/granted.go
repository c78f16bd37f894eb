package queue

import (
	"context"
	"fmt"
	"maps"

	"spiqsweep/sweep"
)

// recentGrant is what a queue remembers of a lease that it granted.
type recentGrant struct {
	process       string
	attempt       uint64
	configuration sweep.Configuration
}

// maxLookups bounds the leases of one call that are looked up because their process
// does not hold them: it may name any.
const maxLookups = 512

// Granted returns which of the leases that a process names were granted to it. For
// those of results, the value is how large the result may be, in bytes; for others
// it is positive; and it is 0 for a lease that was never granted to the process. Of
// leases that the process no longer holds it looks up a few hundred: those beyond are
// not in the map.
//
// It reads, so that a caller can check a call before it spends anything on it.
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

// granted adds the leases that are not in the map yet.
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

// remember keeps what was granted, for the results to come.
func (q *Queue) remember(process string, assignments []Assignment) {
	for _, a := range assignments {
		if a.Work != nil {
			q.grants.Add(a.Task, recentGrant{process, a.Attempt, a.Work.Configuration})
		}
	}
}
