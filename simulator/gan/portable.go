package gan

import (
	"math"
	"math/bits"

	"spiqsweep/simulator/random"
)

// portable is the specification of every kernel, in plain Go.
var portable = loops{
	fillSets: fillSets, sumSubsets: sumSubsets, sumRows: sumRows, addRows: addRows, transposeSets: transposeSets,
	switchOn: switchOn, unitsOn: unitsOn, unitsBetween: unitsBetween, backSecond: backSecond,
	inputSlopes: inputSlopes, sumSquares: sumSquares, penaltyScale: penaltyScale, spreadSlopes: spreadSlopes,
	sumWords: sumWords, reach: reach,
	findSwitched: findSwitched, bend: bend, enumerate: enumerate,
	transpose: transpose, addTranspose: addTranspose, addCounts: addCounts,
	adam32: adamUpdate[float32], adam64: adamUpdate[float64],
	float32s: random.Float32s,
}

// mask returns a word with all bits set if v > 0, and 0 otherwise. A branch on the
// activity of a unit would be mispredicted half of the time.
func mask(v float32) uint32 { return uint32(int32(math.Float32bits(0-v)) >> 31) }

// masked returns v if the mask is set, and 0 otherwise.
func masked(v float32, mask uint32) float32 {
	return math.Float32frombits(math.Float32bits(v) & mask)
}

func absolute(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// addRow adds src to dst, element by element.
func addRow(dst, src []float32) {
	src = src[:len(dst)]
	for h, v := range src {
		dst[h] += v
	}
}

// fillSets fills the sets of inputs of windows. Word s of window w is
// words[w/16·16·timesteps + w%16·lane + s·step]; the set of window w is in dst[w],
// dst[w+padded(rows)], …
func fillSets(dst, words []uint32, windows, neurons, timesteps, rows, lane, step int) {
	for w := range windows {
		set, used, at := uint64(0), uint(0), w
		from := w/lanes*lanes*timesteps + w%lanes*lane
		for s := range timesteps {
			set |= uint64(words[from+s*step]) << (used & 63)
			if used += uint(neurons); used >= 32 {
				dst[at] = uint32(set)
				set, used, at = set>>32, used-32, at+padded(rows)
			}
		}
		dst[at] = uint32(set | 1<<(used&63))
	}
}

// sumSubsets fills table[set][h] with the sum of the columns in the set, for all sets.
func sumSubsets(table, columns []float32, stride int) {
	clear(table[:stride])
	addSubsets(table, columns, stride)
}

// addSubsets fills table[set][h] with table[0][h] and the sum of the columns in the
// set, for all other sets.
func addSubsets(table, columns []float32, stride int) {
	for half := stride; len(columns) > 0; half, columns = 2*half, columns[stride:] {
		for i, v := range table[:half] {
			table[half+i] = v + columns[i%stride]
		}
	}
}

// sumRows fills row j of dst with the sum of the rows of src in set j. The table holds
// the sums of the first rows, for all sets of them.
func sumRows(dst, src, _ []float32, sets []uint32, rows, stride int) {
	clear(dst[:rows*stride])
	addRows(dst, src, nil, sets, rows, stride)
}

// addRows adds the rows of src in set j to row j of dst. zeros is a row of zeros.
func addRows(dst, src, _ []float32, sets []uint32, rows, stride int) {
	for j := range rows {
		for first, at := 0, j; at < len(sets); first, at = first+32, at+padded(rows) {
			for set := sets[at]; set != 0; set &= set - 1 {
				addRow(dst[j*stride:][:stride], src[(first+bits.TrailingZeros32(set))*stride:])
			}
		}
	}
}

// transposeSets fills dst with the sets of rows that contain each column, for as many
// columns. src holds the sets of columns of each row.
func transposeSets(dst, src []uint32, rows, columns int) {
	for c := range columns {
		sets := src[c/32*padded(rows):][:padded(rows)]
		for r := 0; r < len(sets); r += 32 {
			members := uint32(0)
			for i, set := range sets[r:][:32] {
				members |= set >> (c % 32) & 1 << i
			}
			dst[r/32*padded(columns)+c] = members
		}
	}
}

// switchOn fills dst with value where src > 0, and with 0 in the other places.
func switchOn(dst, src []float32, value float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = masked(value, mask(v))
	}
}

// unitsOn fills on with the sets of units whose pre-activation is above 0, for the
// lanes of a block that have a row.
func unitsOn(on []uint32, rows []float32, stride int) {
	for l := range len(rows) / stride {
		clearSets(on[l:])
		for h, v := range rows[l*stride:][:stride] {
			setUnit(on[l:], h, v)
		}
	}
}

