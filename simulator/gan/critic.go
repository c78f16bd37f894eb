package gan

import (
	"fmt"
	"math"

	"spiqsweep/simulator/random"
)

// critic trains the network that distinguishes real from generated windows. It
// minimises equation 1 of the paper,
//
//	L_C = 1/(2B) Σ_j [C(G_j) − C(x_j)] + constraint.
//
// The offset of the last layer cancels; its gradient is 0.
type critic struct {
	settings      Settings
	weights       *network
	gradient      *network
	adam          adam[float32]
	penalty       *penalty
	updates       int       // number of updates made
	measures      bool      // whether updates measure L_C
	loss          float64   // L_C of the last update, or NaN
	interpolation []float32 // [block][lane], uniform on [0, 1): u of the penalty's interpolates

	sets    *inputSets // of the real windows, then of the generated ones
	rows    []float32  // [window][stride], their pre-activations, then their shares of the gradient
	members []uint32   // [window/32][input], sets transposed
}

func newCritic(s Settings, start random.Generator) *critic {
	l := loopsOf(s.Kernel)
	w := newNetwork(l, s.inputs(), s.HiddenUnits)
	w.start(start)
	return &critic{
		settings: s, weights: w, gradient: newNetwork(l, s.inputs(), s.HiddenUnits),
		adam:          newAdam(len(w.all), s.Beta1, s.Beta2, l.adam32),
		penalty:       newPenalty(s, w),
		loss:          math.NaN(),
		interpolation: make([]float32, s.blocks()*lanes),
		sets:          newInputSets(2*s.BatchSize, s.Ansatz.Neurons, s.Timesteps),
		rows:          make([]float32, 2*s.BatchSize*w.stride),
		members:       newSets(s.inputs()+1, 2*s.BatchSize),
	}
}

// update makes one step of Adam on L_C. real is [sample][time], fake [block][time][lane].
func (c *critic) update(real, fake []uint32, rate float64) error {
	c.differentiate(real, fake)
	c.updates++
	if !c.adam.update(c.weights.all, c.gradient.all, rate, c.updates) {
		return fmt.Errorf("update critic: update %d made a weight %w", c.updates, ErrNotFinite)
	}
	if c.settings.Constraint == Clip {
		clip(c.weights.all, float32(c.settings.ClipBound))
	}
	return nil
}

// differentiate fills gradient with the gradient of L_C.
//
// A window adds ± 1/(2B) to ∂L_C/∂(second·pre-activation) of its active units, and
// an interpolate of the penalty adds its slopes. addOn and the penalty sum both
// over windows, per input and unit, in the columns of the gradient; backSecond
// then propagates them through the second layer.
func (c *critic) differentiate(real, fake []uint32) {
	size, l, g := c.settings.BatchSize, c.weights.loops, c.gradient
	clear(g.all)
	c.sets.set(l, 0, real)
	c.sets.setDrawn(l, size, fake)
	c.weights.preactivations(c.rows, c.sets)
	c.loss = math.NaN()
	if c.measures {
		c.loss = (c.weights.sum(c.rows[size*g.stride:]) - c.weights.sum(c.rows[:size*g.stride])) / (2 * float64(size))
	}
	if c.settings.Constraint.penalised() {
		penalty := c.penalty.add(g, c.rows[:size*g.stride], c.rows[size*g.stride:], c.interpolation[:size], c.measures)
		c.loss += penalty // NaN if it is not measured
	}
	share := float32(1 / (2 * float64(size)))
	l.switchOn(c.rows[:size*g.stride], c.rows[:size*g.stride], -share)
	l.switchOn(c.rows[size*g.stride:], c.rows[size*g.stride:], share)
	l.transposeSets(c.members, c.sets.bits, 2*size, c.settings.inputs()+1)
	g.addOn(c.rows, c.members)
	l.backSecond(g.columns, g.second, c.weights.columns, c.weights.second)
}
