package circuit

import "math"

// rotation holds the tables computed from the angles of one layer, which all samples
// of a patch share. The package documentation gives the algebra.
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
	flips       int     // of index bits before the rotation; −1: never set
	// Derivatives by RY and RZ are these combinations of the overlaps X, Y, Z.
	ry, rz [][3]float64
}

func newRotation(p *plan, k int) rotation {
	r := rotation{
		tangents: make([]float32, p.qubits), inverse: make([]float32, p.qubits),
		ry: make([][3]float64, p.qubits), rz: make([][3]float64, p.qubits),
		flips: -1,
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

// frame holds the rotations of one patch, with scratch memory for computing them.
type frame struct {
	plan         *plan
	coefficients []float32 // of the product state: see factors
	rotations    []rotation
	after        [][]complex128 // by rotation and qubit: the phase α that follows it, with the CNOTs' sign
	before       []complex128   // by qubit: the phase δ that precedes the rotation
	turns        []turn         // of the angles
	gate         gate           // of the current qubit
	alpha, delta []complex128   // products of these over index bits
}

func newFrame(p *plan) *frame {
	most := max(p.rows, p.blocks, p.factors.rows, p.factors.blocks)
	f := &frame{
		plan: p, turns: make([]turn, 2*p.layers*p.qubits), coefficients: make([]float32, 8*p.qubits), before: make([]complex128, p.qubits),
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
	p, g := f.plan, &f.gate
	setTurns(f.turns, angles)
	for k := range f.rotations {
		flips, squares := 0, 1.0
		for q := range p.qubits {
			theta, phi := turn{0, 1}, turn{0, 1}
			if p.trainable(k) {
				i := 2 * (k*p.qubits + q)
				theta, phi = f.turns[i], f.turns[i+1]
			}
			g.set(theta, phi, p.last(k))
			if k == 0 {
				f.setProduct(q, g)
				continue
			}
			flips |= g.flip << q
			squares *= f.setRotation(k, q, g)
		}
		if k > 0 {
			f.setBoundary(k, flips, 1/math.Sqrt(squares))
		}
	}
}

// setProduct sets the amplitudes of qubit q after the first noise and the first
// gate, as coefficients of 1 and z. The gate acts on (1, −z)/√2, which is |0⟩ in the
// frame after the noise.
func (f *frame) setProduct(q int, g *gate) {
	zero, one := g.columns()
	for i := range zero {
		c := f.coefficients[8*q+4*i:][:4]
		c[0], c[1] = float32(real(zero[i])*invSqrt2), float32(imag(zero[i])*invSqrt2)
		c[2], c[3] = float32(-real(one[i])*invSqrt2), float32(-imag(one[i])*invSqrt2)
	}
	f.setAfter(0, q, g, 1)
}

const invSqrt2 = math.Sqrt2 / 2

// setRotation factorises a gate into phase · rotation · phase and returns 1 + t² of
// the rounded tangent. The tangent form omits its root as a factor; using the
// rounded tangent keeps the norm in float32.
func (f *frame) setRotation(k, q int, g *gate) float64 {
	r, t := &f.rotations[k], float32(g.tangent)
	r.tangents[q], r.inverse[q] = t, -t
	f.before[q] = g.delta
	f.setAfter(k, q, g, g.alpha)
	return 1 + float64(t)*float64(t)
}

// setAfter stores the phase α for the next boundary, with the sign that the CNOT
// chain gives to every set bit but the first. It also sets the generators of both
// angles at the point of the overlaps: after the rotation, before α. In the frame
// RY's generator is cos φ·Y − sin φ·Z and RZ's is −X; α mixes X and Y.
func (f *frame) setAfter(k, q int, g *gate, alpha complex128) {
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
		r.ry[q] = [3]float64{g.cos * s, g.cos * c, -g.sin}
		r.rz[q] = [3]float64{-c, s, 0}
	}
}
