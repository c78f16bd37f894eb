package store

import "spiqsweep/coordinator/queue"

// tally is a queue.Tally in whole microseconds, so that sums are exact.
type tally struct{ tasks, cost, compute, verifying, arrivals int64 }

// tallyOf is the share of a task of some cost.
func tallyOf(r queue.Record, cost int64) tally {
	t := tally{tasks: 1, cost: cost, compute: r.Compute.Microseconds()}
	if r.Verifying {
		t.verifying = 1
	}
	return t
}

func (t tally) plus(u tally) tally {
	return tally{t.tasks + u.tasks, t.cost + u.cost, t.compute + u.compute, t.verifying + u.verifying, t.arrivals + u.arrivals}
}

func (t tally) minus() tally { return tally{-t.tasks, -t.cost, -t.compute, -t.verifying, -t.arrivals} }

func (t tally) read() queue.Tally {
	return queue.Tally{
		Tasks: int(t.tasks), Cost: float64(t.cost) / 1e6, Compute: float64(t.compute) / 1e6, Verifying: int(t.verifying),
		Arrivals: int(t.arrivals),
	}
}
