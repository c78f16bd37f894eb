package statistics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// Errors compares the statistics of a model and of data of the same shape. It
// returns, by the names used in results, the mean squared difference of each
// vector's elements and the Jensen–Shannon divergences in bits: js_bits of joint
// words and js_k_probability_bits of spike counts. It omits statistics that either
// side leaves undefined, and panics if shapes differ. Interpret an error only
// with its floor.
func Errors(model, data Statistics) map[string]float64 {
	errors := make(map[string]float64)
	set := func(name string, measure func(a, b []float64) float64, a, b []float64) {
		if a != nil && b != nil {
			errors[name] = measure(a, b)
		}
	}
	set("k_probability", meanSquare, model.KProbability, data.KProbability)
	set("firing_rate_hz2", meanSquare, model.FiringRateHz, data.FiringRateHz)
	set("covariance", meanSquare, model.Covariance, data.Covariance)
	set("autocorrelogram", meanSquare, model.Autocorrelogram, data.Autocorrelogram)
	set("rate_by_step_hz2", meanSquare, model.RateByStepHz, data.RateByStepHz)
	set("lagged_covariance", meanSquare, model.LaggedCovariance, data.LaggedCovariance)
	set("js_bits", jensenShannon, model.State, data.State)
	set("js_k_probability_bits", jensenShannon, model.KProbability, data.KProbability)
	return errors
}

// meanSquare returns the mean squared difference of the elements.
func meanSquare(a, b []float64) float64 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("statistics: compare vectors of %d and %d elements", len(a), len(b)))
	}
	var sum float64
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return sum / float64(len(a))
}

// jensenShannon returns the Jensen–Shannon divergence of two distributions in
// bits, from 0 (equal) to 1 (disjoint). Rounding never takes it below 0.
func jensenShannon(p, q []float64) float64 {
	return max(0, stat.JensenShannon(p, q)/math.Ln2)
}
