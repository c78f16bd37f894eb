//go:build !noasm

package circuit

import (
	"slices"
	"testing"

	"spiqsweep/simulator/internal/kerneltest"
)

// TestWidthsMix runs circuits on tables whose loops come from AVX2 or AVX-512: each alone, then drawn
// mixtures. All must give the same bits.
func TestWidthsMix(t *testing.T) {
	if Kernels()[0].Name != "avx512" {
		t.Skip("skipped: needs a processor with AVX-512")
	}
	want := results(&avx2)
	kerneltest.Mixtures(avx2, avx512, func(mixture string, l *loops) {
		if !slices.Equal(results(l), want) {
			t.Errorf("%s: the results differ from those of AVX2", mixture)
		}
	})
}

// results returns all that tiles compute for circuits of 1 to 13 qubits.
func results(l *loops) (all []float64) {
	for qubits := 1; qubits <= 13; qubits++ {
		a := paper(qubits)
		a.Auxiliary, a.Neurons, a.Noise = qubits/5, qubits-qubits/5, PerQubit
		c := &Circuit{ansatz: a, loops: l, plan: newPlan(a)}
		b := randomBatch(a, uint64(qubits))
		for _, keep := range []bool{false, true} {
			patch, tile := c.NewPatch(), c.NewTile(keep)
			patch.Set(b.angles)
			tile.Forward(patch, b.noise)
			law, gradient := make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
			tile.Probabilities(law)
			var uniform [Lanes]float32
			var words [Lanes]uint32
			for i := range uniform {
				uniform[i] = float32(i) / Lanes
			}
			tile.Sample(&uniform, &words)
			if keep {
				tile.Backward(patch, b.weights, gradient)
			}
			for _, p := range law {
				all = append(all, float64(p))
			}
			for _, w := range words {
				all = append(all, float64(w))
			}
			all = append(all, gradient...)
		}
	}
	return all
}
