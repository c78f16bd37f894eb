package circuit

import (
	"slices"
	"testing"
)

// TestLargeCircuits compares circuits of more than 16 neurons with Exact, in one lane, and
// the kernels with each other: those of a class give the same bits.
func TestLargeCircuits(t *testing.T) {
	for _, neurons := range []int{17, MaxQubits} {
		if testing.Short() && neurons == MaxQubits {
			continue // 1 GB
		}
		a, first := paper(neurons), Kernels()[0]
		b := randomBatch(a, uint64(neurons))
		const compared = 3
		for i := range b.weights {
			if i%Lanes != compared {
				b.weights[i] = 0
			}
		}
		wantLaw, wantGradient := exactBoth(a)(b.angles, lane(b.noise, compared), lane(b.weights, compared))
		_, firstLaw, firstGradient := lawAndGradient(t, a, first, b)
		for _, k := range Kernels() {
			law, gradient := firstLaw, firstGradient
			if k != first {
				_, law, gradient = lawAndGradient(t, a, k, b)
			}
			if d := largestDifference(lane(law, compared), wantLaw); !(d < ProbabilityTolerance) {
				t.Errorf("%s, %d neurons: probabilities off by %.2g", k.Name, neurons, d)
			}
			if d := largestDifference(gradient, wantGradient); !(d < 5e-6) {
				t.Errorf("%s, %d neurons: gradient off by %.2g", k.Name, neurons, d)
			}
			if k.Class == first.Class && (!slices.Equal(law, firstLaw) || !slices.Equal(gradient, firstGradient)) {
				t.Errorf("%d neurons: the results of %s differ from those of %s", neurons, k.Name, first.Name)
			}
		}
	}
}
