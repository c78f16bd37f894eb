package statistics

import (
	"fmt"
	"math"
)

// NoiseKind selects which patches of one sample share a value of γ.
type NoiseKind string

// The kinds of noise whose statistics are one-dimensional integrals.
const (
	Shared   NoiseKind = "shared"    // one γ for all patches
	PerPatch NoiseKind = "per_patch" // a γ for each patch, independent of the others
	None     NoiseKind = "none"      // no noise: γ is 0, and the other fields of Noise are ignored
)

// Noise describes the distribution of γ, uniform on [Low, High], and the
// dependence of a patch on γ.
type Noise struct {
	Kind      NoiseKind
	Low, High float64 // radians
	// Degree is the degree of a patch's probabilities as trigonometric polynomials
	// of γ: encodings·qubits.
	Degree int
	// Polynomial reports whether the probabilities are polynomials. If not
	// (postselect), Degree determines only the initial number of nodes.
	Polynomial bool
	// Parts, above 0, makes γ take the middles of that many equal parts of the interval,
	// with equal probability. Degree and Polynomial are then ignored.
	Parts int
}

// maxNodes bounds the work of a quadrature.
const maxNodes = 1 << 15

// points returns the number of Gauss–Legendre nodes that integrate the product of
// the probabilities of factors patches up to rounding. Convergence starts at a
// quarter of degree times interval and is then faster than exponential (DESIGN.md,
// section 2.1). It fails if the noise is malformed.
func (n Noise) points(factors int) (int, error) {
	switch n.Kind {
	case None:
		return 1, nil
	case Shared, PerPatch:
	default:
		return 0, fmt.Errorf("noise of kind %q: want %q, %q or %q", n.Kind, Shared, PerPatch, None)
	}
	if !(n.Low <= n.High) || math.IsInf(n.High-n.Low, 0) {
		return 0, fmt.Errorf("noise on [%v, %v]: not an interval", n.Low, n.High)
	}
	if n.Parts > 0 {
		return n.Parts, nil
	}
	if n.Degree < 0 {
		return 0, fmt.Errorf("noise of degree %d: want 0 or more", n.Degree)
	}
	points := n.nodes(factors)
	if points > maxNodes {
		return 0, fmt.Errorf("noise on [%v, %v] of degree %d: needs %v nodes, more than %d", n.Low, n.High, n.Degree, points, maxNodes)
	}
	return int(points), nil
}

// nodes returns the number of nodes for the product of factors patches, which may
// exceed maxNodes.
func (n Noise) nodes(factors int) float64 {
	switch {
	case n.Kind == None:
		return 1
	case n.Parts > 0:
		return float64(n.Parts)
	}
	return math.Ceil(1.1*float64(n.Degree)*float64(factors)*(n.High-n.Low)/4) + 32
}

// float32Remainder is the relative remainder of a quadrature that is negligible
// beside the rounding of laws in float32.
const float32Remainder = 1e-9

// pointsOfRows returns the number of nodes, in whole rows, that suffices for laws
// in float32. For one frequency D over an interval of length L the remainder of N
// nodes is at most π/2·(D·L/4)^2N/(2N)! of the integral (Davis & Rabinowitz 1984,
// section 2.7, with Stirling's formula).
func (n Noise) pointsOfRows(factors int) (int, error) {
	exact, err := n.points(factors)
	if err != nil || n.Kind == None || n.Parts > 0 || !n.Polynomial {
		return exact, err
	}
	logarithm := math.Log(float64(n.Degree) * float64(factors) * (n.High - n.Low) / 4)
	for points := Lanes; points < exact; points += Lanes {
		factorial, _ := math.Lgamma(float64(2*points) + 1)
		if float64(2*points)*logarithm-factorial < math.Log(float32Remainder) {
			return points, nil
		}
	}
	return exact, nil
}
