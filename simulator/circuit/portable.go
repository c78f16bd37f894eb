package circuit

// portable is the specification of every kernel, in plain Go.
var portable = loops{
	turns: turns, gates: gates, monomials: monomials, scalars: scalars,
	phases: phases, factors: factors, powers: powers, tensor: tensor,
	scale:  scale,
	rotate: rotations{1: rotate1, 2: rotate2, 3: rotate3},
	gather: gather, gatherAdjoint: gatherAdjoint,
	gatherBlock: gatherBlock, gatherBlockAdjoint: gatherBlockAdjoint, join: join,
	overlapXY: overlaps{1: overlapXY1, 2: overlapXY2}, overlapY: overlaps{1: overlapY1, 2: overlapY2},
	overlapDot: overlapDot,
	marginals:  marginals, contract: contract, sums: sums,
	probabilities: probabilities, addProbabilities: addProbabilities, weigh: weigh, sample: sample,
}

// rowAt and halfAt view row i of an array as an array of fixed size, which
// spares the loops their bounds checks.
func rowAt(p []float32, i int) *row   { return (*row)(p[i*width:]) }
func halfAt(p []float32, i int) *half { return (*half)(p[i*Lanes:]) }

// multiply sets y = a·b, lane by lane.
func multiply(y, a, b *row) {
	for i := range Lanes {
		ar, ai, br, bi := a[i], a[i+Lanes], b[i], b[i+Lanes]
		y[i], y[i+Lanes] = ar*br-ai*bi, ar*bi+ai*br
	}
}

// sums adds up the lanes of every half row of v: dst[i] = Σ v[i·Lanes…], in a
// binary tree, halves first.
func sums(dst, v []float32) {
	for i := range dst {
		h := *halfAt(v, i)
		for n := Lanes / 2; n > 0; n /= 2 {
			for j := range n {
				h[j] += h[j+n]
			}
		}
		dst[i] = h[0]
	}
}

// probabilities sets the half row of every row's word to its |amplitude|²; words lists the word of
// every row, block after block.
func probabilities(dst, src []float32, words []int32, blocks, rows, stride int) {
	for _, w := range words {
		*halfAt(dst, int(w)) = half{}
	}
	addProbabilities(dst, src, words, blocks, rows, stride)
}

// addProbabilities adds |amplitude|² of every row of a state to the half row of its word, which
// several rows may have.
func addProbabilities(dst, src []float32, words []int32, blocks, rows, stride int) {
	for c := range blocks {
		for r, w := range words[c*rows : (c+1)*rows] {
			x, y := rowAt(src, c*stride+r), halfAt(dst, int(w))
			for i := range Lanes {
				y[i] += x[i]*x[i] + x[i+Lanes]*x[i+Lanes]
			}
		}
	}
}

// weigh multiplies every row of a state by the weight of its word.
func weigh(dst, src, weights []float32, words []int32, blocks, rows, stride int) {
	for c := range blocks {
		for r, w := range words[c*rows : (c+1)*rows] {
			x, y, g := rowAt(src, c*stride+r), rowAt(dst, c*stride+r), halfAt(weights, int(w))
			for i := range Lanes {
				y[i], y[i+Lanes] = g[i]*x[i], g[i]*x[i+Lanes]
			}
		}
	}
}

// sample draws a row for every lane and stores its word. That is the last row with |amplitude|² > 0 for
// which the sum over the rows before it is not above the uniform number: the row that takes the sum above
// it, or the last possible row if rounding keeps the whole sum below it. Row 0 has word 0.
func sample(drawn *[Lanes]uint32, uniform *half, src []float32, words []int32, blocks, rows, stride int) {
	var sum half
	*drawn = [Lanes]uint32{}
	for c := range blocks {
		for r, w := range words[c*rows : (c+1)*rows] {
			x := rowAt(src, c*stride+r)
			for i := range Lanes {
				p := x[i]*x[i] + x[i+Lanes]*x[i+Lanes]
				if sum[i] <= uniform[i] && p > 0 {
					drawn[i] = uint32(w)
				}
				sum[i] += p
			}
		}
	}
}
