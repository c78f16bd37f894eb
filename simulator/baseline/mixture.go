package baseline

import (
	"math"
	"math/bits"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
)

// mixture is a model whose bits are independent given a latent value. Its rates
// must be inside (0, 1).
type mixture struct {
	statistics.Mixture
	parameters int
	values     map[string][]float64
	latent     drawing
	silence    []float64   // [latent value] log of the weight and of the probability that no neuron spikes
	odds       [][]float64 // [latent value][step·n + neuron] log of the odds of a spike
}

func newMixture(law statistics.Mixture, parameters int, values map[string][]float64) *mixture {
	m := &mixture{Mixture: law, parameters: parameters, values: values, latent: newDrawing(law.Weights)}
	for latent, weight := range law.Weights {
		silence := math.Log(weight)
		odds := make([]float64, len(law.Rates[latent]))
		for bit, rate := range law.Rates[latent] {
			silent := math.Log1p(-rate)
			silence += silent
			odds[bit] = math.Log(rate) - silent
		}
		m.silence, m.odds = append(m.silence, silence), append(m.odds, odds)
	}
	return m
}

func (m *mixture) Statistics() (statistics.Statistics, error) { return statistics.OfMixture(m.Mixture) }

func (m *mixture) LogLikelihood(window []uint32) float64 {
	var spikes []int
	for step, word := range window {
		for ; word != 0; word &= word - 1 {
			spikes = append(spikes, step*m.Neurons+bits.TrailingZeros32(word))
		}
	}
	logs := make([]float64, len(m.silence)) // of the probability of the window and the latent value
	largest := math.Inf(-1)
	for latent, sum := range m.silence {
		for _, bit := range spikes {
			sum += m.odds[latent][bit]
		}
		logs[latent] = sum
		largest = max(largest, sum)
	}
	var sum float64
	for _, v := range logs {
		sum += exp(v - largest)
	}
	return largest + math.Log(sum)
}

func (m *mixture) Sample(r random.Stream, windows int) [][]uint32 {
	return sample(r, windows, m.Timesteps, func(g *random.Generator, window []uint32) {
		for bit, rate := range m.Rates[m.latent.draw(g)] {
			if g.Float64() < rate {
				window[bit/m.Neurons] |= 1 << (bit % m.Neurons)
			}
		}
	})
}

func (m *mixture) Parameters() int              { return m.parameters }
func (m *mixture) Values() map[string][]float64 { return m.values }
