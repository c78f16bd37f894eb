package circuit

import "math"

// Minimax polynomials in x² for sin(x)/x and cos(x) on |x| ≤ π/2, exact at 0;
// their errors of 5e-9 and 3e-10 vanish in a float32.
const (
	sin1, sin2, sin3, sin4       = -0.16666660462372804, 0.0083330881673358715, -0.00019811112754065016, 2.60893266690825e-06
	cos1, cos2, cos3, cos4, cos5 = -0.49999999549557184, 0.04166664072805671, -0.001388840350818103, 2.476188624669142e-05, -2.6077105328222829e-07
)

// toInteger, added and subtracted, rounds a float64 below 2⁵¹ to an integer.
const toInteger = 3 << 51

// phases sets z = e^{iγ} for rows half rows of angles, any finite number each:
// whole turns are taken off, and e^{iγ/2} is squared.
func phases(z, gamma []float32, rows int) {
	for q := range rows {
		g, y := halfAt(gamma, q), rowAt(z, q)
		for i, x := range g {
			turns := float64(x) * (1 / (2 * math.Pi))
			turns -= turns + toInteger - toInteger
			h := float32(turns * math.Pi)
			hh := h * h
			s := h * (1 + hh*(sin1+hh*(sin2+hh*(sin3+hh*sin4))))
			c := 1 + hh*(cos1+hh*(cos2+hh*(cos3+hh*(cos4+hh*cos5))))
			y[i], y[i+Lanes] = c*c-s*s, 2*s*c
		}
	}
}

// factors sets the amplitudes of single qubits, a for 0 and b for 1, from
// eight coefficients a qubit: a = c₀ + c₁·z and b = c₂ + c₃·z, c complex.
func factors(a, b, z, coefficients []float32, rows int) {
	for q := range rows {
		x, y, w := rowAt(z, q), rowAt(a, q), rowAt(b, q)
		c := (*[8]float32)(coefficients[8*q:])
		for i := range Lanes {
			zr, zi := x[i], x[i+Lanes]
			y[i], y[i+Lanes] = c[0]+(zr*c[2]-zi*c[3]), c[1]+(zr*c[3]+zi*c[2])
			w[i], w[i+Lanes] = c[4]+(zr*c[6]-zi*c[7]), c[5]+(zr*c[7]+zi*c[6])
		}
	}
}

// unit is the row of ones.
func unit(y *row) {
	for i := range Lanes {
		y[i], y[i+Lanes] = 1, 0
	}
}

// powers fills dst row x with Π z_q over the bits q that are set in x, for all
// x of that many bits.
func powers(dst, z []float32, bits int) {
	unit(rowAt(dst, 0))
	for q := range bits {
		h, w := 1<<q, rowAt(z, q)
		*rowAt(dst, h) = *w
		for x := 1; x < h; x++ {
			multiply(rowAt(dst, h+x), rowAt(dst, x), w)
		}
	}
}

// tensor fills dst row x with Π (b_q if bit q is set in x, a_q if not).
func tensor(dst, a, b []float32, bits int) {
	if bits == 0 {
		unit(rowAt(dst, 0))
		return
	}
	*rowAt(dst, 0), *rowAt(dst, 1) = *rowAt(a, 0), *rowAt(b, 0)
	for q := 1; q < bits; q++ {
		h := 1 << q
		for x := range h {
			y := rowAt(dst, x)
			multiply(rowAt(dst, h+x), y, rowAt(b, q))
			multiply(y, y, rowAt(a, q))
		}
	}
}

// scale sets dst row i to src row from[i] times a complex number that all
// lanes share.
func scale(dst, src, scalars []float32, from []int32) {
	for i, f := range from {
		x, y := rowAt(src, int(f)), rowAt(dst, i)
		s := (*[2]float32)(scalars[2*i:])
		for j := range Lanes {
			xr, xi := x[j], x[j+Lanes]
			y[j], y[j+Lanes] = xr*s[0]-xi*s[1], xr*s[1]+xi*s[0]
		}
	}
}
