package circuit

import (
	"math"
	"math/cmplx"
)

// rotation is what the angles of one layer become in the frame: the tables
// that every sample of a patch shares. See the package comment for the algebra.
type rotation struct {
	tangents, inverse []float32 // t_q and −t_q
	// The boundary before the rotation multiplies amplitudes by scalars[i]
	// times the noise of row noise[i], and takes them from row from[i]. There
	// are entries for the rows of a block at even and then at odd parity of the
	// high bits, then for the blocks. The first boundary works on factors: it
	// has rows and blocks for even parity, then both for odd parity, with
	// scalar 0 where a block has the other.
	scalars     []float32
	noise, from []int32
	parity      []int32 // of every block
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
	n := p.entries(k)
	r.scalars, r.noise, r.from = make([]float32, 2*n), make([]int32, n), make([]int32, n)
	r.parity = make([]int32, p.boundary(k).blocks)
	return r
}

// entries is the size of the tables of the boundary before rotation k.
func (p *plan) entries(k int) int {
	s := p.boundary(k)
	if k == 1 {
		return s.parities() * s.product()
	}
	return s.parities()*s.rows + s.product() - s.rows
}

// frame holds the rotations of one patch and the scratch of making them.
type frame struct {
	plan         *plan
	coefficients []float32 // of the product state: see factors
	rotations    []rotation
	after        [][]complex128 // by rotation and qubit: the phase α that follows it, with the CNOTs' sign
	before       []complex128   // by qubit: the phase δ that precedes the rotation
	alpha, delta []complex128   // products of these over index bits
}

func newFrame(p *plan) *frame {
	most := max(p.rows, p.blocks, p.factors.rows, p.factors.blocks)
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

// setProduct writes the amplitudes of qubit q after the first noise and the
// first gate, as coefficients of 1 and z: the gate takes (1, −z)/√2, the
// frame's |0⟩ after its noise.
func (f *frame) setProduct(q int, theta, phi float64) {
	g := newGate(theta, phi, f.plan.last(0))
	for i, v := range [4]complex128{g.a, cmplx.Conj(g.b), g.b, -cmplx.Conj(g.a)} {
		f.coefficients[8*q+2*i] = float32(real(v) / math.Sqrt2)
		f.coefficients[8*q+2*i+1] = float32(imag(v) / math.Sqrt2)
	}
	f.setAfter(0, q, phi, 1)
}

// setRotation writes the gate as phase · rotation · phase: diag(1, α) times
// [[c, −s], [s, c]] times diag(1, δ), but for a phase of the whole. Where
// |b| > |a| its inputs are swapped first (flip is 1), so that |s/c| ≤ 1. It
// returns the cosine left out of the tangent form, for the rounded tangent, so
// that the float32 rotation keeps the norm.
func (f *frame) setRotation(k, q int, theta, phi float64) (flip int, cosine float64) {
	r, g := &f.rotations[k], newGate(theta, phi, f.plan.last(k))
	absA, unitA := polar(cmplx.Conj(g.a))
	absB, unitB := polar(g.b)
	alpha, delta := unitA*unitB, unitA*cmplx.Conj(unitB)
	if absB > absA {
		flip = 1
		absA, absB = absB, absA
		alpha, delta = -alpha, cmplx.Conj(delta)
	}
	t := float32(absB / absA)
	r.tangents[q], r.inverse[q] = t, -t
	f.before[q] = delta
	f.setAfter(k, q, phi, alpha)
	return flip, 1 / math.Sqrt(1+float64(t)*float64(t))
}

// setAfter keeps the phase α for the boundary to come, with the sign that the
// CNOT chain gives to every set bit but the first, and writes the generators of
// both angles at the place where the overlaps are taken: after the rotation,
// before α. In the frame RY's is cos φ·Y − sin φ·Z and RZ's is −X; α turns X and Y
// into each other.
func (f *frame) setAfter(k, q int, phi float64, alpha complex128) {
	r, c, s := &f.rotations[k], real(alpha), imag(alpha)
	f.after[k][q] = alpha
	if f.plan.chain && q > 0 {
		f.after[k][q] = -alpha
	}
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
	p := f.plan
	s, after := p.boundary(k), f.after[k-1]
	monomials(f.alpha[:s.rows], after[:s.low], 1)
	monomials(f.delta[:s.rows], f.before[:s.low], complex(scale, 0))
	for parity := range s.parities() {
		f.setRows(k, parity, flips&(s.rows-1))
	}
	if s.high == 0 {
		return
	}
	monomials(f.alpha[:s.blocks], after[s.low:], 1)
	monomials(f.delta[:s.blocks], f.before[s.low:], 1)
	f.setBlocks(k, flips>>s.low)
}

// setRows writes the entries of a block's rows for one parity of its high bits:
// an odd one flips all bits below.
func (f *frame) setRows(k, parity, flips int) {
	s, at, from := f.plan.boundary(k), 0, 0
	if parity == 1 {
		at = s.rows
		if k == 1 {
			at, from = s.product(), s.product()
		}
	}
	for y := range s.rows {
		noise := y ^ flips
		x := int(f.plan.origin[noise]) ^ parity*(s.rows-1)
		f.rotations[k].put(at+y, f.delta[y]*f.alpha[x], noise, from+x)
	}
}

// setBlocks writes the entries of the blocks.
func (f *frame) setBlocks(k, flips int) {
	s, r := f.plan.boundary(k), &f.rotations[k]
	for y := range s.blocks {
		noise := y ^ flips
		x, parity := int(f.plan.origin[noise]), 0
		v := f.delta[y] * f.alpha[x]
		if f.plan.chain {
			parity = x & 1 // bit 0 of a suffix parity is the parity of all
		}
		r.parity[y] = int32(parity)
		if k > 1 {
			r.put(2*s.rows+y, v, s.rows+noise, x)
			continue
		}
		mine, other := parity*s.product()+s.rows, (1-parity)*s.product()+s.rows
		r.put(mine+y, v, s.rows+noise, mine+x)
		r.put(other+y, 0, s.rows+noise, other+x)
	}
}

// put writes entry i: a scalar, the noise it multiplies, and the row before.
func (r *rotation) put(i int, scalar complex128, noise, from int) {
	r.scalars[2*i], r.scalars[2*i+1] = float32(real(scalar)), float32(imag(scalar))
	r.noise[i], r.from[i] = int32(noise), int32(from)
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
