package gan

import "spiqsweep/simulator/circuit"

// start is one of the independent starts of a training. Each has its own initial
// angles, optimiser and schedule of learning rates.
type start struct{ index, first, steps int }

// starts returns the number of starts. Likelihood and MMD make Restarts starts where
// the objective at their ends can be evaluated over all joint words; otherwise there
// is one.
func (s Settings) starts() int {
	if s.Objective == WGAN || !s.listsWords() {
		return 1
	}
	return s.Restarts
}

// start returns the start that makes a step, counted from 0. Start r of R begins at
// step ⌊r·Steps/R⌋.
func (s Settings) start(step int) start {
	count := s.starts()
	index := ((step+1)*count - 1) / s.Steps
	first := index * s.Steps / count
	return start{index, first, (index+1)*s.Steps/count - first}
}

// objective evaluates a training's objective at the sampler's angles, on a tile.
type objective interface {
	evaluate(m *sampler, tile circuit.Tile) float64
}

// best keeps the angles of the finished start with the smallest objective.
type best struct {
	objective objective
	angles    []float64
	loss      []float64 // one number
}

func newBest(o objective, parameters int) *best {
	return &best{o, make([]float64, parameters), make([]float64, 1)}
}

// offer takes the angles of a start that has ended, which the sampler has, unless an
// earlier start is at least as good.
func (b *best) offer(start int, angles []float64, m *sampler, tile circuit.Tile) {
	if loss := b.objective.evaluate(m, tile); start == 0 || loss < b.loss[0] {
		copy(b.angles, angles)
		b.loss[0] = loss
	}
}
