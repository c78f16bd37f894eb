package circuit

// fastTile is the fast engine's Tile: it processes all lanes together in float32 by
// the inner loops of one kernel. Sizes are in rows unless stated otherwise.
type fastTile struct {
	plan  *plan
	loops *loops
	*workspace

	product []float32   // the state after rotation 0, as factors; once for each parity
	bond    []float32   // the state after rotation 1, as two products: see join
	phases  [][]float32 // of the boundary before rotation k
	states  [][]float32 // after rotation k; two alternate if they are not kept

	deferred []pass    // passes of the last rotation that Forward has left out: see deferLast
	tangents []float32 // of that rotation
}

// workspace holds scratch memory that no call passes on to another. Tiles of one
// goroutine may share it.
type workspace struct {
	gamma       []float32 // summed noise angles: half rows by qubit
	z           []float32 // e^{iγ}, by qubit
	zeros, ones []float32 // qubits after rotation 0: amplitudes of 0 and of 1
	noise       []float32 // products of z over index bits: by row of a block, then by block
	written     []float32 // the state of the bond, only for rotation 2
	backward    *backward // nil where states are not kept
}

func newWorkspace(p *plan, keep bool) *workspace {
	w := &workspace{
		gamma: aligned(p.qubits * Lanes), z: rowsOf(p.qubits),
		zeros: rowsOf(p.qubits), ones: rowsOf(p.qubits),
		noise: rowsOf(max(p.product(), p.factors.product())),
	}
	if p.factors.high > 0 && !p.keepsState(1) {
		w.written = rowsOf(p.size())
	}
	if keep {
		w.backward = newBackward(p)
	}
	return w
}

func newFastTile(p *plan, l *loops, w *workspace) *fastTile {
	t := &fastTile{
		plan: p, loops: l, workspace: w,
		product: rowsOf(p.factorRows()), bond: rowsOf(p.factorRows()),
		phases: make([][]float32, max(2, p.rotations)), states: make([][]float32, max(2, p.rotations)),
	}
	for k := 1; k < len(t.states); k++ {
		switch {
		case k > 2 && w.backward == nil:
			t.states[k], t.phases[k] = t.states[k-2], t.phases[2]
			continue
		case p.keepsState(k):
			t.states[k] = rowsOf(p.size())
		case p.factors.high == 0:
			t.states[k] = t.bond
		default:
			t.states[k] = w.written
		}
		t.phases[k] = rowsOf(p.entries(k))
	}
	return t
}

// Forward implements Tile.
func (t *fastTile) Forward(patch *Patch, noise []float32) {
	p, rotations := t.plan, patch.frame.rotations
	t.start(patch.frame, noise)
	if p.rotations == 1 {
		copy(t.bond, t.product[:p.factors.product()*width]) // one product: the other stays 0
	} else {
		t.boundary(1, &rotations[1], noise)
		t.first(&rotations[1])
	}
	if s := p.factors; s.high > 0 {
		t.loops.join(t.states[1], t.bond, t.bond[s.rows*width:], s.blocks, s.rows, p.factorStride(), s.product())
	}
	t.deferred = t.deferred[:0]
	for k := 2; k < p.rotations; k++ {
		t.advance(k, &rotations[k], noise)
	}
}

// scales reports whether advancing includes the boundary: nothing else reads its phases.
func (t *fastTile) scales() bool {
	return t.loops.scaleGatherRotate != nil && t.backward == nil && t.plan.high == 0 && t.plan.low >= fusedBits
}

// start computes the product state after rotation 0.
func (t *fastTile) start(f *frame, noise []float32) {
	n, s := t.plan.qubits, t.plan.factors
	t.encode(0, noise)
	t.loops.factors(t.zeros, t.ones, t.z, f.coefficients, n)
	t.loops.tensor(t.product, t.zeros, t.ones, s.low)
	if s.high > 0 {
		high := t.product[s.rows*width:]
		t.loops.tensor(high, t.zeros[s.low*width:], t.ones[s.low*width:], s.high)
		copy(t.product[s.product()*width:], t.product)
	}
}

