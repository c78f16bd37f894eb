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
		passes = append(passes, pass{l.low + d, m, span{
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

// wideRotatedBits is rotatedBits for passes of up to four bits.
func wideRotatedBits(remaining int) int {
	if remaining == 5 || remaining == 6 || remaining == 9 {
		return 3
	}
	return min(remaining, 4)
}

// overlapBits returns the number of bits that one pass of overlaps takes.
func overlapBits(remaining int) int { return min(remaining, 2) }

// sweeps holds the passes over a set of index bits, for rotations of up to three bits, for those of
// up to four, and for overlaps.
type sweeps struct{ rotate, rotateWide, overlap []pass }

// newSweeps returns sweeps, given their passes for a number of bits of each pass.
func newSweeps(passes func(share func(remaining int) int) []pass) sweeps {
	return sweeps{passes(rotatedBits), passes(wideRotatedBits), passes(overlapBits)}
}

// rowSweeps returns the sweeps over the bits of adjacent rows, see rowPasses.
func rowSweeps(first, bits, groups, groupStride int) sweeps {
	return newSweeps(func(share func(int) int) []pass { return rowPasses(first, bits, groups, groupStride, share) })
}

// visited returns the rows that a pass visits, in this order: of each one, all its partners.
func (p *pass) visited() (rows []int) {
	s := p.span
	for g := range s.groups {
		for l := range s.lines {
			for x := range s.run {
				for i := range 1 << p.bits {
					rows = append(rows, g*s.groupStride+l*s.lineStride+x+i*s.apart)
				}
			}
		}
	}
	return rows
}

// rotations[n] rotates n index bits in one pass, for n from 1 to 4. That of four bits is nil where
// there are too few registers.
type rotations [5]func(p, t []float32, s *span)

// over rotates all bits of the sweeps.
func (r *rotations) over(s *sweeps, p, tangents []float32) {
	if r[4] != nil {
		r.run(s.rotateWide, p, tangents)
		return
	}
	r.run(s.rotate, p, tangents)
}

// run rotates the bits of the passes.
func (r *rotations) run(passes []pass, p, tangents []float32) {
	for i := range passes {
		s := &passes[i]
		r[s.bits](p, tangents[s.first:], &s.span)
	}
}

// overlaps[n] computes overlaps of n index bits in one pass, for n of 1 or 2.
type overlaps [3]func(acc, l, p []float32, s *span)

// over computes the overlaps of all bits of the sweeps.
func (o *overlaps) over(s *sweeps, acc, l, p []float32) {
	for i := range s.overlap {
		s := &s.overlap[i]
		o[s.bits](acc[s.first*width:], l, p, &s.span)
	}
}
