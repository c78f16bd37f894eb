package statistics

import (
	"math/bits"

	"gonum.org/v1/gonum/floats"
)

// expectWithin adds the expected counts within one time step. They are linear in
// the law, so the averaged laws suffice.
func (m sums) expectWithin(mean laws) {
	all := make([]float64, 1<<m.neurons) // [word] probability that all bits of word are set
	for step, law := range mean {
		for word, p := range law {
			m.counts[bits.OnesCount(uint(word))] += p
		}
		copy(all, law)
		sumSupersets(all)
		for i := range m.neurons {
			m.spikes[i*m.timesteps+step] += all[1<<i]
			for j := i + 1; j < m.neurons; j++ {
				m.pairs[m.pairAt(i, j)] += all[1<<i|1<<j]
				for k := j + 1; k < m.neurons; k++ {
					m.triples[m.tripleAt(i, j, k)] += all[1<<i|1<<j|1<<k]
				}
			}
		}
	}
}

// sumSupersets replaces the value of each word by the sum over the words that
// have all its bits, in n·2ⁿ⁻¹ additions (Yates 1937).
func sumSupersets(values []float64) {
	for bit := 1; bit < len(values); bit <<= 1 {
		for word := range values {
			if word&bit == 0 {
				values[word] += values[word|bit]
			}
		}
	}
}

// expectAcross adds weight times the expected counts of pairs of independent time
// steps at which neurons spike at the given rates.
func (m sums) expectAcross(weight float64, rates [][]float64) {
	for lag := 1; lag < m.timesteps; lag++ {
		for step, earlier := range rates[:m.timesteps-lag] {
			later := rates[step+lag]
			for i, rate := range earlier {
				m.autoPairs[lag-1] += weight * rate * later[i]
			}
			if lag <= maxLag {
				m.expectLagged(lag, weight, earlier, later)
			}
		}
	}
}

func (m sums) expectLagged(lag int, weight float64, earlier, later []float64) {
	for i, x := range earlier {
		for j, y := range later {
			if i != j {
				m.lagged[m.laggedAt(lag, i, j)] += weight * x * y
			}
		}
	}
}

// expectIntervals adds weight times the expected numbers of spikes whose neuron
// spikes next d steps later, at independent time steps with the given rates.
func (m sums) expectIntervals(weight float64, rates [][]float64) {
	for i := range m.neurons {
		for step := range rates {
			open := weight * rates[step][i] // probability of a spike at step and none since
			for d := 1; step+d < m.timesteps; d++ {
				rate := rates[step+d][i]
				m.intervals[d-1] += open * rate
				open *= 1 - rate
			}
		}
	}
}

// marginals is a buffer for the rates of single neurons.
type marginals struct {
	rates [][]float64 // [step][neuron] spikes per bin
	law   []float64
}

func newMarginals(s shape) *marginals {
	m := &marginals{make([][]float64, s.timesteps), make([]float64, 1<<s.neurons)}
	for step := range m.rates {
		m.rates[step] = make([]float64, s.neurons)
	}
	return m
}

// of returns the rates under the laws, [step][neuron]. They are valid until the
// next call.
func (m *marginals) of(l laws) [][]float64 {
	for step, law := range l {
		copy(m.law, law)
		rates := m.rates[step]
		for i := len(rates) - 1; i >= 0; i-- { // sum over neuron i, the highest first
			silent, spiking := m.law[:1<<i], m.law[1<<i:2<<i]
			rates[i] = total(spiking)
			floats.Add(silent, spiking)
		}
	}
	return m.rates
}

// product is a buffer for the law of joint words.
type product []float64

func newProduct(s shape) product {
	return make(product, s.words()>>s.neurons)
}

// add adds to states weight times the law of joint words under independent laws.
// It adds nothing if joint words are not counted. It builds the words of all time
// steps but the last in place, from the highest word of each step down.
func (w product) add(states []float64, weight float64, independent laws) {
	if len(states) == 0 {
		return
	}
	w[0] = weight
	size := 1
	last := len(independent) - 1
	for _, law := range independent[:last] {
		for word := len(law) - 1; word >= 0; word-- {
			floats.ScaleTo(w[word*size:(word+1)*size], law[word], w[:size])
		}
		size *= len(law)
	}
	for word, p := range independent[last] {
		floats.AddScaled(states[word*size:(word+1)*size], p, w)
	}
}