// encode sets z for the noise before rotation k. Consecutive encodings add up.
func (t *fastTile) encode(k int, noise []float32) {
	n, encodings := t.plan.qubits, t.plan.noise[k]
	gamma := t.gamma
	if len(encodings) == 1 {
		gamma = noise[encodings[0]*Lanes:]
	} else {
		clear(gamma)
		for _, first := range encodings {
			for i, x := range noise[first*Lanes:][:n*Lanes] {
				gamma[i] += x
			}
		}
	}
	t.loops.phases(t.z, gamma, n)
}

// boundary sets the phases of the boundary before rotation k.
func (t *fastTile) boundary(k int, r *rotation, noise []float32) {
	t.combine(k, noise)
	t.loops.scale(t.phases[k], t.noise, r.scalars, r.noise)
}

// combine sets the products of the noise before rotation k over index bits.
func (t *fastTile) combine(k int, noise []float32) {
	p, s := t.plan, t.plan.boundary(k)
	if p.fresh[k] {
		t.encode(k, noise)
	}
	if p.fresh[k] || k == 1 || k == 2 && p.split != p.factors {
		t.loops.powers(t.noise, t.z, s.low)
		if s.high > 0 {
			t.loops.powers(t.noise[s.rows*width:], t.z[s.low*width:], s.high)
		}
	}
}

// first computes the state after rotation 1. Blocks differ only by a parity, so the
// product state becomes a sum of two products, and rotations act on their factors.
func (t *fastTile) first(r *rotation) {
	t.loops.gather(t.bond, t.product, t.phases[1], r.from)
	t.rotateFactors(t.bond, r.tangents)
}

// rotateFactors rotates both products of a bond.
func (t *fastTile) rotateFactors(bond, tangents []float32) {
	p, s := t.plan, t.plan.factors
	t.loops.rotate.over(&p.lowFactors, bond, tangents)
	t.loops.rotate.over(&p.highFactors, bond[s.rows*width:], tangents[s.low:])
}

// rotateBlocks rotates the high bits of a state, one band of rows of all blocks at a
// time.
func (t *fastTile) rotateBlocks(state, tangents []float32) {
	p := t.plan
	for r := 0; r < p.rows; r += p.band {
		t.loops.rotate.over(&p.acrossBlocks, state[r*width:], tangents)
	}
}

// advance computes the boundary before rotation k and the state after it from the previous state,
// without the last sweep if Probabilities can end with that.
func (t *fastTile) advance(k int, r *rotation, noise []float32) {
	p, l, src, dst := t.plan, t.loops, t.states[k-1], t.states[k]
	if t.scales() {
		t.combine(k, noise)
		l.scaleGatherRotate(dst, src, t.noise, r.scalars, r.noise, r.from, r.tangents)
		if !t.deferLast(k, r) {
			l.rotate.over(&p.afterGather, dst, r.tangents)
		}
		return
	}
	t.boundary(k, r, noise)
	if p.high == 0 {
		if l.gatherRotate != nil && p.low >= fusedBits {
			l.gatherRotate(dst, src, t.phases[k], r.from, r.tangents)
			if !t.deferLast(k, r) {
				l.rotate.over(&p.afterGather, dst, r.tangents)
			}
			return
		}
		l.gather(dst, src, t.phases[k], r.from)
		l.rotate.over(&p.withinBlock, dst, r.tangents)
		return
	}
	for c := range p.blocks {
		block := dst[c*p.stride*width:]
		from, low, perm, phase := t.blockBefore(k, c, r)
		if l.gatherBlockRotate != nil {
			l.gatherBlockRotate(block, src[from:], low, phase, perm, r.tangents)
			l.rotate.over(&p.afterGather, block, r.tangents)
			continue
		}
		l.gatherBlock(block, src[from:], low, phase, perm)
		l.rotate.over(&p.withinBlock, block, r.tangents)
	}
	if !t.deferLast(k, r) {
		t.rotateBlocks(dst, r.tangents)
	}
}

// blockBefore describes how the boundary before rotation k produces block c: the
// start of the source block, in floats, the phases and indices of its rows, and the
// phase of the block.
func (t *fastTile) blockBefore(k, c int, r *rotation) (from int, low []float32, perm []int32, phase []float32) {
	p := t.plan
	odd := int(r.parity[c]) * p.rows
	from = int(r.from[2*p.rows+c]) * p.stride * width
	return from, t.phases[k][odd*width:], r.from[odd : odd+p.rows], t.phases[k][(2*p.rows+c)*width:]
}
