package gan

import "math"

// adamEpsilon is Adam's ε. adamFloor is added to the square of every gradient:
// without it the v of a permanently inactive unit would decay to subnormal numbers,
// which are slow. Its root is negligible beside ε.
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
	coefficients adamCoefficients[F] // of the current update
}

func newAdam[F float32 | float64](parameters int, beta1, beta2 float64, loop adamLoop[F]) adam[F] {
	return adam[F]{beta1: beta1, beta2: beta2, mean: make([]F, parameters), square: make([]F, parameters), loop: loop}
}

// update makes update number k, counted from 1, and reports whether all
// parameters are still finite.
func (a *adam[F]) update(parameters, gradient []F, rate float64, k int) bool {
	a.coefficients = adamCoefficients[F]{
		F(a.beta1), F(1 - a.beta1), F(a.beta2), F(1 - a.beta2),
		F(rate / correction(a.beta1, k)), F(1 / correction(a.beta2, k)), adamEpsilon, adamFloor,
	}
	return a.loop(parameters, gradient, a.mean, a.square, &a.coefficients)
}

// correction returns 1 − βᵏ. It computes no power that rounding would remove, because
// powers take 4 % of the time of a small training: βᵏ ≤ exp(−k·(1−β)), and exp(−40) is
// below 2⁻⁵⁴.
func correction(beta float64, k int) float64 {
	if float64(k)*(1-beta) > 40 {
		return 1
	}
	return 1 - math.Pow(beta, float64(k))
}

// adamLoop makes one update of Adam and reports whether all parameters are finite.
type adamLoop[F float32 | float64] func(parameters, gradient, mean, square []F, c *adamCoefficients[F]) bool

// adamCoefficients holds the constants of one update: β₁, 1−β₁, β₂, 1−β₂,
// rate/(1−β₁ᵏ), 1/(1−β₂ᵏ), ε and the floor.
type adamCoefficients[F float32 | float64] = [8]F
