package statistics

import (
	"fmt"
	"math"
	"math/bits"

	"gonum.org/v1/gonum/floats"
)

// Chain is a first-order Markov chain of words whose transitions are the same at
// every time step. Bit q of a word is neuron q; vectors have 2ⁿ elements.
type Chain interface {
	Neurons() int   // 1 … 20
	Timesteps() int // ≥ 1
	// Initial fills dst with the law of the first word.
	Initial(dst []float64)
	// Next fills dst with the law of the word that follows a word of the given law:
	// dst[v] = Σ_w law[w]·P(v|w).
	Next(dst, law []float64)
	// Ahead fills dst with the expectation, given a word, of a value of its
	// successor: dst[w] = Σ_v P(v|w)·value[v].
	Ahead(dst, value []float64)
}

// OfChain returns the statistics of a chain, exact up to rounding. It fails if
// the law of a time step does not add up to 1.
//
// With p_s the law of step s and a_j(L) the expectation of x_j given the word L
// steps before, a_j(0) = x_j and a_j(L) = Ahead(a_j(L−1)), so that
//
//	Σ_s E[x_i(s) x_j(s+L)] = Σ_w (Σ_s p_s(w))·x_i(w)·a_j(L)(w)    s = 0 … t−1−L.
//
// Intervals between spikes of neuron j have b_j(1) = a_j(1) in its place, and
// b_j(d) = Ahead((1 − x_j)·b_j(d−1)). That takes 2·t·n applications of the transitions
// and memory for t + n vectors.
func OfChain(c Chain) (Statistics, error) {
	s := shape{c.Neurons(), c.Timesteps()}
	v := newTally(s)
	v.windows = 1
	steps := newLaws(s)
	c.Initial(steps[0])
	for step, law := range steps {
		if step > 0 {
			c.Next(law, steps[step-1])
		}
		if sum := total(law); !(math.Abs(sum-1) < 1e-3) {
			return Statistics{}, fmt.Errorf("evaluate the chain: the probabilities of step %d add up to %v", step, sum)
		}
	}
	v.expectWithin(steps)
	v.expectChain(c, steps)
	v.chainStates(c)
	return v.statistics(), nil
}

// expectChain adds the expected counts of pairs of time steps. It replaces the
// law of each step by the sum over the steps up to it.
func (m sums) expectChain(c Chain, steps laws) {
	for step := 1; step < len(steps); step++ {
		floats.Add(steps[step], steps[step-1])
	}
	later, next := make([]float64, 1<<m.neurons), make([]float64, 1<<m.neurons)
	for j := range m.neurons {
		for word := range later {
			later[word] = float64(word >> j & 1)
		}
		for lag := 1; lag < m.timesteps; lag++ {
			c.Ahead(next, later)
			later, next = next, later
			m.addChained(lag, j, steps[m.timesteps-1-lag], later)
		}
		m.addIntervals(c, j, steps, later, next)
	}
}

// addIntervals adds the expected intervals between spikes of neuron j. steps holds the
// sums of the laws up to each step. It uses first and next as scratch memory: first[word]
// becomes the probability, given the word, that the neuron spikes next d steps later.
func (m sums) addIntervals(c Chain, j int, steps laws, first, next []float64) {
	for word := range first {
		first[word] = float64(word >> j & 1)
	}
	for d := 1; d < m.timesteps; d++ {
		c.Ahead(next, first)
		for word, p := range steps[m.timesteps-1-d] {
			if word>>j&1 != 0 {
				m.intervals[d-1] += p * next[word]
				first[word] = 0
			} else {
				first[word] = next[word]
			}
		}
	}
}

// addChained adds the expected pairs of a spike of any neuron and one of neuron j
// lag steps later, of which later[word] is the probability given the earlier word.
// earlier[word] is the expected number of steps with that word.
func (m sums) addChained(lag, j int, earlier, later []float64) {
	for word, p := range earlier {
		both := p * later[word]
		if word>>j&1 != 0 {
			m.autoPairs[lag-1] += both
		}
		if lag > maxLag {
			continue
		}
		for rest := uint(word) &^ (1 << j); rest != 0; rest &= rest - 1 {
			m.lagged[m.laggedAt(lag, bits.TrailingZeros(rest), j)] += both
		}
	}
}

// chainStates sets the law of joint words if they are counted.
func (v *tally) chainStates(c Chain) {
	if len(v.states) == 0 {
		return
	}
	size := 1 << v.neurons
	c.Initial(v.states[:size])
	if v.timesteps == 1 {
		return
	}
	after := make([][]float64, size) // [word] law of its successor
	certain := make([]float64, size)
	for word := range after {
		after[word] = make([]float64, size)
		certain[word] = 1
		c.Next(after[word], certain)
		certain[word] = 0
	}
	for filled := size; filled < len(v.states); filled *= size {
		for next := size - 1; next >= 0; next-- { // the lowest last: it overwrites the shorter words
			for word, p := range v.states[:filled] {
				v.states[next*filled+word] = p * after[word*size/filled][next]
			}
		}
	}
}
