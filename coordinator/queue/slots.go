package queue

import "time"

// slots hands out the free slots of a process. Small tasks share a slot, in a
// batch worth about Policy.BatchCost, so that calls stay rare.
type slots struct {
	policy Policy
	left   int           // without any task
	room   time.Duration // in the slot that was opened last
	tasks  int           // in the slot that was opened last
	last   time.Duration // cost of the task that was placed last
	likely int           // how many tasks the next slot will take, by those that the process has finished
}

// maxListed bounds how many waiting tasks are listed at once for a slot, maxLikely
// those of which it is not known what they cost: they are kept from others.
const (
	maxListed = 32
	maxLikely = 4
)

func newSlots(p Policy, r SyncRequest) *slots {
	likely := len(r.Reports) / max(1, r.FreeSlots)
	return &slots{policy: p, left: r.FreeSlots, likely: min(max(1, likely), maxLikely, p.MaxBatch)}
}

// open gives the next free slot to a task of some cost.
func (s *slots) open(cost time.Duration) {
	s.left--
	s.room, s.tasks, s.last = s.policy.BatchCost-cost, 1, cost
}

// fit is how many more tasks like the one before may join it. Tasks come the
// longest first, so where a quarter of the slot is empty, one more is looked at. No
// more than maxListed are listed.
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

// join adds a small task to the slot that was opened last, if it has room.
func (s *slots) join(cost time.Duration) bool {
	if s.tasks == 0 || cost > s.room || s.tasks >= s.policy.MaxBatch {
		return false
	}
	s.room -= cost
	s.tasks++
	s.last = cost
	return true
}

// occupy places a task that the process must take, as it would have been granted.
func (s *slots) occupy(cost time.Duration) {
	if !s.join(cost) && s.left > 0 {
		s.open(cost)
	}
}
