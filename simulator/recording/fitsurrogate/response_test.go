package main

import (
	"math"
	"testing"

	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/recording/internal/surrogate"
)

// TestExcess compares with Sheppard's formula: two normal numbers of
// correlation ρ are both positive with the probability 1/4 + asin(ρ)/2π.
func TestExcess(t *testing.T) {
	for _, rho := range []float64{-0.5, -0.1, 0, 0.3, 0.5} {
		if got, want := excess([]float64{0}, []float64{0}, rho), math.Asin(rho)/(2*math.Pi); math.Abs(got-want) > 1e-7 {
			t.Errorf("ρ = %v: %.9f, want %.9f", rho, got, want)
		}
	}
	// As ρ → 1 the rarer event implies the other.
	if got, want := excess([]float64{-1}, []float64{0.5}, 0.9999), phi(-1)*(1-phi(0.5)); math.Abs(got-want) > 1e-3 {
		t.Errorf("ρ → 1: %.6f, want %.6f", got, want)
	}
}

func TestResponseMatchesTheSurrogate(t *testing.T) {
	r := recording.Surrogate(1)
	numbers := make([]int, r.Neurons())
	for i := range numbers {
		numbers[i] = i
	}
	measured := measure(r, numbers)
	for c, neuron := range surrogate.Neurons {
		predicted := respond(neuron, c, measured.rate[c])
		if math.Abs(predicted.neuron.Threshold-neuron.Threshold) > 0.02 {
			t.Errorf("neuron %d: threshold %.3f from the rate, %.3f in the law", c, predicted.neuron.Threshold, neuron.Threshold)
		}
		for lag, want := range measured.lagged[c] {
			if got := predicted.lagged[lag]; math.Abs(got-want) > 0.03*want+0.01*measured.rate[c] {
				t.Errorf("neuron %d, lag %d: %.5f predicted, %.5f measured", c, lag, got, want)
			}
		}
	}
}
