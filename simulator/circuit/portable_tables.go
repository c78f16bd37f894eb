package circuit

import "math"

// Minimax polynomials in x² for sin(x)/x and cos(x) on |x| ≤ π/4, exact at 0;
// their errors of 4e-9 and 5e-11 vanish in a float32.
const (
	sin1, sin2, sin3       = -0.16666654943702125, 0.0083321781461751978, -0.00019517298984195669
	cos1, cos2, cos3, cos4 = -0.49999999725108274, 0.041666623324347334, -0.0013886763794413368, 2.4390450704296809e-05
)

// toInteger, added to a float64 below 2⁵¹, rounds it to an integer. The last bits of
// the sum are those of the integer.
const toInteger = 3 << 51

// phases sets z = e^{iγ} for rows half rows of finite angles, in radians. It reduces
// angles by quarter turns, which it restores as swaps and signs.
func phases(z, gamma []float32, rows int) {
	for q := range rows {
		g, y := halfAt(gamma, q), rowAt(z, q)
		for i, x := range g {
			quarters := float64(x) * (2 / math.Pi)
			rounded := quarters + toInteger
			n := uint32(math.Float64bits(rounded))
			a := float32((quarters - (rounded - toInteger)) * (math.Pi / 2))
			aa := a * a
			s := math.Float32bits(a + a*aa*(sin1+aa*(sin2+aa*sin3)))
			c := math.Float32bits(1 + aa*(cos1+aa*(cos2+aa*(cos3+aa*cos4))))
			swap := (s ^ c) & -(n & 1)
			y[i] = math.Float32frombits(c ^ swap ^ (n+1)&2<<30)
			y[i+Lanes] = math.Float32frombits(s ^ swap ^ n&2<<30)
		}
	}
}

// factors sets the amplitudes of single qubits, a for 0 and b for 1, from eight
// coefficients per qubit: a = c₀ + c₁·z and b = c₂ + c₃·z with complex c.
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

// powers fills dst row x with Π z_q over the bits q that are set in x, for all
// x of that many bits.
func powers(dst, z []float32, bits int) {
	first := rowAt(dst, 0)
	for i := range Lanes {
		first[i], first[i+Lanes] = 1, 0
	}
	for q := range bits {
		h, w := 1<<q, rowAt(z, q)
		*rowAt(dst, h) = *w
		for x := 1; x < h; x++ {
			multiply(rowAt(dst, h+x), rowAt(dst, x), w)
		}
	}
}

// tensor fills dst row x with Π (b_q if bit q is set in x, a_q if not), for at
// least one bit.
func tensor(dst, a, b []float32, bits int) {
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
