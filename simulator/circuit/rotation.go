package circuit

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// rotation is what the angles of one layer become in the frame: the tables
// that every sample of a patch shares. See the package comment for the algebra.
type rotation struct {
	tangents, inverse []float32 // t_q and −t_q
	// The phases of the boundary before the rotation are scalars[i] times the
	// noise of row noise[i]: for the rows of a block at even and at odd parity,
	// then for the blocks (for the first boundary too at even and odd parity,
	// with 0 where a block has the other).
	scalars []float32
	noise   []int32
	perm    []int32 // row of the block before, at even and at odd parity
	source  []int32 // block before, doubled, plus its parity
	product []int32 // first boundary: row of the product state under scalars[i]
	// Derivatives by RY and RZ are these combinations of the overlaps X, Y, Z.
	ry, rz [][3]float64
}

func newRotation(p *plan, k int) rotation {
	r := rotation{
		tangents: make([]float32, p.qubits), inverse: make([]float32, p.qubits),
		ry: make([][3]float64, p.qubits), rz: make([][3]float64, p.qubits),
	}
	if k == 0 {
		return r
	}
	entries := 2*p.rows + p.blocks
	if k == 1 {
		entries += p.blocks
		r.product = make([]int32, entries)
	}
	r.scalars, r.noise = make([]float32, 2*entries), make([]int32, entries)
	r.perm, r.source = make([]int32, 2*p.rows), make([]int32, p.blocks)
	return r
}

// frame holds the rotations of one patch and the scratch of making them.
type frame struct {
	plan         *plan
	coefficients []float32 // of the product state: see factors
	rotations    []rotation
	after        [][]complex128 // by rotation and qubit: the phase α that follows it
	before       []complex128   // by qubit: the phase δ that precedes the rotation
	alpha, delta []complex128   // products of these over index bits
}

func newFrame(p *plan) *frame {
	most := max(p.rows, p.blocks)
	f := &frame{
		plan: p, coefficients: make([]float32, 8*p.qubits), before: make([]complex128, p.qubits),
		alpha: make([]complex128, most), delta: make([]complex128, most),
	}
	for k := range p.rotations {
		f.rotations = append(f.rotations, newRotation(p, k))
		f.after = append(f.after, make([]complex128, p.qubits))
	}
	return f
}

// set computes all tables from angles[layer][qubit][RY, RZ].
func (f *frame) set(angles []float64) {
	p := f.plan
	for k := range f.rotations {
		flips, scale := 0, 1.0
		for q := range p.qubits {
			theta, phi := 0.0, 0.0
			if p.trainable(k) {
				theta, phi = angles[2*(k*p.qubits+q)], angles[2*(k*p.qubits+q)+1]
			}
			if k == 0 {
				f.setProduct(q, theta, phi)
				continue
			}
			flip, cosine := f.setRotation(k, q, theta, phi)
			flips |= flip << q
			scale *= cosine
		}
		if k > 0 {
			f.setBoundary(k, flips, scale)
		}
	}
}

// gateInFrame returns the first column (a, b) of B†·RZ(φ)·RY(θ)·B, whose second
// is (−b*, a*). Before the measurement it is RY(θ)·B alone: no frame to go back
// to, and RZ changes no probability.
func gateInFrame(theta, phi float64, last bool) (a, b complex128) {
	s, c := math.Sincos(theta/2 + math.Pi/4)
	if last {
		return complex(c, 0), complex(s, 0)
	}
	sp, cp := math.Sincos(phi / 2)
	sp, cp = sp*math.Sqrt2/2, cp*math.Sqrt2/2
	return complex((s+c)*cp, (s-c)*sp), complex((s-c)*cp, (s+c)*sp)
}

// setProduct writes the amplitudes of qubit q after the first noise and the
// first gate, as coefficients of 1 and z: the gate takes (1, −z)/√2, the
// frame's |0⟩ after its noise.
func (f *frame) setProduct(q int, theta, phi float64) {
	last := f.plan.last(0)
	a, b := gateInFrame(theta, phi, last)
	for i, v := range [4]complex128{a, cmplx.Conj(b), b, -cmplx.Conj(a)} {
		f.coefficients[8*q+2*i] = float32(real(v) / math.Sqrt2)
		f.coefficients[8*q+2*i+1] = float32(imag(v) / math.Sqrt2)
	}
	f.after[0][q] = 1
	f.setDerivatives(0, q, phi, 1)
}

