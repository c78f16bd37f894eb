package app

import (
	"time"

	"spiqsweep/coordinator/queue"
)

// Progress is the state of a sweep during a run.
type Progress struct {
	queue.Status
	// Elapsed is the time since the run began; Gained counts the tasks done in it.
	Elapsed time.Duration
	Gained  int
	// Deserted reports that workers were present in this run and none is left, although
	// tasks are unfinished.
	Deserted bool
}

// PerMinute returns the tasks done per minute of this run.
func (p Progress) PerMinute() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Gained) / p.Elapsed.Minutes()
}

// Trained returns the share of their steps that the running tasks have made, in [0, 1],
// by the last reports of their workers.
func (p Progress) Trained() float64 {
	made, steps := 0.0, 0.0
	for _, w := range p.Workers {
		for _, r := range w.Running {
			made, steps = made+float64(r.Step), steps+float64(r.Steps)
		}
	}
	return made / max(steps, 1)
}

// Incomplete returns the number of failed and diverged tasks.
func (p Progress) Incomplete() int { return p.Counts.Failed + p.Counts.Diverged }
