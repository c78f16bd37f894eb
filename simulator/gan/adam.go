package gan

import "math"

// adamEpsilon is Adam's ε.
const adamEpsilon = 1e-8

// adam is the optimiser of Kingma & Ba (2015), algorithm 1. After k updates
//
//	m ← β₁m + (1−β₁)g        v ← β₂v + (1−β₂)g²
//	θ ← θ − rate · m/(1−β₁ᵏ) / (√(v/(1−β₂ᵏ)) + ε)
type adam[F float32 | float64] struct {
	beta1, beta2 float64
	mean, square []F // m and v
}

func newAdam[F float32 | float64](parameters int, beta1, beta2 float64) adam[F] {
	return adam[F]{beta1: beta1, beta2: beta2, mean: make([]F, parameters), square: make([]F, parameters)}
}

// update makes update number k, counted from 1.
func (a *adam[F]) update(parameters, gradient []F, rate float64, k int) {
	c := adamCoefficients[F]{
		beta1: F(a.beta1), rest1: F(1 - a.beta1),
		beta2: F(a.beta2), rest2: F(1 - a.beta2),
		rate:    F(rate / (1 - math.Pow(a.beta1, float64(k)))),
		correct: F(1 / (1 - math.Pow(a.beta2, float64(k)))),
	}
	adamLoop(parameters, gradient, a.mean, a.square, &c)
}

// adamCoefficients are what one update multiplies by: β₁, 1−β₁, β₂, 1−β₂,
// rate/(1−β₁ᵏ) and 1/(1−β₂ᵏ).
type adamCoefficients[F float32 | float64] struct {
	beta1, rest1, beta2, rest2, rate, correct F
}

// adamLoop is the inner loop of an update.
func adamLoop[F float32 | float64](parameters, gradient, mean, square []F, c *adamCoefficients[F]) {
	gradient, mean, square = gradient[:len(parameters)], mean[:len(parameters)], square[:len(parameters)]
	for i, g := range gradient {
		m := c.beta1*mean[i] + c.rest1*g
		v := c.beta2*square[i] + c.rest2*(g*g)
		mean[i], square[i] = m, v
		parameters[i] -= c.rate * m / (F(math.Sqrt(float64(v*c.correct))) + adamEpsilon)
	}
}
