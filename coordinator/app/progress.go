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
	// Deserted: there were workers in this run, and none is left, though there is
	// work.
	Deserted bool
}

// PerMinute is the rate of this run, in tasks.
func (p Progress) PerMinute() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Gained) / p.Elapsed.Minutes()
}

// Running counts the tasks that are being trained: of a batch of small ones, a
// slot trains one at a time.
func (p Progress) Running() int { return min(p.Counts.Leased, p.Workforce.Slots) }

// Trained is the share of their steps that the running tasks have made, in
// [0, 1], as far as their workers have told.
func (p Progress) Trained() float64 {
	made, steps := 0.0, 0.0
	for _, w := range p.Workers {
		for _, r := range w.Running {
			made, steps = made+float64(r.Step), steps+float64(r.Steps)
		}
	}
	return made / max(steps, 1)
}

// Failed counts the tasks that a person must look at.
func (p Progress) Incomplete() int { return p.Counts.Failed + p.Counts.Diverged }
