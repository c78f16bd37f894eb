package gan

import (
	"fmt"
	"math"
	"slices"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// actor trains the generator: it holds the angles and minimises the objective. For
// WGAN that is equation 2 of the paper, with the K-term as KLoss defines it,
//
//	L_G = −(1/B) Σ_j C(G_j) + K·ℓ.
type actor struct {
	settings  Settings
	sampler   *sampler
	parts     []*batch // of the batch, differentiated one after another
	states    *states
	k         *kTerm // of WGAN, else nil
	estimator estimator
	share     float64  // of a sample's weights in the gradient
	shifter   *shifter // of ParameterShift, else nil
	shifts    random.Stream

	angles   []float64 // [time][layer][qubit][RY, RZ]
	gradient []float64
	average  []float64 // Σ over updates of (1−d)·d^age·angles, or nil
	adam     adam[float64]
	updates  int // number of updates made since the start of the angles

	measures bool    // whether updates measure the loss
	loss     float64 // of the last update, or NaN
	norm     float64 // of the last update's gradient

	// weights holds a block's weights, [word][lane]; with ParameterShift every block has
	// its own, otherwise all share one.
	weights [][]float32
}

// newActor returns an actor whose updates take the samples of a batch.
func newActor(s Settings, m *sampler, plain circuit.Tile, e estimator, b *batch, angles []float64) *actor {
	a := &actor{
		settings: s, sampler: m,
		estimator: e, share: 1 / float64(s.BatchSize),
		angles: angles, gradient: make([]float64, len(angles)), loss: math.NaN(),
		adam:    newAdam(len(angles), s.Beta1, s.Beta2, loopsOf(s.Kernel).adam64),
		weights: make([][]float32, b.blocks()),
	}
	for block := range a.weights {
		if block == 0 || s.shifts() {
			a.weights[block] = make([]float32, s.Ansatz.Words()*lanes)
		} else {
			a.weights[block] = a.weights[0]
		}
	}
	if s.Average > 0 {
		a.average = make([]float64, len(angles))
	}
	m.set(angles)
	a.keep(b, plain, keptBytes)
	return a
}

// keep sets the parts of the batch and their states, of which it keeps so many bytes: one
// part for each block if the states of all do not fit and samples are independent.
func (a *actor) keep(b *batch, plain circuit.Tile, bytes int) {
	s, m, blocks := a.settings, a.sampler, b.blocks()
	if s.samplesAreIndependent() && s.Timesteps*blocks*m.circuit.StateBytes() > bytes {
		blocks = 1
	}
	a.parts, a.states = b.parts(blocks), newStates(m, plain, blocks, bytes)
}

// restart begins again with other angles.
func (a *actor) restart(angles []float64) {
	copy(a.angles, angles)
	clear(a.average)
	clear(a.adam.mean)
	clear(a.adam.square)
	a.updates = 0
	a.sampler.set(a.angles)
}

// update makes one step of Adam on the objective for the batch, whose noise and
// measurements are drawn. real is [sample][time], see estimator.begin.
func (a *actor) update(real []uint32, rate float64) error {
	a.estimator.begin(real)
	a.differentiate()
	a.norm = norm(a.gradient)
	a.updates++
	if !a.adam.update(a.angles, a.gradient, rate, a.updates) {
		return fmt.Errorf("update generator: update %d made an angle %w", a.updates, ErrNotFinite)
	}
	for i := range a.average { // empty without a decay
		a.average[i] = a.settings.Average*a.average[i] + (1-a.settings.Average)*a.angles[i]
	}
	a.sampler.set(a.angles)
	return nil
}

// averaged returns the angles that are evaluated: their moving average
// Σ (1−d)·d^age·angles/(1 − d^updates) if there is a decay d and an update was made,
// otherwise the current angles.
func (a *actor) averaged() []float64 {
	if a.average == nil || a.updates == 0 {
		return slices.Clone(a.angles)
	}
	angles := slices.Clone(a.average)
	for i := range angles {
		angles[i] /= 1 - math.Pow(a.settings.Average, float64(a.updates))
	}
	return angles
}

// differentiate fills gradient with the gradient for the batch.
func (a *actor) differentiate() {
	clear(a.gradient)
	for _, part := range a.parts {
		a.observe(part)
		a.propagate(part)
	}
	a.measure()
	for i := range a.gradient {
		a.gradient[i] *= a.share
	}
}

// observe runs a part of the batch forward.
func (a *actor) observe(b *batch) {
	for step := range a.settings.Timesteps {
		for block := b.first; block < b.blocks(); block++ {
			a.estimator.observe(a.states.first(b, block, step), b, block, step)
		}
	}
}

// propagate adds the share of an observed part to gradient. It goes from the last
// step, whose states are most likely in the cache, to the first.
func (a *actor) propagate(b *batch) {
	a.estimator.prepare(b)
	for step := a.settings.Timesteps - 1; step >= 0; step-- {
		gradient := a.settings.patchAngles(a.gradient, step)
		if a.shifter != nil {
			a.shiftPatch(b, step, gradient)
			continue
		}
		for block := b.first; block < b.blocks(); block++ {
			tile := a.states.second(b, block, step)
			a.weigh(tile, b, block, step)
			tile.Backward(a.sampler.patches[step], a.weights[block], gradient)
		}
	}
}

// weigh fills a block's weights, with 0 for unused lanes.
func (a *actor) weigh(tile circuit.Tile, b *batch, block, step int) {
	weights := a.weights[block]
	a.estimator.weigh(tile, b, block, step, weights)
	if used := b.used(block); used < lanes {
		for x := 0; x < len(weights); x += lanes {
			clear(weights[x+used : x+lanes])
		}
	}
}

// shiftPatch adds the parameter-shift gradient of one patch.
func (a *actor) shiftPatch(b *batch, step int, gradient []float64) {
	for block := range b.blocks() {
		a.weigh(a.states.plain, b, block, step)
	}
	angles := a.settings.patchAngles(a.angles, step)
	for i := range angles {
		a.shifter.draw(b.size, a.shifts.At(uint64(a.updates), uint64(step*len(angles)+i)))
		gradient[i] += a.shifter.differentiate(b, step, angles, i, a.weights)
	}
}
