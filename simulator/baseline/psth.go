package baseline

import "spiqsweep/simulator/statistics"

// fitPSTH fits neurons that are independent given the time in the movie, with the
// rates of their peristimulus time histograms (the field's standard control for
// correlations that the stimulus explains: Schneidman, Berry, Segev & Bialek
// 2006). Neuron i spikes in bin b with probability
//
//	r_i(b) = (c_i(b) + r_i) / (R + 1)
//
// if it does so in c_i(b) of R repeats: the repeats and one more at its mean rate
// r_i (counts.rates), so that no probability is 0 or 1. A window starts at a bin
// drawn uniformly from the B bins at which windows can start, so that it lies within
// a segment of the repeats:
//
//	P(x) = 1/B·Σ_b Π_s Π_i r_i(b+s)^x_i(s)·(1 − r_i(b+s))^(1−x_i(s)),
//
// a mixture of independent neurons whose latent value is the first bin.
func fitPSTH(c counts) (Model, error) {
	mean := c.rates()
	rates := make([]float64, len(c.spikes)) // [bin·n + neuron]
	for i, repeats := range c.spikes {
		rates[i] = (repeats + mean[i%c.neurons]) / float64(c.repeats+1)
	}
	starts := 0
	for _, bins := range c.segments {
		starts += bins - c.timesteps + 1
	}
	law := statistics.Mixture{Neurons: c.neurons, Timesteps: c.timesteps}
	segments, before := make([]float64, len(c.segments)), 0
	for i, bins := range c.segments {
		segments[i] = float64(bins)
		for first := before; first <= before+bins-c.timesteps; first++ {
			law.Weights = append(law.Weights, 1/float64(starts))
			law.Rates = append(law.Rates, rates[first*c.neurons:][:c.timesteps*c.neurons])
		}
		before += bins
	}
	return newMixture(law, len(rates), map[string][]float64{"rates": rates, "segments": segments}), nil
}
