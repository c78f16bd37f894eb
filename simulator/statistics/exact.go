package statistics

import (
	"errors"
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
	intervals := n.Parts > 0 || n.windowFactors(s) <= s.factors() // whether these nodes suffice for intervals
	integrate := func(points int) (*tally, error) { return integrate(p, n.quadrature(s, points), intervals) }
	v, err := integrate(points)
	if err == nil && n.refined() {
		v, err = refine(v, points, (*tally).near, integrate)
	}
	if err == nil && !intervals {
		err = v.integrateIntervals(p, n)
	}
	if err != nil {
		return Statistics{}, fmt.Errorf("evaluate the model: %w", err)
	}
	return v.statistics(), nil
}

// refined reports whether no fixed number of nodes suffices.
func (n Noise) refined() bool { return !n.Polynomial && n.Parts == 0 }

// factors returns the largest number of patches whose probabilities a statistic
// multiplies.
func (s shape) factors() int {
	if s.words() == 0 {
		return 2
	}
	return max(2, s.timesteps)
}

// errNotConverged is the error of an integral that needs more than maxNodes nodes.
var errNotConverged = errors.New("its integrals over γ still change")

// refine doubles the points until the integrals are near the coarser ones.
func refine[T any](coarse T, points int, near func(fine, coarse T) bool, integrate func(points int) (T, error)) (T, error) {
	for points *= 2; points <= maxNodes; points *= 2 {
		fine, err := integrate(points)
		if err != nil || near(fine, coarse) {
			return fine, err
		}
		coarse = fine
	}
	return coarse, fmt.Errorf("%w by more than %v at %d nodes", errNotConverged, quadratureTolerance, points/2)
}

func (v *tally) near(other *tally) bool {
	return near(v.all, other.all) && near(v.states, other.states)
}

func near(a, b []float64) bool {
	for i, v := range a {
		if !(math.Abs(v-b[i]) <= quadratureTolerance*max(1, math.Abs(v))) {
			return false
		}
	}
	return true
}

// integrate returns the expected tally of one window, with or without intervals
// between spikes.
func integrate(p Patches, q *quadrature, intervals bool) (*tally, error) {
	v := newTally(shape{p.Neurons(), p.Timesteps()})
	v.windows = 1
	rates, words := newMarginals(v.shape), newProduct(v.shape)
	err := q.average(p, func(weight float64, independent laws) {
		v.expectAcross(weight, rates.of(independent))
		if intervals {
			v.expectIntervals(weight, rates.rates)
		}
		words.add(v.states, weight, independent)
	})
	v.expectWithin(q.mean)
	return v, err
}

// integrateIntervals adds the expected intervals between spikes. They multiply the
// probabilities of up to t patches and need more nodes than pairs of steps. It adds
// none, which leaves them undefined, if the model needs more than maxNodes nodes.
func (v *tally) integrateIntervals(p Patches, n Noise) error {
	if n.nodes(n.windowFactors(v.shape)) > maxNodes {
		return nil
	}
	points, err := n.points(n.windowFactors(v.shape))
	if err != nil {
		return err
	}
	rates := newMarginals(v.shape)
	integrate := func(points int) (sums, error) {
		m := newSums(v.shape)
		err := n.quadrature(v.shape, points).average(p, func(weight float64, independent laws) {
			m.expectIntervals(weight, rates.of(independent))
		})
		return m, err
	}
	m, err := integrate(points)
	if err == nil && n.refined() {
		m, err = refine(m, points, func(a, b sums) bool { return near(a.intervals, b.intervals) }, integrate)
	}
	if errors.Is(err, errNotConverged) {
		return nil
	}
	copy(v.intervals, m.intervals)
	return err
}

// windowFactors returns the number of patches whose probabilities at one γ the
// probability of a whole window multiplies.
func (n Noise) windowFactors(s shape) int {
	if n.Kind == Shared {
		return s.timesteps
	}
	return 1
}
