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
	parity      []int32      // of every block
	flips       int          // of index bits before the rotation; −1: never set
	generators  []generators // by qubit
}

// generators holds the derivatives by RY and RZ of a qubit, as combinations of the overlaps
// X, Y and Z.
type generators struct{ ry, rz [3]float64 }

func newRotation(p *plan, k int) rotation {
	r := rotation{
		tangents: make([]float32, p.qubits), inverse: make([]float32, p.qubits),
		generators: make([]generators, p.qubits),
		flips:      -1,
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
	loops        *loops
	coefficients []float32 // of the product state: see factors
	rotations    []rotation
	angles       []float64   // RY and RZ by rotation and qubit, 0 where there are none
	turns        []turn      // of the angles
	gates        []gate      // by rotation and qubit
	between      []phasePair // of the current boundary, by qubit
	products     []phasePair // of these over index bits
}

// phasePair holds the phases of a qubit, or of several, at a boundary: α of the previous
// rotation, with the CNOTs' sign, and δ of the next one. It is an alias for the generator of the assembly.
type phasePair = struct{ alpha, delta complex128 }

func newFrame(p *plan, l *loops) *frame {
	gates := (p.rotations*p.qubits + 3) &^ 3 // in fours
	f := &frame{
		plan: p, loops: l, coefficients: make([]float32, 8*p.qubits),
		angles: make([]float64, 2*gates), turns: make([]turn, 2*gates), gates: make([]gate, gates),
		between: make([]phasePair, p.qubits), products: make([]phasePair, max(p.rows, p.blocks, p.factors.rows, p.factors.blocks)),
	}
	for k := range p.rotations {
		f.rotations = append(f.rotations, newRotation(p, k))
	}
	return f
}

// set computes all tables from angles[layer][qubit][RY, RZ].
func (f *frame) set(angles []float64) {
	copy(f.angles, angles)
	f.loops.setTurns(f.turns, f.angles)
	last := f.turns[2*(f.plan.rotations-1)*f.plan.qubits:]
	for q := range f.plan.qubits {
		last[2*q], last[2*q+1] = lastTurns(last[2*q])
	}
	f.loops.gates(f.gates, f.turns)
	for k := range f.rotations {
		if k == 0 {
			f.setProduct()
		} else {
			flips, scale := f.setRotation(k)
			f.setBoundary(k, flips, scale)
		}
		f.setAfter(k) // for the next boundary
	}
}

// gatesOf returns the gates of a rotation, by qubit.
func (f *frame) gatesOf(k int) []gate { return f.gates[k*f.plan.qubits:][:f.plan.qubits] }

// setProduct sets the amplitudes of every qubit after the first noise and the first
// gate, as coefficients of 1 and z. The gate acts on (1, −z)/√2, which is |0⟩ in the
// frame after the noise.
func (f *frame) setProduct() {
	gates := f.gatesOf(0)
	for q := range gates {
		g, c := &gates[q], (*[8]float32)(f.coefficients[8*q:])
		zero0, zero1, one0, one1 := columns(g)
		c[0], c[1] = float32(real(zero0)*invSqrt2), float32(imag(zero0)*invSqrt2)
		c[2], c[3] = float32(-real(one0)*invSqrt2), float32(-imag(one0)*invSqrt2)
		c[4], c[5] = float32(real(zero1)*invSqrt2), float32(imag(zero1)*invSqrt2)
		c[6], c[7] = float32(-real(one1)*invSqrt2), float32(-imag(one1)*invSqrt2)
		g.alpha = 1 // the coefficients include it
	}
}

const invSqrt2 = math.Sqrt2 / 2

// setRotation factorises the gates of a rotation into phase · rotation · phase. It returns
// the flips and the product of the cosines, which the tangent form omits: those of the
// rounded tangents, to keep the norm in float32.
func (f *frame) setRotation(k int) (flips int, scale float64) {
	r, gates, squares := &f.rotations[k], f.gatesOf(k), 1.0
	between, tangents, inverse := f.between[:len(gates)], r.tangents[:len(gates)], r.inverse[:len(gates)]
	for q := range gates {
		g := &gates[q]
		t := float32(g.tangent)
		tangents[q], inverse[q] = t, -t
		between[q].delta = g.delta
		flips |= g.flip << q
		squares *= 1 + float64(t)*float64(t)
	}
	return flips, 1 / math.Sqrt(squares)
}

// setAfter stores the phases α in place of those of the previous rotation, with the sign that the CNOT
// chain gives to every set bit but the first. It also sets the generators of both
// angles at the point of the overlaps: after the rotation, before α. In the frame
// RY's generator is cos φ·Y − sin φ·Z and RZ's is −X; α mixes X and Y.
func (f *frame) setAfter(k int) {
	gates, chain := f.gatesOf(k), f.plan.chain
	between, generators := f.between[:len(gates)], f.rotations[k].generators[:len(gates)]
	for q := range gates {
		g, d := &gates[q], &generators[q]
		c, s := real(g.alpha), imag(g.alpha)
		if chain && q > 0 {
			between[q].alpha = complex(-c, -s)
		} else {
			between[q].alpha = g.alpha
		}
		d.ry[0], d.ry[1], d.ry[2] = g.cos*s, g.cos*c, -g.sin
		d.rz[0], d.rz[1] = -c, s
	}
}
