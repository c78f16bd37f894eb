package statistics

import (
	"fmt"
	"math"
)

// NoiseKind says what the patches of one sample share.
type NoiseKind string

// The kinds of noise whose statistics are one-dimensional integrals.
const (
	Shared   NoiseKind = "shared"    // one γ for all patches
	PerPatch NoiseKind = "per_patch" // a γ for each patch, independent of the others
	None     NoiseKind = "none"      // no noise: γ is 0, and the rest of Noise is not read
)

// Noise is the distribution of γ, uniform on [Low, High], and how a patch
// depends on it.
type Noise struct {
	Kind      NoiseKind
	Low, High float64 // radians
	// Degree is that of a patch's probabilities as trigonometric polynomials of
	// γ: encodings·qubits.
	Degree int
	// Polynomial is false if they are none (postselect): Degree is only where
	// the search for enough nodes begins then.
	Polynomial bool
}

// maxNodes bounds the work of a quadrature.
const maxNodes = 1 << 15

// points returns how many Gauss–Legendre nodes integrate the product of so many
// patches' probabilities to rounding: convergence sets in at a quarter of
// degree times interval, and is faster than exponential from there (DESIGN.md,
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
	if n.Degree < 0 {
		return 0, fmt.Errorf("noise of degree %d: want 0 or more", n.Degree)
	}
	points := math.Ceil(1.1*float64(n.Degree)*float64(factors)*(n.High-n.Low)/4) + 32
	if points > maxNodes {
		return 0, fmt.Errorf("noise on [%v, %v] of degree %d: needs %v nodes, more than %d", n.Low, n.High, n.Degree, points, maxNodes)
	}
	return int(points), nil
}

// roundedAway is what laws in float32 make of the remainder of a quadrature.
const roundedAway = 1e-9

// pointsOfRows returns how many nodes, in whole rows, do for laws in float32.
// For one frequency D over an interval of length L the remainder of N nodes is at
// most π/2·(D·L/4)^2N/(2N)! of the integral (Davis & Rabinowitz 1984, section
// 2.7, with Stirling's formula).
func (n Noise) pointsOfRows(factors int) (int, error) {
	exact, err := n.points(factors)
	if err != nil || n.Kind == None || !n.Polynomial {
		return exact, err
	}
	logarithm := math.Log(float64(n.Degree) * float64(factors) * (n.High - n.Low) / 4)
	for points := Lanes; points < exact; points += Lanes {
		factorial, _ := math.Lgamma(float64(2*points) + 1)
		if float64(2*points)*logarithm-factorial < math.Log(roundedAway) {
			return points, nil
		}
	}
	return exact, nil
}
