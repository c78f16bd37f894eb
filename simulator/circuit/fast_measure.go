package circuit

// final returns the state that is measured.
func (t *fastTile) final() []float32 { return t.states[len(t.states)-1] }

// deferLast defers the last sweep of the last rotation to Probabilities, whose loop does the last pass
// of it. It reports false if there is no such loop, or the state is kept.
func (t *fastTile) deferLast(k int, r *rotation) bool {
	p, l := t.plan, t.loops
	if p.visited == nil || !p.last(k) || t.backward != nil || l.rotate[4] == nil || l.rotateProbabilities[p.lastPass().bits] == nil {
		return false
	}
	t.deferred, t.tangents = p.lastSweep().rotateWide, append(t.tangents[:0], r.tangents...)
	return true
}

// finish does the deferred passes.
func (t *fastTile) finish() {
	p := t.plan
	for r := 0; r < p.rows; r += p.band {
		t.loops.rotate.run(t.deferred, t.final()[r*width:], t.tangents)
	}
	t.deferred = t.deferred[:0]
}

// Probabilities implements Tile.
func (t *fastTile) Probabilities(dst []float32) {
	p := t.plan
	isSummed := len(p.words)*Lanes != len(dst) // over the auxiliary qubits
	if len(t.deferred) > 0 {
		if !isSummed {
			t.rotateProbabilities(dst)
			return
		}
		t.finish()
	}
	if !isSummed {
		t.loops.probabilities(dst, t.final(), p.words, p.blocks, p.rows, p.stride)
		return
	}
	clear(dst)
	t.loops.addProbabilities(dst, t.final(), p.words, p.blocks, p.rows, p.stride)
}

// rotateProbabilities computes probabilities with the deferred passes. The last pass stays deferred: the
// state does not have it.
func (t *fastTile) rotateProbabilities(dst []float32) {
	p, l, words, n := t.plan, t.loops, t.plan.visited, len(t.deferred)-1
	last := &t.deferred[n]
	for r := 0; r < p.rows; r += p.band {
		band := t.final()[r*width:]
		l.rotate.run(t.deferred[:n], band, t.tangents)
		l.rotateProbabilities[last.bits](dst, band, words, t.tangents[last.first:], &last.span)
		words = words[p.band*p.blocks:]
	}
	t.deferred = t.deferred[n:]
}

// Sample implements Tile; the fixed order is that of the rows.
func (t *fastTile) Sample(uniform *[Lanes]float32, words *[Lanes]uint32) {
	p := t.plan
	if len(t.deferred) > 0 {
		t.finish()
	}
	t.loops.sample(words, uniform, t.final(), p.words, p.blocks, p.rows, p.stride)
}
