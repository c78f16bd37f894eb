package runner

import (
	"fmt"
	"testing"
	"time"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// BenchmarkHistory measures a point of the Jensen–Shannon history in the
// configurations of Fig. S1 that have one. It reports the time as a share of the
// training between two points, measured and for an iteration of 1.3 times its
// circuits.
func BenchmarkHistory(b *testing.B) {
	for _, size := range [][2]int{{2, 1}, {2, 2}, {2, 5}, {4, 1}, {4, 2}, {6, 1}, {6, 2}, {8, 1}, {8, 2}, {10, 1}} {
		b.Run(fmt.Sprintf("n=%d,t=%d", size[0], size[1]), func(b *testing.B) {
			run := surrogateRun(b, circuit.DefaultKernel(), size[0], size[1], 1e9)
			angles := run.trainer.Angles()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := run.history.divergence(angles); err != nil {
					b.Fatal(err)
				}
			}
			point := b.Elapsed() / time.Duration(b.N)
			steps := float64(run.history.every)
			iteration := timeOf(func() {
				if err := run.trainer.Step(); err != nil {
					b.Fatal(err)
				}
			})
			circuits := timeOf(circuitsOfStep(b, settingsOf(run.task.Configuration, run.kernel)))
			b.ReportMetric(point.Seconds()/(steps*iteration.Seconds()), "share")
			b.ReportMetric(point.Seconds()/(steps*1.3*circuits.Seconds()), "share-of-1.3×circuits")
		})
	}
}

// surrogateRun begins a task of a configuration of Fig. S1.
func surrogateRun(t testing.TB, kernel circuit.Kernel, neurons, timesteps, steps int) *run {
	t.Helper()
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.K, c.Training.Steps = neurons, timesteps, 1, steps
	source := recording.Surrogate(c.Seed)
	ids, err := source.Select(recording.Selection{}, neurons, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	s := trainOnly()
	s.kernel = kernel
	run, err := s.begin(t.Context(), Task{Configuration: c, Raster: source.Raster(ids)}, &recorder{stopAt: -1})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// circuitsOfStep returns a function that runs only the circuits of an iteration,
// as in BenchmarkIteration of package gan.
func circuitsOfStep(b *testing.B, s gan.Settings) func() {
	b.Helper()
	c, err := circuit.Compile(s.Ansatz, s.Kernel)
	if err != nil {
		b.Fatal(err)
	}
	patch, tile := c.NewPatch(), c.NewTile(true)
	noise, weights := make([]float32, s.Ansatz.NoiseRows()*circuit.Lanes), make([]float32, s.Ansatz.Words()*circuit.Lanes)
	gradient := make([]float64, s.Ansatz.Angles())
	return func() {
		for range s.Timesteps * s.BatchSize / circuit.Lanes {
			for range s.CriticUpdates {
				tile.Forward(patch, noise)
				tile.Probabilities(weights)
			}
			tile.Forward(patch, noise)
			tile.Backward(patch, weights, gradient)
		}
	}
}

// timeOf returns the time of one call, averaged over a tenth of a second.
func timeOf(f func()) time.Duration {
	calls := 0
	start := time.Now()
	for ; time.Since(start) < time.Second/10; calls++ {
		f()
	}
	return time.Since(start) / time.Duration(calls)
}
