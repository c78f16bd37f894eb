package gan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"spiqsweep/simulator/recording"
)

// BenchmarkIteration measures a step with the default settings, and the ratio of
// its time to that of its circuits alone: 64 forward passes and 32 passes with
// gradient of every patch.
func BenchmarkIteration(b *testing.B) {
	for _, size := range []struct{ neurons, timesteps int }{{10, 30}, {4, 10}, {2, 1}} {
		b.Run(fmt.Sprintf("n=%d,t=%d", size.neurons, size.timesteps), func(b *testing.B) {
			trainer := onSurrogate(b, defaults(size.neurons, size.timesteps, 1<<40))
			run(b, trainer, 10)
			b.ReportAllocs()
			for b.Loop() {
				if err := trainer.Step(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "iterations/s")
			b.ReportMetric(timesCircuits(b, trainer), "×circuits")
		})
	}
}

// BenchmarkObjective measures a step of the objectives without a critic: likelihood
// over all windows and in batches, and maximum mean discrepancy.
func BenchmarkObjective(b *testing.B) {
	for _, objective := range []Objective{Likelihood, MMD} {
		for _, size := range []struct{ neurons, timesteps int }{{4, 1}, {10, 1}, {4, 4}, {10, 10}} {
			b.Run(fmt.Sprintf("%s,n=%d,t=%d", objective, size.neurons, size.timesteps), func(b *testing.B) {
				s := defaults(size.neurons, size.timesteps, 1<<40)
				s.Objective = objective
				trainer := onSurrogate(b, s)
				run(b, trainer, 2)
				b.ReportAllocs()
				for b.Loop() {
					if err := trainer.Step(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "iterations/s")
			})
		}
	}
}

// onSurrogate returns a training on the surrogate.
func onSurrogate(b *testing.B, s Settings) *Trainer {
	b.Helper()
	windows := mostActive(b, recording.Surrogate(1), s.Ansatz.Neurons, s.Timesteps)
	trainer, err := NewTrainer(s, s.address(0), windows)
	if err != nil {
		b.Fatal(err)
	}
	return trainer
}

// timesCircuits returns the ratio of the time of a step to that of its circuits
// alone. It measures the two alternately, so that both see the same load of the
// machine, and takes the median of each.
func timesCircuits(b *testing.B, t *Trainer) float64 {
	b.Helper()
	circuits := circuitsOfStep(t)
	var steps, alone []time.Duration
	for start := time.Now(); len(steps) < 5 || time.Since(start) < time.Second; {
		steps = append(steps, timeOf(func() { run(b, t, 1) }))
		alone = append(alone, timeOf(circuits))
	}
	slices.Sort(steps)
	slices.Sort(alone)
	return steps[len(steps)/2].Seconds() / alone[len(alone)/2].Seconds()
}

// timeOf returns the time of one call, averaged over at least two milliseconds.
func timeOf(f func()) time.Duration {
	calls := time.Duration(0)
	start := time.Now()
	for calls == 0 || time.Since(start) < 2*time.Millisecond {
		f()
		calls++
	}
	return time.Since(start) / calls
}

// circuitsOfStep returns a function that runs only the circuits of a step.
func circuitsOfStep(t *Trainer) func() {
	forward, keep := t.sampler.circuit.NewTile(false), t.sampler.circuit.NewTile(true)
	gradient := make([]float64, t.settings.Ansatz.Angles())
	probabilities := make([]float32, len(t.actor.weights[0]))
	return func() {
		for _, patch := range t.sampler.patches {
			for block := range t.batch.blocks() {
				for range t.settings.CriticUpdates {
					forward.Forward(patch, t.batch.noise[block])
					forward.Probabilities(probabilities)
				}
				keep.Forward(patch, t.batch.noise[block])
				keep.Backward(patch, t.actor.weights[block], gradient)
			}
		}
	}
}
