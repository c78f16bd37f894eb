package gan

import (
	"fmt"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// actor trains the generator: it holds the angles and minimises equation 2 of the
// paper, with the K-term as KLoss defines it,
//
//	L_G = −(1/B) Σ_j C(G_j) + K·ℓ.
type actor struct {
	settings  Settings
	sampler   *sampler
	states    *states
	k         *kTerm
	estimator estimator
	shifter   *shifter // of ParameterShift, else nil
	shifts    random.Stream

	angles   []float64 // [time][layer][qubit][RY, RZ]
	gradient []float64
	average  []float64 // Σ over updates of (1−d)·d^age·angles, or nil
	adam     adam[float64]
	updates  int // number of updates made

	weights [][]float32 // [block], each [word][lane]
}

func newActor(s Settings, m *sampler, plain circuit.Tile, w *network, angles []float64, shifts random.Stream) *actor {
	blocks := s.blocks()
	k := newKTerm(s)
	a := &actor{
		settings: s, sampler: m, states: newStates(m, plain, blocks), k: k,
		estimator: newEstimator(s, m, w, k), shifts: shifts,
		angles: angles, gradient: make([]float64, len(angles)),
		adam:    newAdam(len(angles), s.Beta1, s.Beta2, w.loops.adam64),
		weights: make([][]float32, blocks),
	}
	for block := range a.weights {
		a.weights[block] = make([]float32, s.Ansatz.Words()*lanes)
	}
	if s.Gradient == ParameterShift {
		a.shifter = newShifter(m, blocks)
	}
	if s.Average > 0 {
		a.average = make([]float64, len(angles))
	}
	m.set(angles)
	return a
}

// update makes one step of Adam on L_G for a batch whose noise and measurements
// are drawn. real is [sample][time]; only the K-term reads it.
func (a *actor) update(b *batch, real []uint32, rate float64) error {
	a.k.begin(real)
	a.observe(b)
	a.differentiate(b)
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

// observe runs the batch forward.
func (a *actor) observe(b *batch) {
	for step := range a.settings.Timesteps {
		for block := range b.blocks() {
			a.estimator.observe(a.states.first(b, block, step), b, block, step)
		}
	}
}

// differentiate fills gradient with the gradient of L_G for the observed batch. It
// goes from the last step, whose states are most likely in the cache, to the first.
func (a *actor) differentiate(b *batch) {
	a.estimator.prepare(b)
	for step := a.settings.Timesteps - 1; step >= 0; step-- {
		gradient := a.settings.patchAngles(a.gradient, step)
		clear(gradient)
		if a.shifter != nil {
			a.shiftPatch(b, step, gradient)
			continue
		}
		for block := range b.blocks() {
			tile := a.states.second(b, block, step)
			a.weigh(tile, b, block, step)
			tile.Backward(a.sampler.patches[step], a.weights[block], gradient)
		}
	}
	share := 1 / float64(b.size)
	for i := range a.gradient {
		a.gradient[i] *= share
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
