package circuit

import "math"

// gate is the combined gate of both angles of a qubit in the frame: the unitary
// matrix V = B†·RZ(φ)·RY(θ)·B. Up to a global phase it is diag(1, α)·R·diag(1, δ)
// with R = cos ω·[[1, −t], [t, 1]] and 0 ≤ t ≤ 1, after a swap of the inputs if
// flip is 1. The generator of the assembly cannot import the package and repeats the type.
type gate = struct {
	flip         int
	tangent      float64
	alpha, delta complex128
	sin, cos     float64 // of φ
}

// gates fills dst, of four gates or a multiple, with the gates of turns: RY and RZ of each.
//
// With (a, b) for the first column of V, and hence (−b*, a*) for the second,
//
//	|a|² − |b|² = cos θ·cos φ                = u
//	   2·a*·b   = sin θ + i·cos θ·sin φ      = h·α
//	   2·a*·b*  = sin θ·cos φ − i·sin φ      = h·δ
//	   2·|a·b|  = h,   t = |b|/|a| = h/(1 + u)
//
// and where |b| > |a|, a swap of the inputs has −α for α, δ* for δ and 1/t for t.
func gates(dst []gate, turns []turn) {
	for i := range dst {
		g, theta, phi := &dst[i], turns[2*i], turns[2*i+1]
		g.sin, g.cos = phi.sin, phi.cos
		u, ar, ai, dr, di := theta.cos*phi.cos, theta.sin, theta.cos*phi.sin, theta.sin*phi.cos, -phi.sin
		h := math.Sqrt(ar*ar + ai*ai)
		g.tangent = h / (1 + math.Abs(u))
		if h < 1e-30 { // only the product of α and δ is determined
			h, ar, ai, dr, di = 1, 1, 0, phi.cos, 0
		}
		g.flip = 0
		if u < 0 {
			g.flip, ar, ai, di = 1, -ar, -ai, -di
		}
		g.alpha, g.delta = complex(ar/h, ai/h), complex(dr/h, di/h)
	}
}

// lastTurns returns the turns of the last gate, which is only RY(θ)·B = RY(θ + π/2): it leaves the
// frame, and RZ does not change any probability.
func lastTurns(theta turn) (rotated, none turn) {
	return turn{theta.cos, -theta.sin}, turn{0, 1}
}

// columns returns the columns of V: the amplitudes of |0⟩ and |1⟩ in the images of |0⟩
// and of |1⟩.
func columns(g *gate) (zero0, zero1, one0, one1 complex128) {
	c := 1 / math.Sqrt(1+g.tangent*g.tangent)
	s := c * g.tangent
	zero0, zero1 = complex(c, 0), complex(s*real(g.alpha), s*imag(g.alpha))
	both := g.alpha * g.delta
	one0, one1 = complex(-s*real(g.delta), -s*imag(g.delta)), complex(c*real(both), c*imag(both))
	if g.flip == 1 {
		return one0, one1, zero0, zero1
	}
	return zero0, zero1, one0, one1
}

// turn represents an angle by its sine and cosine.
type turn = struct{ sin, cos float64 }

// farAngle is the angle, in radians, from which counting quarter turns is no longer
// accurate enough.
const farAngle = 1 << 30

// turns fills dst with the turns of angles, in radians: four of them or a multiple. It uses the
// polynomials of phases, which are accurate enough for float32 tables if all angles are below
// farAngle. It reports whether they are.
func turns(dst []turn, angles []float64) (near bool) {
	near = true
	for i, x := range angles {
		near = near && math.Abs(x) < farAngle
		quarters := x * (2 / math.Pi)
		rounded := quarters + toInteger
		n := math.Float64bits(rounded)
		a := (quarters - (rounded - toInteger)) * (math.Pi / 2)
		aa := a * a
		s := math.Float64bits(a + a*aa*(sin1+aa*(sin2+aa*sin3)))
		c := math.Float64bits(1 + aa*(cos1+aa*(cos2+aa*(cos3+aa*cos4))))
		swap := (s ^ c) & -(n & 1)
		dst[i] = turn{math.Float64frombits(s ^ swap ^ n&2<<62), math.Float64frombits(c ^ swap ^ (n+1)&2<<62)}
	}
	return near
}

// setTurns fills dst with the turns of any angles. It takes those below farAngle from the loop.
func (l *loops) setTurns(dst []turn, angles []float64) {
	if l.turns(dst, angles) {
		return
	}
	for i, x := range angles {
		if !(math.Abs(x) < farAngle) {
			dst[i].sin, dst[i].cos = math.Sincos(x)
		}
	}
}
