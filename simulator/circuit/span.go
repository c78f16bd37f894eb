package circuit

// span says which rows one pass over some index bits visits, in rows: run side
// by side, lines times, lineStride apart, and that groups times, groupStride
// apart, in this order. The partners of a row, whose bits in question are set,
// lie apart, 2·apart, … behind it. It is an alias, since the generator of the
// assembly, which does not know the package, spells it out.
type span = struct{ apart, run, lines, lineStride, groups, groupStride int }

// rowSpan is the pass over bits d…d+m of rows that lie side by side, 2^bits in
// each group.
func rowSpan(d, m, bits, groups, groupStride int) span {
	return span{
		apart: 1 << d, run: 1 << d, lines: 1 << (bits - d - m), lineStride: 1 << (d + m),
		groups: groups, groupStride: groupStride,
	}
}

// blockSpan is the pass over bits d…d+m of 2^bits blocks, stride rows apart, of
// which it takes the first run rows.
func blockSpan(d, m, bits, stride, run int) span {
	return span{
		apart: stride << d, run: run, lines: 1 << d, lineStride: stride,
		groups: 1 << (bits - d - m), groupStride: stride << (d + m),
	}
}

// rotateRows turns all index bits of groups of rows side by side.
func (t *fastTile) rotateRows(p, tangents []float32, groups, groupStride int) {
	for d := 0; d < len(tangents); {
		m := rotatedBits(len(tangents) - d)
		t.loops.rotate[m](p, tangents[d:], rowSpan(d, m, len(tangents), groups, groupStride))
		d += m
	}
}

// rotateBlocks turns the high bits of a state, a band of rows of all blocks at a time.
func (t *fastTile) rotateBlocks(state, tangents []float32) {
	p := t.plan
	for r := 0; r < p.rows; r += p.band {
		for d := 0; d < p.high; {
			m := rotatedBits(p.high - d)
			t.loops.rotate[m](state[r*width:], tangents[d:], blockSpan(d, m, p.high, p.stride, p.band))
			d += m
		}
	}
}

// rotatedBits is how many of the remaining bits the next pass turns: up to
// three, without leaving one alone if that can be helped.
func rotatedBits(remaining int) int {
	if remaining == 4 {
		return 2
	}
	return min(remaining, 3)
}

// overlaps are passes that take overlaps of one bit, or of two.
type overlaps [3]func(acc, l, p []float32, s span)

// overRows runs them over all index bits of groups of rows side by side.
func (o *overlaps) overRows(acc, l, p []float32, bits, groups, groupStride int) {
	for d := 0; d < bits; d += 2 {
		m := min(2, bits-d)
		o[m](acc[d*width:], l, p, rowSpan(d, m, bits, groups, groupStride))
	}
}

// overBlocks runs them over the high bits of states.
func (o *overlaps) overBlocks(acc, l, p []float32, s *layout) {
	for r := 0; r < s.rows; r += s.band {
		for d := 0; d < s.high; d += 2 {
			m := min(2, s.high-d)
			o[m](acc[d*width:], l[r*width:], p[r*width:], blockSpan(d, m, s.high, s.stride, s.band))
		}
	}
}
