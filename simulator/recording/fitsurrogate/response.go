package main

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"spiqsweep/simulator/recording/internal/surrogate"
)

// response holds the predicted moments of one neuron.
type response struct {
	neuron surrogate.Neuron
	u      []float64         // (drive − threshold)/sd of the private part, by bin
	rate   []float64         // probability of a spike, by bin
	lagged [1 + lags]float64 // as target.lagged
}

// respond sets the neuron's threshold to match the rate, in spikes per bin, and
// predicts its moments.
func respond(neuron surrogate.Neuron, number int, rate float64) response {
	drive, sd := neuron.Drive(number), math.Sqrt(neuron.Private())
	r := response{neuron: neuron, u: make([]float64, len(drive)), rate: make([]float64, len(drive))}
	low, high := -10.0, 10.0
	for range 24 {
		r.neuron.Threshold = (low + high) / 2
		for i, d := range drive {
			r.u[i] = (d - r.neuron.Threshold) / sd
			r.rate[i] = phi(r.u[i])
		}
		if sum(r.rate) > rate*float64(len(drive)) {
			low = r.neuron.Threshold
		} else {
			high = r.neuron.Threshold
		}
	}
	r.lag()
	return r
}

// lag predicts the moments of pairs of bins. Private noise correlates only
// adjacent bins.
func (r *response) lag() {
	own := r.neuron.Private() - r.neuron.Common*r.neuron.Common
	rho := own / r.neuron.Private() * r.neuron.Memory / (1 + r.neuron.Memory*r.neuron.Memory)
	for lag := range r.lagged {
		n := len(r.rate) - lag
		r.lagged[lag] = dot(r.rate[:n], r.rate[lag:]) / float64(n)
		if lag == 1 {
			r.lagged[lag] += excess(r.u[:n], r.u[lag:], rho)
		}
	}
}

// excess returns the mean over bins of Φ₂(u, v; ρ) − Φ(u)Φ(v), the integral of
// the bivariate normal density over the correlation from 0 to ρ (Plackett 1954).
func excess(u, v []float64, rho float64) float64 {
	return quad.Fixed(func(share float64) float64 {
		r := share * rho
		s := 0.0
		for i := range u {
			s += math.Exp(-(u[i]*u[i] - 2*r*u[i]*v[i] + v[i]*v[i]) / (2 * (1 - r*r)))
		}
		return rho * s / (float64(len(u)) * 2 * math.Pi * math.Sqrt(1-r*r))
	}, 0, 1, 6, quad.Legendre{}, 0)
}

func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
