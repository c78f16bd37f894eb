package main

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"spiqsweep/simulator/recording/internal/surrogate"
)

// fit adjusts one neuron at a time to the recording's moments and holds the
// others fixed (backfitting). It visits all neurons in each of the given number
// of sweeps.
func fit(t target, sweeps int, log io.Writer) ([]surrogate.Neuron, error) {
	responses := make([]response, len(t.rate))
	for c, neuron := range start(t) {
		responses[c] = respond(neuron, c, t.rate[c])
	}
	for s := range sweeps {
		total := 0.0
		for c := range responses {
			neuron, misfit, err := refit(t, responses, c)
			if err != nil {
				return nil, fmt.Errorf("fit neuron %d: %w", c, err)
			}
			responses[c] = respond(neuron, c, t.rate[c])
			total += misfit
		}
		fitCommon(t, responses)
		fmt.Fprintf(log, "sweep %d of %d: misfit %.4f\n", s+1, sweeps, total)
	}
	neurons := make([]surrogate.Neuron, len(responses))
	for c, r := range responses {
		neurons[c] = rounded(r.neuron, c, t.rate[c])
	}
	return neurons, nil
}

// start returns initial parameters: the loadings on the shared drives are the
// principal components of the correlations of the neurons' rates.
func start(t target) []surrogate.Neuron {
	n := len(t.rate)
	correlation := mat.NewSymDense(n, nil)
	for c := range n {
		for d := c; d < n; d++ {
			correlation.SetSym(c, d, t.covariance(t.signal, c, d)/
				math.Sqrt(t.covariance(t.signal, c, c)*t.covariance(t.signal, d, d)))
		}
	}
	var eigen mat.EigenSym
	eigen.Factorize(correlation, true)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil) // ascending
	neurons := make([]surrogate.Neuron, n)
	for c := range neurons {
		for i := range surrogate.Drives {
			column := n - 1 - i
			neurons[c].Shared[i] = 0.7 * vectors.At(c, column) * math.Sqrt(values[column])
		}
		neurons[c].Own, neurons[c].Pole = 0.4, 0.7
	}
	return neurons
}

// refit minimises the misfit of neuron c over its loadings, pole and memory by
// the method of Nelder and Mead (1965). It returns the parameters and the misfit.
func refit(t target, responses []response, c int) (surrogate.Neuron, float64, error) {
	neuron := responses[c].neuron
	objective := func(x []float64) float64 {
		candidate := unpack(x, neuron)
		if !admissible(candidate) {
			return math.Inf(1)
		}
		return misfit(t, responses, c, respond(candidate, c, t.rate[c]))
	}
	settings := &optimize.Settings{MajorIterations: 300}
	result, err := optimize.Minimize(optimize.Problem{Func: objective}, pack(neuron), settings, &optimize.NelderMead{SimplexSize: 0.1})
	if err != nil {
		return surrogate.Neuron{}, 0, err
	}
	return unpack(result.X, neuron), result.F, nil
}

func pack(c surrogate.Neuron) []float64 { return append(c.Shared[:], c.Own, c.Pole, c.Memory) }

func unpack(x []float64, c surrogate.Neuron) surrogate.Neuron {
	n := copy(c.Shared[:], x)
	c.Own, c.Pole, c.Memory = x[n], x[n+1], x[n+2]
	return c
}

// leastPrivate is the smallest admissible variance of a neuron's own private noise.
const leastPrivate = 0.1

// admissible reports whether the parameters are valid and leave enough private
// noise: with less, the steps of its coin flips would show in the response.
func admissible(c surrogate.Neuron) bool {
	return c.Private()-c.Common*c.Common >= leastPrivate && c.Pole >= 0 && c.Pole <= 0.9 && math.Abs(c.Memory) <= 1
}

// misfit returns the sum of the squared errors of response r of neuron c: of its
// signal covariances with the others, in units of their scale, and of its
// lagged moments, per spike.
func misfit(t target, responses []response, c int, r response) float64 {
	const lagWeight = 10
	s := 0.0
	for d, other := range responses {
		if d != c {
			model := dot(r.rate, other.rate) / float64(len(r.rate))
			s += square((model - t.signal[c][d]) / t.scale(c, d))
		}
	}
	for lag, model := range r.lagged {
		s += lagWeight * square((model-t.lagged[c][lag])/t.rate[c])
	}
	return s
}

func square(x float64) float64 { return x * x }
