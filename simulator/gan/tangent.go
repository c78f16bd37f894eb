package gan

import (
	"math/bits"

	"spiqsweep/simulator/circuit"
)

// tangent weighs outcomes by the slope of the loss at one point per sample. The
// critic's part is linear in the bits, the K-term's part depends on the count.
type tangent struct {
	critic  *network
	k       *kTerm
	neurons int
	steps   int
	samples int

	rows   []float32 // [sample][stride], pre-activations at the point; whole blocks
	on     []uint32  // [block], sets of active units
	slopes []float32 // [block][input][lane], of −C
	counts *countWeights
}

func newTangent(s Settings, w *network, k *kTerm) *tangent {
	return &tangent{
		critic: w, k: k, neurons: s.Ansatz.Neurons, steps: s.Timesteps, samples: s.BatchSize,
		rows: make([]float32, s.blocks()*lanes*w.stride), on: make([]uint32, s.blocks()*lanes*w.stride/setUnits),
		slopes: make([]float32, s.blocks()*s.inputs()*lanes), counts: newCountWeights(s.Ansatz.Neurons),
	}
}

func (e *tangent) begin(real []uint32) { e.k.begin(real) }

// row returns the pre-activations of sample j.
func (e *tangent) row(j int) []float32 { return e.rows[j*e.critic.stride:][:e.critic.stride] }

// differentiate computes the critic's slopes at the rows.
func (e *tangent) differentiate(b *batch) {
	w, rows, inputs, blocks := e.critic, lanes*e.critic.stride, e.steps*e.neurons, b.blocks()-b.first
	for block := b.first; block < b.blocks(); block++ {
		w.loops.unitsOn(e.unitsOn(block), e.rows[block*rows:][:rows], w.stride)
	}
	slopes := e.slopes[b.first*inputs*lanes:][:blocks*inputs*lanes]
	w.loops.inputSlopes(slopes, w.first, w.second, e.on[b.first*rows/setUnits:], inputs, blocks)
}

// unitsOn returns the sets of active units of a block.
func (e *tangent) unitsOn(block int) []uint32 {
	size := lanes * e.critic.stride / setUnits
	return e.on[block*size:][:size]
}

// patchSlopes returns a block's slopes along the bits of one patch,
// [neuron][lane].
func (e *tangent) patchSlopes(block, step int) []float32 {
	return e.slopes[(block*e.steps+step)*e.neurons*lanes:][:e.neurons*lanes]
}

func (e *tangent) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	e.critic.loops.sumWords(weights, e.patchSlopes(block, step), lanes)
	if e.k.weight == 0 {
		return
	}
	for l := range b.used(block) {
		e.k.tangent(block*lanes+l, e.counts.sample)
		e.counts.setLane(l)
	}
	e.critic.loops.addCounts(weights, e.counts.block)
}

// straightThrough implements StraightThrough: slopes at the measured bits.
type straightThrough struct {
	*tangent
	sampler *sampler
	sets    *inputSets
}

func newStraightThrough(s Settings, m *sampler, w *network, k *kTerm) *straightThrough {
	return &straightThrough{newTangent(s, w, k), m, newInputSets(s.blocks()*lanes, s.Ansatz.Neurons, s.Timesteps)}
}

func (e *straightThrough) observe(tile circuit.Tile, b *batch, block, step int) {
	e.sampler.measure(tile, b, block, step)
}

func (e *straightThrough) prepare(b *batch) {
	e.locate(b)
	e.differentiate(b)
}

// locate fills the rows of a part of the batch and completes the K-term's batch.
func (e *straightThrough) locate(b *batch) {
	e.sets.resize((b.blocks() - b.first) * lanes)
	e.sets.setDrawn(e.critic.loops, 0, b.drawn[b.first*lanes*e.steps:])
	e.critic.preactivations(e.rows[b.first*lanes*e.critic.stride:], e.sets)
	if e.k.weight != 0 {
		e.k.windows(e.sampler.windows(b))
	}
	e.k.end()
}

// expectation implements Expectation: slopes at the expected bits, without
// measurements.
type expectation struct {
	*tangent
	law []float32 // [word][lane]
}

func newExpectation(s Settings, w *network, k *kTerm) *expectation {
	return &expectation{newTangent(s, w, k), make([]float32, s.Ansatz.Words()*lanes)}
}

// observe adds a patch's expected bits to the rows. The first patch resets them.
func (e *expectation) observe(tile circuit.Tile, b *batch, block, step int) {
	tile.Probabilities(e.law)
	for l := range b.used(block) {
		j := block*lanes + l
		row := e.row(j)
		if step == 0 {
			copy(row, e.critic.bias)
		}
		for q := range e.neurons {
			expected := e.expectedBit(q, l)
			for h, w := range e.critic.column(step*e.neurons + q) {
				row[h] += expected * w
			}
		}
		if e.k.weight == 0 {
			continue
		}
		for x := 0; x < len(e.law)/lanes; x++ {
			e.k.bin(j, bits.OnesCount32(uint32(x)), float64(e.law[x*lanes+l]))
		}
	}
}

// expectedBit returns the probability that a neuron fires in a lane.
func (e *expectation) expectedBit(neuron, lane int) float32 {
	sum := float32(0)
	for x := 0; x < len(e.law)/lanes; x++ {
		if x>>neuron&1 == 1 {
			sum += e.law[x*lanes+lane]
		}
	}
	return sum
}

func (e *expectation) prepare(b *batch) {
	e.k.end()
	e.differentiate(b)
}