// unitsBetween is unitsOn for the rows u[lane]·a + (1−u[lane])·b, for the lanes of u.
func unitsBetween(on []uint32, a, b, u []float32, stride int) {
	for l, u := range u {
		clearSets(on[l:])
		b := b[l*stride:][:stride]
		for h, v := range a[l*stride:][:stride] {
			setUnit(on[l:], h, u*v+(1-u)*b[h])
		}
	}
}

// clearSets empties the sets of the first lane of on.
func clearSets(on []uint32) {
	for i := 0; i < len(on); i += lanes {
		on[i] = 0
	}
}

// setUnit adds unit h to the sets of the first lane of on if v > 0.
func setUnit(on []uint32, h int, v float32) {
	on[h/setUnits*lanes] |= mask(v) & 1 << (h % setUnits)
}

// unitMask returns a word with all bits set if the set contains unit h of the row,
// and 0 otherwise.
func unitMask(set uint32, h int) uint32 { return -(set >> (h % setUnits) & 1) }

// backSecond propagates gradients through the second layer: from gradients with
// respect to the columns' contributions to second·pre-activation it computes the
// gradients of the columns, in place, and of second.
func backSecond(columnGradients, secondGradient, columns, second []float32) {
	stride := len(second)
	for i := 0; i < len(columns); i += stride {
		g, w := columnGradients[i:][:stride], columns[i:][:stride]
		for h, v := range g {
			secondGradient[h] += v * w[h]
			g[h] = v * second[h]
		}
	}
}

// inputSlopes fills dst[block][input][lane] = −Σ_h first[input][h]·second[h] over the
// units that are on in a lane: the slopes of −C along the inputs.
func inputSlopes(dst, first, second []float32, on []uint32, inputs, blocks int) {
	clear(dst)
	for range blocks {
		for h, weight := range second {
			var active laneRow
			for l, set := range (*laneSets)(on[h/setUnits*lanes:]) {
				active[l] = masked(weight, unitMask(set, h))
			}
			for i := range inputs {
				w, sums := first[i*len(second)+h], (*laneRow)(dst[i*lanes:])
				for l := range sums {
					sums[l] -= w * active[l]
				}
			}
		}
		dst, on = dst[inputs*lanes:], on[len(second)/setUnits*lanes:]
	}
}

// sumSquares fills sums[lane] with Σ_input slopes[input][lane]².
func sumSquares(sums *laneRow, slopes []float32) {
	*sums = laneRow{}
	for i := 0; i < len(slopes); i += lanes {
		for l, s := range (*laneRow)(slopes[i:]) {
			sums[l] += s * s
		}
	}
}

// penaltyScale fills scale[lane] with factor·excess/norm for the norms with these
// squares, or with 0 where the norm is 0. It reports whether any scale is not 0.
func penaltyScale(scale, squares *laneRow, least, factor float64) bool {
	for l, square := range squares {
		scale[l] = 0
		if norm := math.Sqrt(float64(square)); norm > 0 {
			scale[l] = float32(factor * excess(norm, least) / norm)
		}
	}
	return *scale != laneRow{}
}

// spreadSlopes adds Σ_lanes slopes[input][lane]·scale[lane] to
// columnGradients[input][h], over the lanes in which unit h is on, for every input of
// slopes. It scales slopes.
func spreadSlopes(columnGradients, slopes []float32, on []uint32, scale *laneRow, stride int) {
	for i := 0; i < len(slopes)/lanes; i++ {
		slopes := (*laneRow)(slopes[i*lanes:])
		for l := range slopes {
			slopes[l] *= scale[l]
			if scale[l] == 0 {
				continue
			}
			for at := 0; at < stride; at += setUnits {
				g, set := columnGradients[i*stride+at:][:setUnits], on[at/setUnits*lanes+l]
				for h := range g {
					g[h] += masked(slopes[l], unitMask(set, h))
				}
			}
		}
	}
}

// adamUpdate makes one update of Adam and reports whether all parameters are
// finite.
func adamUpdate[F float32 | float64](parameters, gradient, mean, square []F, c *adamCoefficients[F]) bool {
	gradient, mean, square = gradient[:len(parameters)], mean[:len(parameters)], square[:len(parameters)]
	bad := F(0) // NaN once a parameter is not finite
	for i, g := range gradient {
		m := c[0]*mean[i] + c[1]*g
		v := c[2]*square[i] + c[3]*(g*g+c[7])
		mean[i], square[i] = m, v
		p := parameters[i] - c[4]*m/(F(math.Sqrt(float64(v*c[5])))+c[6])
		parameters[i] = p
		bad += p - p
	}
	return bad == 0
}
