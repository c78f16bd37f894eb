package main

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"spiqsweep/simulator/recording/internal/surrogate"
)

// response is what the law of one cell predicts.
type response struct {
	cell   surrogate.Cell
	u      []float64         // (drive − threshold)/sd of the private part, by bin
	rate   []float64         // probability of a spike, by bin
	lagged [1 + lags]float64 // as target.lagged
}

// respond sets the threshold from the rate and predicts the rest.
func respond(cell surrogate.Cell, number int, rate float64) response {
	drive, sd := cell.Drive(number), math.Sqrt(cell.Private())
	r := response{cell: cell, u: make([]float64, len(drive)), rate: make([]float64, len(drive))}
	low, high := -10.0, 10.0
	for range 24 {
		r.cell.Threshold = (low + high) / 2
		for i, d := range drive {
			r.u[i] = (d - r.cell.Threshold) / sd
			r.rate[i] = phi(r.u[i])
		}
		if sum(r.rate) > rate*float64(len(drive)) {
			low = r.cell.Threshold
		} else {
			high = r.cell.Threshold
		}
	}
	r.lag()
	return r
}

// lag predicts the moments of pairs of bins. Bins further apart than one share
// nothing private.
func (r *response) lag() {
	own := r.cell.Private() - r.cell.Common*r.cell.Common
	rho := own / r.cell.Private() * r.cell.Memory / (1 + r.cell.Memory*r.cell.Memory)
	for lag := range r.lagged {
		n := len(r.rate) - lag
		r.lagged[lag] = dot(r.rate[:n], r.rate[lag:]) / float64(n)
		if lag == 1 {
			r.lagged[lag] += excess(r.u[:n], r.u[lag:], rho)
		}
	}
}

// excess is the mean over bins of Φ₂(u, v; ρ) − Φ(u)Φ(v), the integral of the
// bivariate normal density over the correlation from 0 to ρ (Plackett 1954).
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
