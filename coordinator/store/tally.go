package store

import "spiqsweep/coordinator/queue"

// tally is a queue.Tally in whole microseconds, so that sums are exact.
type tally struct{ tasks, cost, compute int64 }

func (t tally) plus(u tally) tally {
	return tally{t.tasks + u.tasks, t.cost + u.cost, t.compute + u.compute}
}

func (t tally) minus() tally { return tally{-t.tasks, -t.cost, -t.compute} }

func (t tally) read() queue.Tally {
	return queue.Tally{Tasks: int(t.tasks), Cost: float64(t.cost) / 1e6, Compute: float64(t.compute) / 1e6}
}
