package statistics

import (
	"fmt"
	"math"
)

// quadratureTolerance is the largest change of a moment or probability, relative
// if it is above 1, at which doubling the nodes stops.
const quadratureTolerance = 1e-12

// Exact returns the statistics of a model by quadrature over its noise. If its
// probabilities are polynomials, they are exact up to rounding. Otherwise Exact
// doubles the nodes until no value changes by more than 1e-12. It fails if the
// noise is malformed, if probabilities are not finite or do not add up to 1, or
// if 32,768 nodes are not enough.
func Exact(p Patches, n Noise) (Statistics, error) {
	s := shape{p.Neurons(), p.Timesteps()}
	points, err := n.points(s.factors())
	if err != nil {
		return Statistics{}, fmt.Errorf("evaluate the model: %w", err)
	}
	v, err := integrate(p, n.quadrature(s, points))
	if err == nil && !n.Polynomial && n.Parts == 0 {
		v, err = refine(p, n, points, v)
	}
	if err != nil {
		return Statistics{}, fmt.Errorf("evaluate the model: %w", err)
	}
	return v.statistics(), nil
}

// factors returns the largest number of patches whose probabilities a statistic
// multiplies.
func (s shape) factors() int {
	if s.words() == 0 {
		return 2
	}
	return max(2, s.timesteps)
}

// refine doubles the points until no value changes beyond the tolerance.
func refine(p Patches, n Noise, points int, coarse *tally) (*tally, error) {
	for points *= 2; points <= maxNodes; points *= 2 {
		fine, err := integrate(p, n.quadrature(coarse.shape, points))
		if err != nil {
			return nil, err
		}
		if near(fine.all, coarse.all) && near(fine.states, coarse.states) {
			return fine, nil
		}
		coarse = fine
	}
	return nil, fmt.Errorf("its integrals over γ still change by more than %v at %d nodes", quadratureTolerance, points/2)
}

func near(a, b []float64) bool {
	for i, v := range a {
		if !(math.Abs(v-b[i]) <= quadratureTolerance*max(1, math.Abs(v))) {
			return false
		}
	}
	return true
}

// integrate returns the expected tally of one window.
func integrate(p Patches, q *quadrature) (*tally, error) {
	v := newTally(shape{p.Neurons(), p.Timesteps()})
	v.windows = 1
	rates, words := newMarginals(v.shape), newProduct(v.shape)
	err := q.average(p, func(weight float64, independent laws) {
		v.expectAcross(weight, rates.of(independent))
		words.add(v.states, weight, independent)
	})
	v.expectWithin(q.mean)
	return v, err
}
