package circuit

// backward is the work space of Backward.
type backward struct {
	lambda, other []float32 // the weighted state, and where it goes next
	pulled        []float32 // its contraction with bond
	origin        []float32 // … and with product
	overlaps      []float32 // X and Y by rotation and qubit, then half rows of Z
	totals        []float32 // the overlaps summed over lanes
	low, high     []float32 // half rows of overlapDot
}

func newBackward(p *plan) *backward {
	n := p.rotations * p.qubits
	return &backward{
		lambda: rowsOf(p.size()), other: rowsOf(p.size()),
		pulled: rowsOf(2 * (p.rows + p.blocks)), origin: rowsOf(p.rows + p.blocks),
		overlaps: aligned(n*width + n*Lanes), totals: make([]float32, 3*n),
		low: aligned(p.rows * Lanes), high: aligned(max(2, p.blocks) * Lanes),
	}
}

// Backward implements Tile by adjoint differentiation (Jones & Gacon 2020): the
// weighted state λ is pulled back from rotation to rotation, and its overlaps
// with the kept states give the derivatives by both angles of every qubit.
func (t *fastTile) Backward(patch *Patch, weights []float32, gradient []float64) {
	p, b, last := t.plan, t.backward, t.plan.rotations-1
	clear(b.overlaps)
	t.loops.weigh(b.lambda, t.final(), weights, p.stride, p.rows, p.words)
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

// overlapFinal takes the Y overlaps of all qubits, all that the last RY needs.
func (t *fastTile) overlapFinal(k int) {
	p, l, psi := t.plan, t.backward.lambda, t.final()
	acc := t.backward.overlaps[k*p.qubits*width:]
	if p.whole() {
		t.loops.overlapY(acc, l, psi, p.qubits, 1, 1, 1, 0)
		return
	}
	for r := 0; r < p.rows; r += p.band {
		t.loops.overlapY(acc[p.low*width:], l[r*width:], psi[r*width:], p.high, p.stride, p.band, 1, 0)
	}
	t.loops.overlapY(acc, l, psi, p.low, 1, 1, p.blocks, p.stride)
}

// overlap takes the X, Y and Z overlaps of all qubits with the state after rotation k.
func (t *fastTile) overlap(k int) {
	p, b, l, psi := t.plan, t.backward, t.backward.lambda, t.states[k]
	acc := b.overlaps[k*p.qubits*width:]
	if p.whole() {
		t.loops.overlapXY(acc, l, psi, p.qubits, 1, 1, 1, 0)
	} else {
		for r := 0; r < p.rows; r += p.band {
			t.loops.overlapXY(acc[p.low*width:], l[r*width:], psi[r*width:], p.high, p.stride, p.band, 1, 0)
		}
		t.loops.overlapXY(acc, l, psi, p.low, 1, 1, p.blocks, p.stride)
	}
	clear(b.low)
	clear(b.high)
	t.loops.overlapDot(b.low, b.high, l, psi, p.blocks, p.rows, p.stride)
	t.loops.marginals(t.overlapZ(k, 0), b.low, p.low)
	t.loops.marginals(t.overlapZ(k, p.low), b.high, p.high)
}

// overlapFactors takes the overlaps of the qubits from q on with one table of
// factors: groups of 2^bits rows.
func (t *fastTile) overlapFactors(k, q, bits, groups int, l, psi []float32) {
	p, b := t.plan, t.backward
	dot, rest := b.low, b.high
	if q > 0 {
		dot, rest = b.high, b.low
	}
	t.loops.overlapXY(b.overlaps[(k*p.qubits+q)*width:], l, psi, bits, 1, 1, groups, 1<<bits)
	clear(dot)
	t.loops.overlapDot(dot, rest, l, psi, groups, 1<<bits, 1<<bits)
	t.loops.marginals(t.overlapZ(k, q), dot, bits)
}

// overlapZ is where the Z overlaps of rotation k begin, from qubit q on.
func (t *fastTile) overlapZ(k, q int) []float32 {
	n := t.plan.rotations * t.plan.qubits
	return t.backward.overlaps[n*width+(k*t.plan.qubits+q)*Lanes:]
}

// retreat pulls λ back over rotation k and the boundary before it.
func (t *fastTile) retreat(k int, r *rotation) {
	p, b := t.plan, t.backward
	low, high := t.phases[k], t.phases[k][2*p.rows*width:]
	if p.whole() {
		t.loops.rotate(b.lambda, r.inverse, 1, 1, 1, 0)
		t.loops.twistAdjoint(b.other, b.lambda, high, low, p.stride, r.source, r.perm)
	} else {
		t.rotateBlocks(b.lambda, r.inverse[p.low:])
		for c := range p.blocks {
			block := b.lambda[c*p.stride*width:]
			t.loops.rotate(block, r.inverse[:p.low], 1, 1, 1, 0)
			t.loops.twistAdjoint(b.other, block, high[c*width:], low, p.stride, r.source[c:c+1], r.perm)
		}
	}
	b.lambda, b.other = b.other, b.lambda
}

// retreatFirst takes the overlaps with the states after rotations 1 and 0. Both
// are made of factors, so λ is contracted with these once, and all the rest
// happens to the small tables.
func (t *fastTile) retreatFirst(r *rotation) {
	p, b := t.plan, t.backward
	high := 2 * p.rows * width
	clear(b.pulled)
	t.loops.contract(b.pulled, b.pulled[high:], b.lambda, t.bond[high:], t.bond, p.blocks, p.rows, p.stride)
	if !p.last(1) {
		t.overlapFactors(1, 0, p.low, 2, b.pulled, t.bond)
		t.overlapFactors(1, p.low, p.high, 2, b.pulled[high:], t.bond[high:])
	}
	t.loops.rotate(b.pulled, r.inverse[:p.low], 1, 1, 2, p.rows)
	t.loops.rotate(b.pulled[high:], r.inverse[p.low:], 1, 1, 2, p.blocks)
	clear(b.origin)
	t.loops.gatherAdjoint(b.origin, t.phases[1], b.pulled, r.product)
	t.overlapFactors(0, 0, p.low, 1, b.origin, t.product)
	t.overlapFactors(0, p.low, p.high, 1, b.origin[p.rows*width:], t.product[p.rows*width:])
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
			ry, rz := &f.rotations[k].ry[q], &f.rotations[k].rz[q]
			gradient[2*i] += ry[0]*x + ry[1]*y + ry[2]*z
			gradient[2*i+1] += rz[0]*x + rz[1]*y + rz[2]*z
		}
	}
}
