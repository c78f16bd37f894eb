package baseline

import (
	"testing"

	"pgregory.net/rapid"
)

// TestCounts compares with a count window by window.
func TestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := made(t)
		steps := w.Timesteps()
		words, first := make([]float64, 1<<w.Neurons()), make([]float64, 1<<w.Neurons())
		pairs := make(map[[2]uint32]float64)
		window := make([]uint32, steps)
		for i := range w.Len() {
			w.At(i, window)
			first[window[0]]++
			for s, word := range window {
				words[word]++
				if s > 0 {
					pairs[[2]uint32{window[s-1], word}]++
				}
			}
		}
		c := count(w)
		near(t, "words", c.words, words, 0)
		near(t, "first words", c.first, first, 0)
		got := make(map[[2]uint32]float64)
		for _, p := range c.transitions {
			got[[2]uint32{p.from, p.to}] = p.count * float64(steps-1)
		}
		near(t, "pairs of words", got, pairs, 1e-12)
	})
}
