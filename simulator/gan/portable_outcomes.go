package gan

import "math/bits"

// sumWords fills table[word][h] with ½Σ_q ±columns[q][h], with + if bit q of the
// word is set. columns holds whole columns of stride floats.
func sumWords(table, columns []float32, stride int) {
	silent := table[:stride]
	clear(silent)
	for i, w := range columns {
		silent[i%stride] -= 0.5 * w
	}
	addSubsets(table, columns, stride)
}

// widerHalf is ½ plus more roundings than a sum over neurons has. A unit within
// rounding of being switched by an outcome thus counts as switched; otherwise it
// could be off in the drawn word and on for every other outcome.
const widerHalf = 0.5 * (1 + 1.0/(1<<18))

// reach fills dst[h] with ½Σ_q |columns[q][h]| and a small margin: the largest
// change of unit h by a word, in either direction.
func reach(dst, columns []float32) {
	clear(dst)
	for i, w := range columns {
		dst[i%len(dst)] += widerHalf * absolute(w)
	}
}

// findSwitched finds the units that some outcome of a patch switches on or off.
// For every drawn word and the pre-activations of its sample, rows[lane], it fills
// middles[lane] with the pre-activations at the midpoint between silence and all
// neurons firing. The units whose midpoint is within reach of 0 are the members of
// the two sets switched[lane][group]: first the units that are off in the drawn
// word, then those that are on.
func findSwitched(switched []uint64, middles, rows []float32, on []uint32, drawn []uint32, lowWords, highWords, reach []float32, stride int) {
	clear(switched)
	for lane, word := range drawn {
		low, high := lowWords[int(word%lanes)*stride:][:stride], highWords[int(word/lanes)*stride:][:stride]
		middles, sets := middles[lane*stride:], switched[2*lane*stride/width:]
		for h, v := range rows[lane*stride:][:stride] {
			middle := v - low[h] - high[h]
			middles[h] = middle
			sets[2*(h/width)+int(unitMask(on[h/setUnits*lanes+lane], h)&1)] |= uint64(mask(reach[h]-absolute(middle))&1) << (h % width)
		}
	}
}

// bend fills dst[lane][high word][low word] with −Σ_h second[h]·max(0, ±v_h) over
// the switched units of a lane, where v_h is the unit's pre-activation for that
// outcome and the sign is − for units that are on in the drawn word. A term is the
// unit's deviation from its tangent at the drawn word. The number of lanes is the
// number of rows of middles. Rows of dst are longer than needed by one row of
// lanes. The number of high words is even.
func bend(dst []float32, switched []uint64, middles, low, highWords, second []float32, highs, stride int) {
	for ; len(middles) > 0; middles = middles[stride:] {
		sums := dst[:highs*lanes]
		clear(sums)
		for g := range stride / width {
			for on, set := range switched[2*g:][:2] {
				flip := -uint32(on)
				for ; set != 0; set &= set - 1 {
					h := g*width + bits.TrailingZeros64(set)
					bendUnit(sums, (*laneRow)(low[h*lanes:]), highWords[h:], middles[h], float32(1-2*on)*second[h], flip, stride)
				}
			}
		}
		dst, switched = dst[(highs+1)*lanes:], switched[2*stride/width:]
	}
}

// bendUnit subtracts weight·max(0, v), or weight·min(0, v) where flip has all bits set.
func bendUnit(sums []float32, low *laneRow, highWords []float32, middle, weight float32, flip uint32, stride int) {
	var start laneRow
	for x := range start {
		start[x] = middle + low[x]
	}
	for r := 0; r < len(sums)/lanes; r++ {
		sum, high := (*laneRow)(sums[r*lanes:]), highWords[r*stride]
		for x := range sum {
			v := start[x] + high
			sum[x] -= weight * masked(v, mask(v)^flip)
		}
	}
}

// enumerate fills dst[word][lane] with −Σ_h second[h]·max(0, v_h) up to a constant
// per lane, where v_h is the pre-activation of unit h, given as rows[h][lane], after
// the change from the drawn word to that word. The constant shifts a unit that is on
// for every word so that its smallest pre-activation is 0, which makes the sums more
// exact. switches is a buffer, [h][lane], for the contributions of a word above which
// the units are on.
func enumerate(dst, switches, rows []float32, drawn *[lanes]uint32, low, reach, second []float32) {
	for h, least := range reach {
		switches, added := (*laneRow)(switches[h*lanes:]), (*laneRow)(low[h*lanes:])
		for l, v := range (*laneRow)(rows[h*lanes:]) {
			switches[l] = max(added[drawn[l]]-v, -least)
		}
	}
	for x := range len(dst) / lanes {
		var sums laneRow
		for h, weight := range second {
			added := low[h*lanes+x]
			for l, s := range (*laneRow)(switches[h*lanes:]) {
				v := added - s
				sums[l] -= weight * masked(v, mask(v))
			}
		}
		*(*laneRow)(dst[x*lanes:]) = sums
	}
}

// transpose fills dst[h][lane] = src[lane][h] for every row h of dst.
func transpose(dst, src []float32, stride int) {
	clear(dst)
	addTranspose(dst, src, stride)
}

// addTranspose adds src[lane][h] to dst[h][lane] for every row h of dst.
func addTranspose(dst, src []float32, stride int) {
	for h := 0; h < len(dst)/lanes; h++ {
		row := (*laneRow)(dst[h*lanes:])
		for l := range row {
			row[l] += src[l*stride+h]
		}
	}
}

// addCounts adds counts[number of bits of word][lane] to weights[word][lane].
func addCounts(weights, counts []float32) {
	for x := 0; x < len(weights)/lanes; x++ {
		addRow(weights[x*lanes:][:lanes], counts[bits.OnesCount32(uint32(x))*lanes:])
	}
}
