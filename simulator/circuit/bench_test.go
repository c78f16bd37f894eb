package circuit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkCircuit measures the paper's circuit with five layers and one γ per
// qubit and sample, tile by tile on one core: forward is Forward and
// Probabilities, gradient is Forward and Backward. The first kernel of the
// machine has the plain names, the others bear theirs.
func BenchmarkCircuit(b *testing.B) {
	for i, k := range Kernels() {
		suffix := ""
		if i > 0 {
			suffix = "/kernel=" + k.Name
		}
		for _, n := range []int{2, 4, 6, 8, 10, 12} {
			a := paper(n)
			a.Layers, a.Noise = 5, PerQubit
			c, err := Compile(a, k)
			if err != nil {
				b.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, uint64(n)))
			patch, tile := c.NewPatch(), c.NewTile(true)
			angles := make([]float64, a.Angles())
			for i := range angles {
				angles[i] = 2 * math.Pi * r.Float64()
			}
			patch.Set(angles)
			noise := make([]float32, a.NoiseRows()*Lanes)
			for i := range noise {
				noise[i] = math.Pi * r.Float32()
			}
			weights, law := make([]float32, a.Words()*Lanes), make([]float32, a.Words()*Lanes)
			for i := range weights {
				weights[i] = r.Float32()
			}
			measure := func(name string, run func()) {
				b.Run(fmt.Sprintf("%s/n=%d%s", name, n, suffix), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						run()
					}
					b.ReportMetric(float64(b.N)*Lanes/b.Elapsed().Seconds(), "circuits/s")
				})
			}
			forward := c.NewTile(false)
			measure("forward", func() {
				forward.Forward(patch, noise)
				forward.Probabilities(law)
			})
			measure("gradient", func() {
				tile.Forward(patch, noise)
				tile.Backward(patch, weights, angles)
			})
		}
	}
}
