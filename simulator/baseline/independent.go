package baseline

import "spiqsweep/simulator/statistics"

// fitIndependent fits independent neurons with constant rates r_i:
//
//	P(x) = Π_i r_i^x_i·(1 − r_i)^(1−x_i)    in every bin.
//
// It is the maximum entropy law with the neurons' rates. The rates are those of
// the windows, unless a neuron never or always spikes (counts.rates).
func fitIndependent(c counts) (Model, error) {
	rates := c.rates()
	var window []float64
	for range c.timesteps {
		window = append(window, rates...)
	}
	law := statistics.Mixture{
		Neurons: c.neurons, Timesteps: c.timesteps,
		Weights: []float64{1}, Rates: [][]float64{window},
	}
	return newMixture(law, c.neurons, map[string][]float64{"rates": rates}), nil
}
