package circuit

// span describes the rows that one pass over some index bits visits, in this order:
// runs of run adjacent rows, lines of them lineStride rows apart, and groups of such
// lines groupStride rows apart. The partners of a row, which differ in these index
// bits, are apart, 2·apart, … rows after it. It is an alias because the generator of
// the assembly cannot import the package and repeats the type.
type span = struct{ apart, run, lines, lineStride, groups, groupStride int }

// pass visits bits index bits together, from bit first on.
type pass struct {
	first, bits int
	span        span
}

// rowPasses returns the passes over the index bits, from bit first on, of groups of 2^bits adjacent
// rows. share returns the number of bits of a pass, given the remaining bits.
func rowPasses(first, bits, groups, groupStride int, share func(remaining int) int) (passes []pass) {
	for d := first; d < bits; {
		m := share(bits - d)
		passes = append(passes, pass{d, m, span{
			apart: 1 << d, run: 1 << d, lines: 1 << (bits - d - m), lineStride: 1 << (d + m),
			groups: groups, groupStride: groupStride,
		}})
		d += m
	}
	return passes
}

// blockPasses returns the passes over the high bits of a layout, for a band of rows.
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

// rotatedBits returns the number of the remaining bits that one pass of a rotation
// takes: up to three, avoiding a rest of one if possible.
func rotatedBits(remaining int) int {
	if remaining == 4 {
		return 2
	}
	return min(remaining, 3)
}

// fusedBits is the number of the lowest bits that gatherRotate and gatherBlockRotate rotate.
const fusedBits = 3

// overlapBits returns the number of bits that one pass of overlaps takes.
func overlapBits(remaining int) int { return min(remaining, 2) }

// sweeps holds the passes over a set of index bits, for rotations and overlaps.
type sweeps struct{ rotate, overlap []pass }

func rowSweeps(bits, groups, groupStride int) sweeps {
	return sweeps{
		rowPasses(0, bits, groups, groupStride, rotatedBits), rowPasses(0, bits, groups, groupStride, overlapBits),
	}
}

// rotations[n] rotates n index bits in one pass, for n from 1 to 3.
type rotations [4]func(p, t []float32, s *span)

// over rotates all bits of the passes.
func (r *rotations) over(passes []pass, p, tangents []float32) {
	for i := range passes {
		s := &passes[i]
		r[s.bits](p, tangents[s.first:], &s.span)
	}
}

// overlaps[n] computes overlaps of n index bits in one pass, for n of 1 or 2.
type overlaps [3]func(acc, l, p []float32, s *span)

// over computes the overlaps of all bits of the passes.
func (o *overlaps) over(passes []pass, acc, l, p []float32) {
	for i := range passes {
		s := &passes[i]
		o[s.bits](acc[s.first*width:], l, p, &s.span)
	}
}
