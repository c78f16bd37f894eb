package circuit

import "slices"

// plan holds everything about an ansatz that does not depend on angles: the layout
// of rows, the rotations, the noise before each, and the word of each row of the
// final state.
type plan struct {
	layout
	factors   split // of the product state
	qubits    int
	layers    int     // rotations with trainable angles
	rotations int     // one more where the circuit ends with an encoding
	noise     [][]int // before rotation k: the first noise row of each encoding
	fresh     []bool  // whether that is other noise than before rotation k−1
	chain     bool    // CNOTs, or none at all
	words     []int32 // of every row, block after block
	visited   []int32 // words in the order in which the last pass of a rotation visits rows, or nil
	origin    []int32 // the index that the CNOTs, seen from the frame, take to each

	withinBlock, acrossBlocks sweeps // over the low and the high bits of a state
	afterGather               sweeps // over the low bits that gatherRotate and gatherBlockRotate leave
	lowFactors, highFactors   sweeps // over those of its factors, at both parities
}

// newPlan returns nil if the fast engine does not support the ansatz: the CNOTs of
// ring and brick do not split into blocks, and postselection divides.
func newPlan(a Ansatz) *plan {
	if a.Readout != Trace || a.Entangler != Chain && a.Entangler != NoCNOTs {
		return nil
	}
	l := newLayout(a.Qubits())
	p := &plan{
		layout: l, factors: newFactors(a.Qubits(), l),
		qubits: a.Qubits(), layers: a.Layers, noise: noiseBefore(a), chain: a.Entangler == Chain,
	}
	p.rotations = len(p.noise)
	for k, rows := range p.noise {
		p.fresh = append(p.fresh, k == 0 || !slices.Equal(rows, p.noise[k-1]))
	}
	p.withinBlock = rowSweeps(0, p.low, 1, 0)
	p.afterGather = rowSweeps(fusedBits, p.low, 1, 0)
	p.acrossBlocks = newSweeps(func(share func(int) int) []pass { return blockPasses(l, share) })
	p.lowFactors = rowSweeps(0, p.factors.low, p.factors.parities(), p.factors.product())
	p.highFactors = rowSweeps(0, p.factors.high, p.factors.parities(), p.factors.product())
	p.origin = make([]int32, max(p.rows, p.blocks, p.factors.rows, p.factors.blocks))
	for y := range p.origin {
		p.origin[y] = int32(y)
		if p.chain {
			p.origin[y] = int32(suffixXor(y))
		}
	}
	p.words = make([]int32, 1<<p.qubits)
	for x := range p.words {
		y := x
		if p.chain && p.rotations == p.layers {
			y = prefixXor(x, p.qubits) // the last CNOTs only relabel outcomes
		}
		p.words[x] = int32(y & (a.Words() - 1))
	}
	p.visited = p.visitedWords()
	return p
}

// visitedWords returns the words in the order of the rows that the last pass visits, band after band.
// It returns nil where a band is one row: probabilities would be stored so far apart that this takes
// longer than another pass.
func (p *plan) visitedWords() (words []int32) {
	if len(p.lastSweep().rotateWide) == 0 || p.band == 1 {
		return nil
	}
	rows := p.lastPass().visited()
	for first := 0; first < p.rows; first += p.band {
		for _, row := range rows {
			row += first
			words = append(words, p.words[row/p.stride<<p.low|row%p.stride])
		}
	}
	return words
}

// lastSweep ends a rotation: it comes after the passes within blocks, if there are blocks, or else
// after a boundary that has rotated the lowest bits.
func (p *plan) lastSweep() *sweeps {
	if p.high > 0 {
		return &p.acrossBlocks
	}
	return &p.afterGather
}

// lastPass is the last one of up to four bits of the last sweep.
func (p *plan) lastPass() *pass {
	passes := p.lastSweep().rotateWide
	return &passes[len(passes)-1]
}

// noiseBefore lists, for every rotation, the first noise row of each encoding
// that comes before it.
func noiseBefore(a Ansatz) (before [][]int) {
	for _, c := range a.columns() {
		if c.layer == noLayer && len(c.encodings) == 0 {
			continue
		}
		var first []int
		for _, e := range c.encodings {
			switch {
			case a.Noise == NoNoise:
			case a.NoisePerLayer:
				first = append(first, e*a.Qubits())
			default:
				first = append(first, 0)
			}
		}
		before = append(before, first)
	}
	return before
}

// trainable reports whether rotation k has trainable angles.
func (p *plan) trainable(k int) bool { return k < p.layers }

// last reports whether rotation k is followed by the measurement.
func (p *plan) last(k int) bool { return k == p.rotations-1 }

// boundary returns the split of the tables of the boundary before rotation k.
func (p *plan) boundary(k int) split {
	if k == 1 {
		return p.factors
	}
	return p.split
}

// factorStride returns the number of rows between the blocks that join writes.
func (p *plan) factorStride() int {
	if p.high == 0 {
		return p.factors.rows
	}
	return p.stride
}

// factorRows returns the number of rows of a product state or a bond.
func (p *plan) factorRows() int { return p.factors.parities() * p.factors.product() }

// keepsState reports whether Backward or the measurement reads the full state after
// rotation k. After rotation 1 both usually read the bond instead.
func (p *plan) keepsState(k int) bool {
	return k > 1 || p.factors.high > 0 && p.rotations <= 2
}

// keptRows returns the number of rows that Forward keeps for the other calls.
func (p *plan) keptRows() int {
	rows := 2 * p.factorRows()
	for k := 1; k < p.rotations; k++ {
		rows += p.entries(k)
		if p.keepsState(k) {
			rows += p.size()
		}
	}
	return rows
}
