package circuit

// span says which rows one pass over some index bits visits, in rows: run side
// by side, lines times, lineStride apart, and that groups times, groupStride
// apart, in this order. The partners of a row, whose bits in question are set,
// lie apart, 2·apart, … behind it. It is an alias, since the generator of the
// assembly, which does not know the package, spells it out.
type span = struct{ apart, run, lines, lineStride, groups, groupStride int }

// pass visits bits index bits at once, from bit first on.
type pass struct {
	first, bits int
	span        span
}

// rowPasses are the passes over all index bits of rows that lie side by side,
// 2^bits in each group; share says how many of the remaining bits to take.
func rowPasses(bits, groups, groupStride int, share func(remaining int) int) (passes []pass) {
	for d := 0; d < bits; {
		m := share(bits - d)
		passes = append(passes, pass{d, m, span{
			apart: 1 << d, run: 1 << d, lines: 1 << (bits - d - m), lineStride: 1 << (d + m),
			groups: groups, groupStride: groupStride,
		}})
		d += m
	}
	return passes
}

// blockPasses are the passes over the high bits of a layout, for a band of rows.
func blockPasses(l layout, share func(remaining int) int) (passes []pass) {
	for d := 0; d < l.high; {
		m := share(l.high - d)
		passes = append(passes, pass{d, m, span{
			apart: l.stride << d, run: l.band, lines: 1 << d, lineStride: l.stride,
			groups: 1 << (l.high - d - m), groupStride: l.stride << (d + m),
		}})
		d += m
	}
	return passes
}

// rotatedBits is how many of the remaining bits one pass of a rotation takes: up
// to three, without leaving one alone if that can be helped.
func rotatedBits(remaining int) int {
	if remaining == 4 {
		return 2
	}
	return min(remaining, 3)
}

// overlapBits is how many a pass of overlaps takes.
func overlapBits(remaining int) int { return min(remaining, 2) }

// sweeps are the passes over a set of index bits, for rotations and for overlaps.
type sweeps struct{ rotate, overlap []pass }

func rowSweeps(bits, groups, groupStride int) sweeps {
	return sweeps{
		rowPasses(bits, groups, groupStride, rotatedBits), rowPasses(bits, groups, groupStride, overlapBits),
	}
}

// rotations turn index bits: one, two or three at once.
type rotations [4]func(p, t []float32, s *span)

// over turns all bits that the passes visit.
func (r *rotations) over(passes []pass, p, tangents []float32) {
	for i := range passes {
		s := &passes[i]
		r[s.bits](p, tangents[s.first:], &s.span)
	}
}

// overlaps take overlaps of one bit, or of two.
type overlaps [3]func(acc, l, p []float32, s *span)

// over takes those of all bits that the passes visit.
func (o *overlaps) over(passes []pass, acc, l, p []float32) {
	for i := range passes {
		s := &passes[i]
		o[s.bits](acc[s.first*width:], l, p, &s.span)
	}
}
