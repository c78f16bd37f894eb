package table

import (
	"io"
	"math"
	"strconv"

	"spiqsweep/sweep"
)

// trainingLine is what a result has of one step of its training.
type trainingLine struct {
	step  int
	js    float64             // NaN without a point of the history
	point sweep.TrainingPoint // zero without one
}

// WriteTraining writes models/TASK.csv: a line for each step of Result.History or
// Result.Training.
func WriteTraining(w io.Writer, r sweep.Result) error {
	return write(w, trainingColumns(), func(yield func(trainingLine, error) bool) {
		for history, training := r.History, r.Training; len(history)+len(training) > 0; {
			line := trainingLine{step: math.MaxInt, js: math.NaN()}
			if len(training) > 0 {
				line.step = training[0].Step
			}
			if len(history) > 0 && history[0].Step <= line.step {
				line.step, line.js, history = history[0].Step, history[0].JSBits, history[1:]
			}
			if len(training) > 0 && training[0].Step == line.step {
				line.point, training = training[0], training[1:]
			}
			if !yield(line, nil) {
				return
			}
		}
	})
}

func trainingColumns() []column[trainingLine] {
	loss := func(of func(sweep.TrainingPoint) *float64) func(trainingLine) string {
		return func(l trainingLine) string {
			if v := of(l.point); v != nil {
				return Number(*v)
			}
			return ""
		}
	}
	return []column[trainingLine]{
		{"step", number, "the training step, from 1; 0: before the first", func(l trainingLine) string { return strconv.Itoa(l.step) }},
		{"js_bits", number, "Jensen–Shannon divergence of the windows' words after the step, bits; undefined above 16 bits a window", func(l trainingLine) string { return optional(l.js, true) }},
		{"critic_loss", number, "loss of the critic in its last update of the step, with the penalty; empty without a critic", loss(func(p sweep.TrainingPoint) *float64 { return p.CriticLoss })},
		{"generator_loss", number, "loss of the generator in the step, with the K-term; nats per window for the objective `likelihood`; empty for `mmd`", loss(func(p sweep.TrainingPoint) *float64 { return p.GeneratorLoss })},
		{"gradient_norm", number, "mean norm of the generator's gradient over the steps since the line before that has one", func(l trainingLine) string { return optional(l.point.GradientNorm, l.point.Step > 0) }},
		{"gradient_norm_variance", number, "variance of that norm over the same steps", func(l trainingLine) string { return optional(l.point.GradientNormVariance, l.point.Step > 0) }},
	}
}
