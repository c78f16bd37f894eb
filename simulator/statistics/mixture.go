package statistics

import (
	"fmt"
	"math"
)

// Mixture is a law of windows whose bits are independent given a latent value.
type Mixture struct {
	Neurons   int         // 1 … 20
	Timesteps int         // ≥ 1
	Weights   []float64   // [latent value] probability
	Rates     [][]float64 // [latent value][step·n + neuron] spikes per bin; may share memory
}

// OfMixture returns the statistics of a mixture, exact up to rounding. It fails
// if the rates are not probabilities or the weights do not add up to 1.
//
// Given the latent value, the moments are products of rates. The number of spikes
// in a bin is a sum of independent ones (Poisson's binomial law), whose law is
// built neuron by neuron.
func OfMixture(m Mixture) (Statistics, error) {
	if err := m.check(); err != nil {
		return Statistics{}, fmt.Errorf("evaluate the mixture: %w", err)
	}
	s := shape{m.Neurons, m.Timesteps}
	v := newTally(s)
	v.windows = 1
	bits := shape{1, m.Neurons * m.Timesteps} // every bit as a time step of one neuron
	words, singles := newProduct(bits), newLaws(bits)
	rates, counts := make([][]float64, m.Timesteps), make([]float64, m.Neurons+1)
	for latent, weight := range m.Weights {
		for step := range rates {
			rates[step] = m.Rates[latent][step*m.Neurons:][:m.Neurons]
			v.expectIndependent(step, weight, rates[step], counts)
		}
		v.expectAcross(weight, rates)
		v.expectIntervals(weight, rates)
		for bit, rate := range m.Rates[latent] {
			singles[bit][0], singles[bit][1] = 1-rate, rate
		}
		words.add(v.states, weight, singles)
	}
	return v.statistics(), nil
}

func (m Mixture) check() error {
	if len(m.Rates) != len(m.Weights) {
		return fmt.Errorf("%d latent values have rates and %d have weights", len(m.Rates), len(m.Weights))
	}
	if sum := total(m.Weights); !(math.Abs(sum-1) < 1e-9) {
		return fmt.Errorf("the weights of its latent values add up to %v", sum)
	}
	for latent, rates := range m.Rates {
		if len(rates) != m.Neurons*m.Timesteps {
			return fmt.Errorf("latent value %d has %d rates, want %d neurons × %d time steps", latent, len(rates), m.Neurons, m.Timesteps)
		}
		for bit, rate := range rates {
			if !(rate >= 0 && rate <= 1) {
				return fmt.Errorf("latent value %d: neuron %d spikes at step %d with probability %v", latent, bit%m.Neurons, bit/m.Neurons, rate)
			}
		}
	}
	return nil
}

// expectIndependent adds weight times the expected counts within one time step at
// which neurons spike independently at the given rates. It uses counts, of n+1
// numbers, as scratch memory.
func (m sums) expectIndependent(step int, weight float64, rates, counts []float64) {
	clear(counts)
	counts[0] = weight
	for i, rate := range rates {
		m.spikes[i*m.timesteps+step] += weight * rate
		for j := i + 1; j < len(rates); j++ {
			m.pairs[m.pairAt(i, j)] += weight * rate * rates[j]
			for k := j + 1; k < len(rates); k++ {
				m.triples[m.tripleAt(i, j, k)] += weight * rate * rates[j] * rates[k]
			}
		}
		for k := i + 1; k > 0; k-- {
			counts[k] = counts[k]*(1-rate) + counts[k-1]*rate
		}
		counts[0] *= 1 - rate
	}
	for k, p := range counts {
		m.counts[k] += p
	}
}
