package main

import "math"

// fitCommon fits the loadings on the common private noise to the noise
// correlations of all pairs by alternating least squares. It works to first order:
// a small correlation ρ of the latents adds ρ φ(u)φ(v) to the probability that
// both neurons fire.
func fitCommon(t target, responses []response) {
	const rounds = 50
	loading := make([]float64, len(responses))
	for c := range loading {
		loading[c] = 0.1
	}
	slope := slopes(responses)
	for range rounds {
		for c, r := range responses {
			above, below := 0.0, 0.0
			for d := range responses {
				if d == c {
					continue
				}
				scale := math.Sqrt(t.rate[c] * t.rate[d])
				x := loading[d] * slope[c][d] / scale
				above += x * (t.total[c][d] - t.signal[c][d]) / scale
				below += x * x
			}
			// Slightly below the admissible bound, so that the next refit starts inside.
			bound := math.Sqrt(0.9 * max(0, r.neuron.Private()-leastPrivate))
			loading[c] = max(-bound, min(bound, above/(below+1e-12)))
		}
	}
	for c := range responses {
		responses[c].neuron.Common = loading[c]
	}
}

// slopes returns, for each pair, the derivative of the probability that both
// fire with respect to the product of their loadings on the common private noise.
func slopes(responses []response) [][]float64 {
	density := make([][]float64, len(responses))
	for c, r := range responses {
		density[c] = make([]float64, len(r.u))
		for i, u := range r.u {
			density[c][i] = math.Exp(-u*u/2) / math.Sqrt(2*math.Pi*r.neuron.Private())
		}
	}
	slope := make([][]float64, len(responses))
	for c := range slope {
		slope[c] = make([]float64, len(responses))
		for d := range slope {
			slope[c][d] = dot(density[c], density[d]) / float64(len(density[c]))
		}
	}
	return slope
}
