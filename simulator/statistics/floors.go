package statistics

import "spiqsweep/simulator/random"

// floors returns the expected errors of the true law against a recording of so
// many repeats: the mean errors between the repeats, split at random into a
// (the part drawn) and b (the others), scaled. If repeats are alike and
// independent, an error between the parts is worth σ²(1/a + 1/b), and one of
// the true law against m repeats σ²/m; the scale is a·b / (m·(a+b)), a quarter
// for halves of m. What a split leaves undefined, as an empty part leaves
// everything, has no floor.
func (c *counts) floors(a, m, splits int, seed random.Stream) map[string]float64 {
	all := c.total()
	order := make([]int, len(c.repeats))
	for i := range order {
		order[i] = i
	}
	sum, defined := make(map[string]float64), make(map[string]int)
	for split := range splits {
		g := seed.At(uint64(split), 0)
		drawn := newTally(c.shape)
		for i := range a {
			j := i + g.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
			drawn.add(c.repeats[order[i]])
		}
		for name, value := range Errors(drawn.statistics(), all.without(drawn).statistics()) {
			sum[name] += value
			defined[name]++
		}
	}
	b := len(c.repeats) - a
	scale := float64(a) * float64(b) / (float64(m) * float64(a+b))
	floors := make(map[string]float64)
	for name, value := range sum {
		if defined[name] == splits && name != "js_k_probability_bits" {
			floors[name] = value / float64(splits) * scale
		}
	}
	return floors
}

// without returns the tally of the windows that part does not count.
func (v *tally) without(part *tally) *tally {
	rest := newTally(v.shape)
	rest.windows = v.windows - part.windows
	for i := range rest.all {
		rest.all[i] = v.all[i] - part.all[i]
	}
	for i := range rest.states {
		rest.states[i] = v.states[i] - part.states[i]
	}
	return rest
}
