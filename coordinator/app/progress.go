package app

import (
	"time"

	"spiqsweep/coordinator/queue"
)

// Progress is how a sweep gets on.
type Progress struct {
	queue.Status
	// Elapsed is the time since this run began, Gained the tasks that were done in it.
	Elapsed time.Duration
	Gained  int
}

// PerMinute is the rate of this run, in tasks.
func (p Progress) PerMinute() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Gained) / p.Elapsed.Minutes()
}

// Failed counts the tasks that a person must look at.
func (p Progress) Failed() int { return p.Counts.SetAside + p.Counts.Diverged }
