package circuit

import (
	"fmt"
	"testing"
)

// BenchmarkCircuit measures the paper's circuit with five layers and one γ per
// qubit and sample, on one core: forward is Forward and Probabilities, gradient is
// Forward and Backward. It runs the best kernel of the machine, or the one named by
// SPIQSWEEP_KERNEL.
func BenchmarkCircuit(b *testing.B) {
	fmt.Println("kernel:", DefaultKernel().Name) // a line of configuration in what benchmarks print
	for _, n := range []int{2, 4, 6, 8, 10, 12, 14, 16} {
		a := paper(n)
		a.Layers, a.Noise = 5, PerQubit
		c, err := Compile(a, DefaultKernel())
		if err != nil {
			b.Fatal(err)
		}
		drawn := randomBatch(a, 1)
		patch, forward, backward := c.NewPatch(), c.NewTile(false), c.NewTile(true)
		patch.Set(drawn.angles)
		law, gradient := make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
		measure := func(name string, run func()) {
			b.Run(fmt.Sprintf("%s/n=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					run()
				}
				b.ReportMetric(float64(b.N)*Lanes/b.Elapsed().Seconds(), "circuits/s")
			})
		}
		measure("forward", func() {
			forward.Forward(patch, drawn.noise)
			forward.Probabilities(law)
		})
		measure("gradient", func() {
			backward.Forward(patch, drawn.noise)
			backward.Backward(patch, drawn.weights, gradient)
		})
	}
}
