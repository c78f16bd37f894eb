//go:build !noasm

package gan

import (
	"slices"
	"testing"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/internal/kerneltest"
)

// TestWidthsMix trains with loops that come from AVX2 or AVX-512: each alone, then drawn mixtures. All
// must give the same bits.
func TestWidthsMix(t *testing.T) {
	if circuit.Kernels()[0].Name != "avx512" {
		t.Skip("skipped: needs a processor with AVX-512")
	}
	want := weightsAfter(t, &avx2)
	kerneltest.Mixtures(avx2, avx512, func(mixture string, l *loops) {
		if !slices.Equal(weightsAfter(t, l), want) {
			t.Errorf("%s: the weights differ from those of AVX2", mixture)
		}
	})
}

// weightsAfter returns all parameters after some steps, with few outcomes of a patch and with many.
func weightsAfter(t *testing.T, l *loops) (all []float64) {
	for _, neurons := range []int{lowBits - 1, lowBits, lowBits + 1, lowBits + 3} {
		training := smallTraining(neurons, l)
		run(t, training, 4)
		all = append(all, training.Angles()...)
		for _, w := range training.critic.weights.all {
			all = append(all, float64(w))
		}
	}
	return all
}
