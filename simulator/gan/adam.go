package gan

import "math"

// adamEpsilon is Adam's ε. Beside it the root of adamFloor vanishes, which is added
// to the square of every gradient: where a unit is off for good, v would sink to
// subnormal numbers, and these are slow.
const (
	adamEpsilon = 1e-8
	adamFloor   = 1e-32
)

// adam is the optimiser of Kingma & Ba (2015), algorithm 1. After k updates
//
//	m ← β₁m + (1−β₁)g        v ← β₂v + (1−β₂)g²
//	θ ← θ − rate · m/(1−β₁ᵏ) / (√(v/(1−β₂ᵏ)) + ε)
type adam[F float32 | float64] struct {
	beta1, beta2 float64
	mean, square []F // m and v
	loop         adamLoop[F]
	coefficients adamCoefficients[F] // of the update at work
}

func newAdam[F float32 | float64](parameters int, beta1, beta2 float64, loop adamLoop[F]) adam[F] {
	return adam[F]{beta1: beta1, beta2: beta2, mean: make([]F, parameters), square: make([]F, parameters), loop: loop}
}

// update makes update number k, counted from 1, and says whether all
// parameters are still finite numbers.
func (a *adam[F]) update(parameters, gradient []F, rate float64, k int) bool {
	a.coefficients = adamCoefficients[F]{
		F(a.beta1), F(1 - a.beta1), F(a.beta2), F(1 - a.beta2),
		F(rate / (1 - math.Pow(a.beta1, float64(k)))), F(1 / (1 - math.Pow(a.beta2, float64(k)))), adamEpsilon, adamFloor,
	}
	return a.loop(parameters, gradient, a.mean, a.square, &a.coefficients)
}