// setRotation writes the gate as phase · rotation · phase: diag(1, α) times
// [[c, −s], [s, c]] times diag(1, δ), but for a phase of the whole. Where
// |b| > |a| its inputs are swapped first (flip is 1), so that |s/c| ≤ 1. It
// returns the cosine left out of the tangent form, for the rounded tangent, so
// that the float32 rotation keeps the norm.
func (f *frame) setRotation(k, q int, theta, phi float64) (flip int, cosine float64) {
	r := &f.rotations[k]
	a, b := gateInFrame(theta, phi, f.plan.last(k))
	absA, unitA := polar(cmplx.Conj(a))
	absB, unitB := polar(b)
	alpha, delta := unitA*unitB, unitA*cmplx.Conj(unitB)
	if absB > absA {
		flip = 1
		absA, absB = absB, absA
		alpha, delta = -alpha, cmplx.Conj(delta)
	}
	t := float32(absB / absA)
	r.tangents[q], r.inverse[q] = t, -t
	f.before[q], f.after[k][q] = delta, alpha
	f.setDerivatives(k, q, phi, alpha)
	return flip, 1 / math.Sqrt(1+float64(t)*float64(t))
}

// setDerivatives writes the generators of both angles at the place where the
// overlaps are taken: after the rotation, before its phase α. In the frame RY's
// is cos φ·Y − sin φ·Z and RZ's is −X; α turns X and Y into each other.
func (f *frame) setDerivatives(k, q int, phi float64, alpha complex128) {
	r, c, s := &f.rotations[k], real(alpha), imag(alpha)
	switch {
	case !f.plan.trainable(k):
	case f.plan.last(k):
		r.ry[q] = [3]float64{0, c, 0}
	default:
		sp, cp := math.Sincos(phi)
		r.ry[q] = [3]float64{cp * s, cp * c, -sp}
		r.rz[q] = [3]float64{-c, s, 0}
	}
}

// setBoundary gathers all that happens to an amplitude between two rotations:
// the phase α of the one before, the CNOTs (a permutation with signs), the
// noise, the phase δ, the flips, and the cosines of the rotation to come.
func (f *frame) setBoundary(k, flips int, scale float64) {
	p, r, after := f.plan, &f.rotations[k], f.after[k-1]
	monomials(f.alpha[:p.rows], after[:p.low], 1)
	monomials(f.delta[:p.rows], f.before[:p.low], 1)
	for y := range p.rows {
		noisy := y ^ flips&(p.rows-1)
		x := p.origin(noisy)
		for parity, odd := range [2]int{0, p.rows - 1} { // an odd parity above flips all bits below
			i, x := parity*p.rows+y, x^odd
			v := f.delta[y] * f.alpha[x]
			if p.chain && bits.OnesCount(uint(x>>1))%2 == 1 {
				v = -v
			}
			r.put(i, v, noisy)
			r.perm[i] = int32(x)
		}
	}
	monomials(f.alpha[:p.blocks], after[p.low:], 1)
	monomials(f.delta[:p.blocks], f.before[p.low:], complex(scale, 0))
	for y := range p.blocks {
		noisy := y ^ flips>>p.low
		x, parity := p.origin(noisy), 0
		v := f.delta[y] * f.alpha[x]
		if p.chain {
			parity = x & 1
			if bits.OnesCount(uint(x))%2 == 1 {
				v = -v
			}
		}
		r.source[y] = int32(x<<1 | parity)
		if k > 1 {
			r.put(2*p.rows+y, v, p.rows+noisy)
			continue
		}
		r.put(2*p.rows+parity*p.blocks+y, v, p.rows+noisy)
		r.put(2*p.rows+(1-parity)*p.blocks+y, 0, p.rows+noisy)
	}
	if k == 1 {
		copy(r.product, r.perm)
		for i, s := range r.source {
			row := int32(p.rows) + s>>1
			r.product[2*p.rows+i], r.product[2*p.rows+p.blocks+i] = row, row
		}
	}
}

// put writes entry i of the boundary's table: a scalar and the noise it multiplies.
func (r *rotation) put(i int, scalar complex128, noise int) {
	r.scalars[2*i], r.scalars[2*i+1] = float32(real(scalar)), float32(imag(scalar))
	r.noise[i] = int32(noise)
}

// monomials fills dst[x] with first · Π factors[q] over the bits q set in x.
func monomials(dst, factors []complex128, first complex128) {
	dst[0] = first
	for q, z := range factors {
		for x, v := range dst[:1<<q] {
			dst[1<<q+x] = v * z
		}
	}
}

// polar splits v into its size and its direction; a vanishing v may point anywhere.
func polar(v complex128) (size float64, direction complex128) {
	size = math.Sqrt(norm2(v))
	if size < 1e-30 {
		return 0, 1
	}
	return size, complex(real(v)/size, imag(v)/size)
}
