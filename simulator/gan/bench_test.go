package gan

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkIteration measures a step of the defaults, and how many times as
// long it takes as its circuits alone: 64 forward passes, and 32 with gradient,
// of every patch.
func BenchmarkIteration(b *testing.B) {
	for _, size := range []struct{ neurons, timesteps int }{{10, 30}, {4, 10}, {2, 1}} {
		b.Run(fmt.Sprintf("n=%d,t=%d", size.neurons, size.timesteps), func(b *testing.B) {
			trainer := newTestTrainer(b, defaults(size.neurons, size.timesteps, 1<<40))
			run(b, trainer, 10)
			b.ReportAllocs()
			for b.Loop() {
				if err := trainer.Step(); err != nil {
					b.Fatal(err)
				}
			}
			step := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(1/step.Seconds(), "iterations/s")
			b.ReportMetric(step.Seconds()/circuitsOfStep(trainer).Seconds(), "×circuits")
		})
	}
}

// circuitsOfStep is the time of a step's circuits alone.
func circuitsOfStep(t *Trainer) time.Duration {
	forward, keep := t.sampler.circuit.NewTile(false), t.sampler.circuit.NewTile(true)
	gradient := make([]float64, t.settings.Ansatz.Angles())
	probabilities := make([]float32, len(t.actor.weights[0]))
	repeats := 0
	start := time.Now()
	for ; time.Since(start) < time.Second/2; repeats++ {
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
	return time.Since(start) / time.Duration(repeats)
}
