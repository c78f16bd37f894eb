package statistics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// Errors compares the statistics of a model and of data of the same shape. It
// returns, by the names used in results, the mean squared difference of each
// vector's elements, squared differences of single numbers, the Jensen–Shannon
// divergences in bits (js_bits of joint words and js_k_probability_bits of spike
// counts), and Spike-GAN's sums of absolute differences (legacy_…). Bins of binMS
// milliseconds give the rates in Hz and the intervals in ms. Errors omits statistics that
// either side leaves undefined, and panics if shapes differ. Interpret an error only
// with its floor.
func Errors(model, data Statistics, binMS float64) map[string]float64 {
	errors := make(map[string]float64)
	set := func(name string, measure func(a, b []float64) float64, a, b []float64) {
		if a != nil && b != nil {
			errors[name] = measure(a, b)
		}
	}
	modelHz, dataHz := inHz(model.Rate, binMS), inHz(data.Rate, binMS)
	modelByStepHz, dataByStepHz := inHz(model.RateByStep, binMS), inHz(data.RateByStep, binMS)
	set("k_probability", meanSquare, model.KProbability, data.KProbability)
	set("firing_rate_hz2", meanSquare, modelHz, dataHz)
	set("covariance", meanSquare, model.Covariance, data.Covariance)
	set("autocorrelogram", meanSquare, model.Autocorrelogram, data.Autocorrelogram)
	set("rate_by_step_hz2", meanSquare, modelByStepHz, dataByStepHz)
	set("lagged_covariance", meanSquare, model.LaggedCovariance, data.LaggedCovariance)
	set("js_bits", jensenShannon, model.State, data.State)
	set("js_k_probability_bits", jensenShannon, model.KProbability, data.KProbability)
	set("silent_probability", first(1, meanSquare), model.KProbability, data.KProbability)
	set("third_moment", meanSquare, model.ThirdMoment, data.ThirdMoment)
	neurons := len(data.Rate)
	set("lag1_covariance", first(neurons*(neurons-1), meanSquare), model.LaggedCovariance, data.LaggedCovariance)
	set("isi_mean_ms2", intervalMean(binMS), model.IntervalProbability, data.IntervalProbability)
	set("isi_sd_ms2", intervalDeviation(binMS), model.IntervalProbability, data.IntervalProbability)

	perBin := func(a, b []float64) float64 { return sumAbsolute(a, b) * (binMS / 1000) }
	perWindow := func(a, b []float64) float64 { return perBin(a, b) * float64(len(data.RateByStep)/neurons) }
	bothOrders := func(a, b []float64) float64 { return 2 * sumAbsolute(a, b) }
	set("legacy_mean_spikes", perWindow, modelHz, dataHz)
	set("legacy_covariance", bothOrders, model.Covariance, data.Covariance)
	set("legacy_k_probability", sumAbsolute, model.KProbability, data.KProbability)
	set("legacy_autocorrelogram", first(legacyLags, bothOrders), model.Autocorrelogram, data.Autocorrelogram)
	set("legacy_time_course", perBin, modelByStepHz, dataByStepHz)
	set("legacy_lag1_covariance", first(neurons*(neurons-1), sumAbsolute), model.LaggedCovariance, data.LaggedCovariance)
	return errors
}

// legacyLags is the number of lags, on each side, of Spike-GAN's autocorrelogram.
const legacyLags = 10

// first measures the first elements only, up to a number of them.
func first(count int, measure func(a, b []float64) float64) func(a, b []float64) float64 {
	return func(a, b []float64) float64 { return measure(a[:min(count, len(a))], b[:min(count, len(b))]) }
}

// sumAbsolute returns the sum of the absolute differences of the elements.
func sumAbsolute(a, b []float64) float64 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("statistics: compare vectors of %d and %d elements", len(a), len(b)))
	}
	var sum float64
	for i, v := range a {
		sum += math.Abs(v - b[i])
	}
	return sum
}

// intervalMean measures the squared difference of the mean intervals, ms².
func intervalMean(binMS float64) func(a, b []float64) float64 {
	return func(a, b []float64) float64 {
		x, _ := intervalMoments(a, binMS)
		y, _ := intervalMoments(b, binMS)
		return (x - y) * (x - y)
	}
}

// intervalDeviation measures the squared difference of the intervals' standard
// deviations, ms².
func intervalDeviation(binMS float64) func(a, b []float64) float64 {
	return func(a, b []float64) float64 {
		_, x := intervalMoments(a, binMS)
		_, y := intervalMoments(b, binMS)
		return (x - y) * (x - y)
	}
}

// intervalMoments returns the mean and the standard deviation, in milliseconds, of
// intervals that last d bins of binMS milliseconds with probability p[d−1].
func intervalMoments(p []float64, binMS float64) (mean, deviation float64) {
	for i, v := range p {
		mean += v * float64(i+1)
	}
	for i, v := range p {
		deviation += v * (float64(i+1) - mean) * (float64(i+1) - mean)
	}
	return mean * binMS, math.Sqrt(deviation) * binMS
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
