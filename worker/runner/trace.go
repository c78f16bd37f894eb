package runner

import (
	"math"

	"spiqsweep/sweep"
)

// trace measures how a training goes, for Result.Training.
type trace struct {
	every, last int // steps
	trainer     trainer
	traceState
}

// traceState is the part of a trace that a checkpoint keeps.
type traceState struct {
	Points []sweep.TrainingPoint `json:"points,omitempty"`
	// Steps, Mean and Squares are the number of steps since the last point, the mean norm
	// of their gradients and the sum of its squared deviations (Welford 1962).
	Steps   int     `json:"steps,omitempty"`
	Mean    float64 `json:"mean,omitempty"`
	Squares float64 `json:"squares,omitempty"`
}

func newTrace(c sweep.Configuration, t trainer) *trace {
	return &trace{every: sweep.TrainingEvery(c), last: c.Training.Steps, trainer: t}
}

// before prepares for a step, counted from 1.
func (t *trace) before(step int) { t.trainer.Measure(t.due(step)) }

func (t *trace) due(step int) bool { return step%t.every == 0 || step == t.last }

// note adds a step that was made, and a point if one is due. It leaves out a point with a
// number that is not finite: a training may go on with huge losses.
func (t *trace) note(step int) {
	norm := t.trainer.GradientNorm()
	t.Steps++
	deviation := norm - t.Mean
	t.Mean += deviation / float64(t.Steps)
	t.Squares += deviation * (norm - t.Mean)
	if !isFinite(t.Mean) || !isFinite(t.Squares) {
		t.traceState = traceState{Points: t.Points} // JSON has no infinities
		return
	}
	if !t.due(step) {
		return
	}
	p := sweep.TrainingPoint{Step: step, GradientNorm: t.Mean, GradientNormVariance: t.Squares / float64(t.Steps)}
	t.traceState = traceState{Points: t.Points}
	critic, generator := t.trainer.Losses()
	for _, loss := range []struct {
		from float64
		to   **float64
	}{{critic, &p.CriticLoss}, {generator, &p.GeneratorLoss}} {
		if math.IsInf(loss.from, 0) {
			return
		}
		if !math.IsNaN(loss.from) {
			*loss.to = &loss.from
		}
	}
	t.Points = append(t.Points, p)
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
