package circuit

import "math"

// gate is what both angles do to a qubit, seen in the frame: B†·RZ(φ)·RY(θ)·B,
// a unitary matrix of first column (a, b) and second column (−b*, a*).
type gate struct{ a, b complex128 }

// newGate returns the gate of two angles. The last one is RY(θ)·B alone: there is
// no frame to go back to, and RZ changes no probability.
func newGate(theta, phi float64, last bool) gate {
	s, c := math.Sincos(theta/2 + math.Pi/4)
	if last {
		return gate{a: complex(c, 0), b: complex(s, 0)}
	}
	sp, cp := math.Sincos(phi / 2)
	sp, cp = sp*math.Sqrt2/2, cp*math.Sqrt2/2
	return gate{a: complex((s+c)*cp, (s-c)*sp), b: complex((s-c)*cp, (s+c)*sp)}
}

// polar splits v into its size and its direction; a vanishing v may point anywhere.
func polar(v complex128) (size float64, direction complex128) {
	size = math.Sqrt(norm2(v))
	if size < 1e-30 {
		return 0, 1
	}
	return size, complex(real(v)/size, imag(v)/size)
}
