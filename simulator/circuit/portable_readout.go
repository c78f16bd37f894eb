package circuit

// probabilities adds |amplitude|² of every row of a state to the half row of
// its word; words lists the word of every row, block after block.
func probabilities(dst, src []float32, words []int32, blocks, rows, stride int) {
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

// sample counts, for every lane, the rows up to which the running sum of
// |amplitude|² has not gone above the uniform number.
func sample(counts *[Lanes]int32, uniform *half, src []float32, blocks, rows, stride int) {
	var sum half
	*counts = [Lanes]int32{}
	for c := range blocks {
		for r := range rows {
			x := rowAt(src, c*stride+r)
			for i := range Lanes {
				sum[i] += x[i]*x[i] + x[i+Lanes]*x[i+Lanes]
				if sum[i] <= uniform[i] {
					counts[i]++
				}
			}
		}
	}
}
