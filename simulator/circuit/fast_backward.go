package circuit

// backward holds the buffers of Backward.
type backward struct {
	lambda, other []float32 // the weighted state, and the buffer of its next value
	pulled        []float32 // contraction of lambda with bond
	origin        []float32 // contraction of lambda with product
	overlaps      []float32 // X and Y by rotation and qubit, then half rows of Z
	totals        []float32 // the overlaps summed over lanes
	low, high     []float32 // half rows of overlapDot
}

func newBackward(p *plan) *backward {
	n, factors := p.rotations*p.qubits, p.factorRows()
	return &backward{
		lambda: rowsOf(p.size()), other: rowsOf(p.size()),
		pulled: rowsOf(factors), origin: rowsOf(factors),
		overlaps: aligned(n*width + n*Lanes), totals: make([]float32, 3*n),
		low: aligned(p.rows * Lanes), high: aligned(max(2, p.blocks, p.factors.blocks) * Lanes),
	}
}

// Backward implements Tile by adjoint differentiation (Jones & Gacon 2020): it
// propagates the weighted state λ back from rotation to rotation. The overlaps of λ
// with the kept states give the derivatives by both angles of every qubit.
func (t *fastTile) Backward(patch *Patch, weights []float32, gradient []float64) {
	p, b, last := t.plan, t.backward, t.plan.rotations-1
	clear(b.overlaps)
	t.loops.weigh(b.lambda, t.final(), weights, p.words, p.blocks, p.rows, p.stride)
	if p.trainable(last) {
		t.overlapFinal(last)
	}
	for k := last; k > 1; k-- {
		if k < last {
			t.overlap(k)
		}
		t.retreat(k, &patch.frame.rotations[k])
	}
	if last > 0 {
		t.retreatFirst(&patch.frame.rotations[1])
	}
	t.loops.sums(b.totals, b.overlaps)
	t.differentiate(patch.frame, gradient)
}

// overlapFinal computes the Y overlaps of all qubits; the last RY needs no others.
func (t *fastTile) overlapFinal(k int) {
	p, l, psi := t.plan, t.backward.lambda, t.final()
	acc := t.backward.overlaps[k*p.qubits*width:]
	for c := range p.blocks {
		at := c * p.stride * width
		t.loops.overlapY.over(&p.withinBlock, acc, l[at:], psi[at:])
	}
	t.overlapBlocks(&t.loops.overlapY, acc, l, psi)
}

// overlap computes the X, Y and Z overlaps of all qubits with the state after
// rotation k.
func (t *fastTile) overlap(k int) {
	p, b, l, psi := t.plan, t.backward, t.backward.lambda, t.states[k]
	acc := b.overlaps[k*p.qubits*width:]
	clear(b.low)
	clear(b.high)
	for c := range p.blocks {
		at := c * p.stride * width
		t.loops.overlapXY.over(&p.withinBlock, acc, l[at:], psi[at:])
		t.loops.overlapDot(b.low, b.high[c*Lanes:], l[at:], psi[at:], 1, p.rows, 0)
	}
	t.overlapBlocks(&t.loops.overlapXY, acc, l, psi)
	t.loops.marginals(t.overlapZ(k, 0), b.low, p.low)
	t.loops.marginals(t.overlapZ(k, p.low), b.high, p.high)
}

// overlapBlocks computes overlaps of the high bits, one band of rows of all blocks
// at a time.
func (t *fastTile) overlapBlocks(o *overlaps, acc, l, psi []float32) {
	p := t.plan
	if p.high == 0 {
		return
	}
	for r := 0; r < p.rows; r += p.band {
		o.over(&p.acrossBlocks, acc, l[r*width:], psi[r*width:])
	}
}

// overlapFactors computes the X, Y and Z overlaps of all qubits with a bond or with
// the product state. l is λ contracted with their factors.
func (t *fastTile) overlapFactors(k int, l, psi []float32) {
	p, b, s := t.plan, t.backward, t.plan.factors
	acc := b.overlaps[k*p.qubits*width:]
	t.loops.overlapXY.over(&p.lowFactors, acc, l, psi)
	t.overlapTable(t.overlapZ(k, 0), s.low, l, psi, b.low, b.high)
	if s.high > 0 {
		l, psi = l[s.rows*width:], psi[s.rows*width:]
		t.loops.overlapXY.over(&p.highFactors, acc[s.low*width:], l, psi)
		t.overlapTable(t.overlapZ(k, s.low), s.high, l, psi, b.high, b.low)
	}
}

// overlapTable computes the Z overlaps of the qubits of a table of 2^bits factors
// and sums them in dot. It overwrites unused with meaningless values.
func (t *fastTile) overlapTable(acc []float32, bits int, l, psi, dot, unused []float32) {
	s := t.plan.factors
	clear(dot)
	t.loops.overlapDot(dot, unused, l, psi, s.parities(), 1<<bits, s.product())
	t.loops.marginals(acc, dot, bits)
}

// overlapZ returns the Z overlaps of rotation k, from qubit q on.
func (t *fastTile) overlapZ(k, q int) []float32 {
	n := t.plan.rotations * t.plan.qubits
	return t.backward.overlaps[n*width+(k*t.plan.qubits+q)*Lanes:]
}

// retreat propagates λ back over rotation k and the boundary before it.
func (t *fastTile) retreat(k int, r *rotation) {
	p, b := t.plan, t.backward
	if p.high == 0 {
		t.loops.rotate.over(&p.withinBlock, b.lambda, r.inverse)
		t.loops.gatherAdjoint(b.other, b.lambda, t.phases[k], r.from)
	} else {
		t.rotateBlocks(b.lambda, r.inverse)
		for c := range p.blocks {
			block := b.lambda[c*p.stride*width:]
			from, low, perm, phase := t.blockBefore(k, c, r)
			t.loops.rotate.over(&p.withinBlock, block, r.inverse)
			t.loops.gatherBlockAdjoint(b.other[from:], block, low, phase, perm)
		}
	}
	b.lambda, b.other = b.other, b.lambda
}

// retreatFirst computes the overlaps with the states after rotations 1 and 0. Both
// consist of factors, so it contracts λ with these once and then works on small
// tables.
func (t *fastTile) retreatFirst(r *rotation) {
	p, b, s, pulled := t.plan, t.backward, t.plan.factors, t.backward.lambda
	if s.high > 0 {
		pulled = b.pulled
		clear(pulled)
		t.loops.contract(pulled, pulled[s.rows*width:], b.lambda, t.bond, t.bond[s.rows*width:],
			s.blocks, s.rows, p.factorStride(), s.product())
	}
	if !p.last(1) {
		t.overlapFactors(1, pulled, t.bond)
	}
	t.rotateFactors(pulled, r.inverse)
	t.loops.gatherAdjoint(b.origin, pulled, t.phases[1], r.from)
	t.overlapFactors(0, b.origin, t.product)
}

// differentiate combines the overlaps into derivatives by the angles.
func (t *fastTile) differentiate(f *frame, gradient []float64) {
	p, totals := t.plan, t.backward.totals
	for k := range p.layers {
		for q := range p.qubits {
			i := k*p.qubits + q
			x, y, z := float64(totals[2*i]), float64(totals[2*i+1]), float64(totals[2*p.rotations*p.qubits+i])
			if p.last(k) { // overlapFinal leaves the halves of Y
				x, y = 0, x+y
			}
			d := &f.rotations[k].generators[q]
			gradient[2*i] += d.ry[0]*x + d.ry[1]*y + d.ry[2]*z
			gradient[2*i+1] += d.rz[0]*x + d.rz[1]*y + d.rz[2]*z
		}
	}
}
