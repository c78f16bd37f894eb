package baseline

import (
	"sort"

	"spiqsweep/simulator/random"
)

// drawing draws indexes with given weights, by inversion of the cumulative law.
type drawing struct {
	indexes []int     // of the weights above 0
	until   []float64 // sum of the weights up to that index
}

func newDrawing(weights []float64) drawing {
	var d drawing
	var sum float64
	for i, weight := range weights {
		if weight > 0 {
			sum += weight
			d.indexes, d.until = append(d.indexes, i), append(d.until, sum)
		}
	}
	return d
}

// draw draws an index. It uses one number of the generator.
func (d drawing) draw(g *random.Generator) int {
	last := len(d.until) - 1
	u := g.Float64() * d.until[last]
	// the last index needs no comparison, and rounding of u cannot go beyond it
	return d.indexes[sort.Search(last, func(i int) bool { return d.until[i] > u })]
}

// sample draws windows of that many words, each from a separate generator.
func sample(r random.Stream, windows, timesteps int, draw func(g *random.Generator, window []uint32)) [][]uint32 {
	words := make([]uint32, windows*timesteps)
	split := make([][]uint32, windows)
	for w := range split {
		split[w] = words[w*timesteps : (w+1)*timesteps : (w+1)*timesteps]
		g := r.At(uint64(w), 0)
		draw(&g, split[w])
	}
	return split
}
