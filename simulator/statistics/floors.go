package statistics

import (
	"math"
	"strings"

	"spiqsweep/simulator/random"
)

// splitBytes bounds the memory for the splits counted in one pass over the
// recording. Further splits take another pass.
const splitBytes = 32 << 20

// floors returns the expected errors of the true law against m repeats. It splits
// the repeats at random into a drawn part of a repeats and the b others, and
// scales the mean error between the parts. If repeats are independent and
// identically distributed, that error is σ²(1/a + 1/b) and the error of the true
// law against m repeats is σ²/m; the scale is a·b / (m·(a+b)), a quarter for
// halves of m, and its root for sums of absolute differences. An error that is undefined in any split has no floor.
//
// Counts are whole numbers far below 2⁵³, so that the order in which repeats are
// added does not affect the result.
func (c *counts) floors(a, m, splits int, seed random.Stream) map[string]float64 {
	s := newSplits(c.all.shape, c.len(), a, splits)
	rest := newTally(c.all.shape)
	sum, defined := make(map[string]float64), make(map[string]int)
	for first := 0; first < splits; first += len(s.parts) {
		s.parts = s.parts[:min(len(s.parts), splits-first)]
		for i := range s.parts {
			s.draw(&s.parts[i], seed.At(uint64(first+i), 0))
		}
		c.eachBlock(func() { s.add(c.first, c.block) })
		for _, part := range s.parts {
			rest.difference(c.all, part.tally)
			for name, value := range Errors(part.statistics(), rest.statistics(), c.recordings[0].BinMS()) {
				sum[name] += value
				defined[name]++
			}
		}
	}
	b := c.len() - a
	scale := float64(a) * float64(b) / (float64(m) * float64(a+b))
	floors := make(map[string]float64)
	for name, value := range sum {
		if defined[name] == splits && name != "js_k_probability_bits" {
			if strings.HasPrefix(name, "legacy_") {
				floors[name] = value / float64(splits) * math.Sqrt(scale)
			} else {
				floors[name] = value / float64(splits) * scale
			}
		}
	}
	return floors
}

// splits draws parts of the repeats and counts several parts in one pass.
type splits struct {
	order []uint32 // a permutation of all repeats; every draw shuffles it further
	size  int      // repeats of a part
	parts []part   // of this pass
}

// part is the drawn part of one split.
type part struct {
	*tally
	drawn []uint64 // bit r of word w is repeat 64·w + r
}

func newSplits(s shape, repeats, size, most int) *splits {
	v := &splits{order: make([]uint32, repeats), size: size}
	for i := range v.order {
		v.order[i] = uint32(i)
	}
	for used := 0; len(v.parts) < most && (used < splitBytes || len(v.parts) == 0); {
		p := part{newTally(s), make([]uint64, (repeats+63)/64)}
		v.parts = append(v.parts, p)
		used += 8 * (len(p.all) + len(p.states) + len(p.drawn))
	}
	return v
}

// draw draws the repeats of a part at random (Fisher & Yates).
func (v *splits) draw(p *part, g random.Generator) {
	p.clear()
	clear(p.drawn)
	for i := range v.size {
		j := i + g.IntN(len(v.order)-i)
		v.order[i], v.order[j] = v.order[j], v.order[i]
		p.drawn[v.order[i]/64] |= 1 << (v.order[i] % 64)
	}
}

// add adds consecutive repeats to the parts that drew them.
func (v *splits) add(first int, repeats []repeat) {
	for _, p := range v.parts {
		for i := range repeats {
			if number := first + i; p.drawn[number/64]>>(number%64)&1 != 0 {
				p.addRepeat(&repeats[i])
			}
		}
	}
}
