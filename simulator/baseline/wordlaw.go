package baseline

import (
	"math"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
)

// wordLaw is a model whose time steps are independent and have the same law of
// words. It implements statistics.Patches.
type wordLaw struct {
	neurons, timesteps int
	law                []float64 // [word]
	parameters         int
	values             map[string][]float64
	drawing            drawing
}

// newWordLaw returns the model with a law of words, which it scales to add up to
// 1, that was chosen by values from a family of that many parameters.
func newWordLaw(c counts, law []float64, parameters int, values map[string][]float64) *wordLaw {
	sum := total(law)
	for word := range law {
		law[word] /= sum
	}
	all := map[string][]float64{"law": law}
	for name, value := range values {
		if len(value) > 0 { // one neuron has no couplings
			all[name] = value
		}
	}
	return &wordLaw{c.neurons, c.timesteps, law, parameters, all, newDrawing(law)}
}

func (m *wordLaw) Neurons() int   { return m.neurons }
func (m *wordLaw) Timesteps() int { return m.timesteps }

// Probabilities fills dst with the law of words, at every step and noise.
func (m *wordLaw) Probabilities(_ int, _ float64, dst []float64) { copy(dst, m.law) }

func (m *wordLaw) Statistics() (statistics.Statistics, error) {
	return statistics.Exact(m, statistics.Noise{Kind: statistics.None})
}

func (m *wordLaw) LogLikelihood(window []uint32) float64 {
	var sum float64
	for _, word := range window {
		sum += math.Log(m.law[word])
	}
	return sum
}

func (m *wordLaw) Sample(r random.Stream, windows int) [][]uint32 {
	return sample(r, windows, m.timesteps, func(g *random.Generator, window []uint32) {
		for step := range window {
			window[step] = uint32(m.drawing.draw(g))
		}
	})
}

func (m *wordLaw) Parameters() int              { return m.parameters }
func (m *wordLaw) Values() map[string][]float64 { return m.values }
