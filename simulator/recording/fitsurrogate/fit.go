package main

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"spiqsweep/simulator/recording/internal/surrogate"
)

// fit adjusts one cell after the other to the recording's moments while the
// others are held fixed (backfitting), in so many sweeps over all of them.
func fit(t target, sweeps int, log io.Writer) ([]surrogate.Cell, error) {
	responses := make([]response, len(t.rate))
	for c, cell := range start(t) {
		responses[c] = respond(cell, c, t.rate[c])
	}
	for s := range sweeps {
		total := 0.0
		for c := range responses {
			cell, misfit, err := refit(t, responses, c)
			if err != nil {
				return nil, fmt.Errorf("fit cell %d: %w", c, err)
			}
			responses[c] = respond(cell, c, t.rate[c])
			total += misfit
		}
		fitCommon(t, responses)
		fmt.Fprintf(log, "sweep %d of %d: misfit %.4f\n", s+1, sweeps, total)
	}
	cells := make([]surrogate.Cell, len(responses))
	for c, r := range responses {
		cells[c] = rounded(r.cell, c, t.rate[c])
	}
	return cells, nil
}

// start loads the shared drives by the principal components of the correlation
// of the cells' rates.
func start(t target) []surrogate.Cell {
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
	cells := make([]surrogate.Cell, n)
	for c := range cells {
		for i := range surrogate.Drives {
			column := n - 1 - i
			cells[c].Shared[i] = 0.7 * vectors.At(c, column) * math.Sqrt(values[column])
		}
		cells[c].Own, cells[c].Pole = 0.4, 0.7
	}
	return cells
}

// refit finds the cell's loadings, pole and memory by the method of Nelder and
// Mead (1965).
func refit(t target, responses []response, c int) (surrogate.Cell, float64, error) {
	cell := responses[c].cell
	objective := func(x []float64) float64 {
		candidate := unpack(x, cell)
		if !admissible(candidate) {
			return math.Inf(1)
		}
		return misfit(t, responses, c, respond(candidate, c, t.rate[c]))
	}
	settings := &optimize.Settings{MajorIterations: 300}
	result, err := optimize.Minimize(optimize.Problem{Func: objective}, pack(cell), settings, &optimize.NelderMead{SimplexSize: 0.1})
	if err != nil {
		return surrogate.Cell{}, 0, err
	}
	return unpack(result.X, cell), result.F, nil
}

func pack(c surrogate.Cell) []float64 { return append(c.Shared[:], c.Own, c.Pole, c.Memory) }

func unpack(x []float64, c surrogate.Cell) surrogate.Cell {
	n := copy(c.Shared[:], x)
	c.Own, c.Pole, c.Memory = x[n], x[n+1], x[n+2]
	return c
}

// leastPrivate is the least variance of a cell's own private part.
const leastPrivate = 0.1

// admissible keeps a cell's law a law, and its response no sharper than the
// coin flips of the private noise are fine.
func admissible(c surrogate.Cell) bool {
	return c.Private()-c.Common*c.Common >= leastPrivate && c.Pole >= 0 && c.Pole <= 0.9 && math.Abs(c.Memory) <= 1
}

// misfit is the sum of squares of what the response r of cell c gets wrong:
// its signal covariances with the others, on their scale, and its own lagged
// moments, per spike.
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
