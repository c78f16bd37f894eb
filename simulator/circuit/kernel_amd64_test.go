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
		for _, auxiliary := range slices.Compact([]int{0, qubits / 5}) {
			a := paper(qubits)
			a.Auxiliary, a.Neurons, a.Noise = auxiliary, qubits-auxiliary, PerQubit
			all = append(all, resultsOf(&Circuit{ansatz: a, loops: l, plan: newPlan(a)})...)
		}
	}
	return all
}
