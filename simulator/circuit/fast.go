package circuit

// fastTile runs its lanes side by side in float32, through the inner loops of
// one kernel. Sizes are in rows unless they say otherwise.
type fastTile struct {
	plan  *plan
	loops *loops

	gamma       []float32   // summed noise angles: half rows by qubit
	z           []float32   // e^{iγ}, by qubit
	zeros, ones []float32   // qubits after rotation 0: amplitudes of 0 and of 1
	noise       []float32   // products of z over index bits: by row of a block, then by block
	product     []float32   // the state after rotation 0: factors by row of a block, then by block
	bond        []float32   // the state after rotation 1: see join, low tables first
	phases      [][]float32 // of the boundary before rotation k
	states      [][]float32 // after rotation k; two take turns where they are not kept

	counts   [Lanes]int32 // of sample
	backward *backward    // nil where states are not kept
}

func newFastTile(p *plan, l *loops, keep bool) *fastTile {
	t := &fastTile{
		plan: p, loops: l,
		gamma: aligned(p.qubits * Lanes), z: rowsOf(p.qubits),
		zeros: rowsOf(p.qubits), ones: rowsOf(p.qubits),
		noise: rowsOf(p.rows + p.blocks), product: rowsOf(p.rows + p.blocks),
		bond:   rowsOf(2 * (p.rows + p.blocks)),
		phases: make([][]float32, p.rotations), states: make([][]float32, max(2, p.rotations)),
	}
	for k := 1; k < len(t.states); k++ {
		if k > 2 && !keep {
			t.states[k], t.phases[k] = t.states[k-2], t.phases[2]
			continue
		}
		t.states[k] = rowsOf(p.size())
		if k < p.rotations {
			t.phases[k] = rowsOf(2 * (p.rows + p.blocks))
		}
	}
	if keep {
		t.backward = newBackward(p)
	}
	return t
}

// Forward implements Tile.
func (t *fastTile) Forward(patch *Patch, noise []float32) {
	p, rotations := t.plan, patch.frame.rotations
	t.start(patch.frame, noise)
	if p.rotations == 1 {
		copy(t.bond, t.product[:p.rows*width]) // a product has rank one: the rest of bond stays 0
		copy(t.bond[2*p.rows*width:], t.product[p.rows*width:])
	} else {
		t.boundary(1, &rotations[1], noise)
		t.first(&rotations[1])
	}
	t.loops.join(t.states[1], t.bond[2*p.rows*width:], t.bond, p.blocks, p.rows, p.stride)
	for k := 2; k < p.rotations; k++ {
		t.boundary(k, &rotations[k], noise)
		t.advance(k, &rotations[k])
	}
}

// start makes the product state after rotation 0.
func (t *fastTile) start(f *frame, noise []float32) {
	p := t.plan
	t.encode(0, noise)
	t.loops.factors(t.zeros, t.ones, t.z, f.coefficients, p.qubits)
	t.loops.tensor(t.product, t.zeros, t.ones, p.low)
	t.loops.tensor(t.product[p.rows*width:], t.zeros[p.low*width:], t.ones[p.low*width:], p.high)
}

// encode sets z for the noise before rotation k: encodings in a row add up.
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
	p, same := t.plan, t.plan.sameNoise(k)
	if !same {
		t.encode(k, noise)
	}
	if !same || k == 1 {
		t.loops.powers(t.noise, t.z, p.low)
		t.loops.powers(t.noise[p.rows*width:], t.z[p.low*width:], p.high)
	}
	t.loops.scale(t.phases[k], t.noise, r.scalars, r.noise)
}

// first makes the state after rotation 1. Seen from the blocks a boundary has
// two sides only, even and odd parity, so the product state becomes a sum of
// two products, and its rotations act on their factors.
func (t *fastTile) first(r *rotation) {
	p := t.plan
	t.loops.gather(t.bond, t.phases[1], t.product, r.product)
	t.loops.rotate(t.bond, r.tangents[:p.low], 1, 1, 2, p.rows)
	t.loops.rotate(t.bond[2*p.rows*width:], r.tangents[p.low:], 1, 1, 2, p.blocks)
}

// advance makes the state after rotation k from the one before it.
func (t *fastTile) advance(k int, r *rotation) {
	p, src, dst := t.plan, t.states[k-1], t.states[k]
	low, high := t.phases[k], t.phases[k][2*p.rows*width:]
	if p.whole() {
		t.loops.twist(dst, src, high, low, p.stride, r.source, r.perm)
		t.loops.rotate(dst, r.tangents, 1, 1, 1, 0)
		return
	}
	for c := range p.blocks {
		block := dst[c*p.stride*width:]
		t.loops.twist(block, src, high[c*width:], low, p.stride, r.source[c:c+1], r.perm)
		t.loops.rotate(block, r.tangents[:p.low], 1, 1, 1, 0)
	}
	t.rotateBlocks(dst, r.tangents[p.low:])
}

// rotateBlocks turns the high bits, a band of rows of all blocks at a time.
func (t *fastTile) rotateBlocks(state, tangents []float32) {
	p := t.plan
	for r := 0; r < p.rows; r += p.band {
		t.loops.rotate(state[r*width:], tangents, p.stride, p.band, 1, 0)
	}
}

// final is the state that is measured.
func (t *fastTile) final() []float32 { return t.states[len(t.states)-1] }

// Probabilities implements Tile.
func (t *fastTile) Probabilities(dst []float32) {
	p := t.plan
	clear(dst)
	t.loops.probabilities(dst, t.final(), p.stride, p.rows, p.words)
}

// Sample implements Tile; the fixed order is that of the rows.
func (t *fastTile) Sample(uniform *[Lanes]float32, words *[Lanes]uint32) {
	p := t.plan
	t.loops.sample(&t.counts, uniform, t.final(), p.blocks, p.rows, p.stride)
	for i, n := range t.counts {
		if int(n) == len(p.words) { // the sum was rounded below the uniform number
			n = t.lastPossible(i)
		}
		words[i] = uint32(p.words[n])
	}
}

// lastPossible is the last row at which a lane has any probability.
func (t *fastTile) lastPossible(lane int) int32 {
	p := t.plan
	for n := len(p.words) - 1; n > 0; n-- {
		r := rowAt(t.final(), n>>p.low*p.stride+n&(p.rows-1))
		if r[lane] != 0 || r[lane+Lanes] != 0 {
			return int32(n)
		}
	}
	return 0
}
