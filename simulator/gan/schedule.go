package gan

import "math"

// Schedule is the course of both learning rates over the training.
type Schedule string

// The schedules.
const (
	// Cosine lowers the rates from their full value to 0: factor
	// (1 + cos(π·step/steps))/2 (Loshchilov & Hutter 2017, without restarts).
	Cosine Schedule = "cosine"
	// Constant leaves them as they are.
	Constant Schedule = "constant"
)

// factor multiplies both learning rates at a step, counted from 0.
func (s Schedule) factor(step, steps int) float64 {
	if s == Constant {
		return 1
	}
	return (1 + math.Cos(math.Pi*float64(step)/float64(steps))) / 2
}
