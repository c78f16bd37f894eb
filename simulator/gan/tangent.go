package gan

import (
	"math/bits"

	"spiqsweep/simulator/circuit"
)

// tangent weighs outcomes by the slope of the loss at one point per sample:
// linear in the bits for the critic, by count for the K-term.
type tangent struct {
	critic  *network
	k       *kTerm
	neurons int
	steps   int

	rows   []float32   // [sample][stride], pre-activations at the point
	active []float32   // [stride][lane]
	slopes [][]float32 // [block][input][lane]
	counts *countWeights
}

func newTangent(s Settings, w *network, k *kTerm) *tangent {
	e := &tangent{
		critic: w, k: k, neurons: s.Ansatz.Neurons, steps: s.Timesteps,
		rows: make([]float32, s.BatchSize*w.stride), active: make([]float32, w.stride*lanes),
		slopes: make([][]float32, (s.BatchSize+lanes-1)/lanes), counts: newCountWeights(s.Ansatz.Neurons),
	}
	for block := range e.slopes {
		e.slopes[block] = make([]float32, s.inputs()*lanes)
	}
	return e
}

// row is the pre-activation of sample j.
func (e *tangent) row(j int) []float32 { return e.rows[j*e.critic.stride:][:e.critic.stride] }

// differentiate takes the critic's slopes at the rows.
func (e *tangent) differentiate(b *batch) {
	for block, slopes := range e.slopes {
		clear(e.active)
		for l := range b.used(block) {
			for h, v := range e.row(block*lanes + l) {
				e.active[h*lanes+l] = masked(e.critic.second[h], mask(v))
			}
		}
		inputSlopes(slopes, e.critic.first, e.active)
	}
	e.k.end()
}

func (e *tangent) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	slopes := e.slopes[block][step*e.neurons*lanes:]
	clear(weights[:lanes])
	for q := range e.neurons {
		slope, half := slopes[q*lanes:][:lanes], lanes<<q
		copy(weights[half:], weights[:half])
		for x := half; x < 2*half; x += lanes {
			addScaledRow(weights[x:][:lanes], slope, -1)
		}
	}
	if e.k.weight == 0 {
		return
	}
	for l := range b.used(block) {
		e.k.tangent(block*lanes+l, e.counts.sample)
		e.counts.setLane(l)
	}
	e.counts.addTo(weights)
}

// straightThrough takes the slopes at the measured bits.
type straightThrough struct {
	*tangent
	sampler *sampler
}

func newStraightThrough(s Settings, m *sampler, w *network, k *kTerm) *straightThrough {
	return &straightThrough{newTangent(s, w, k), m}
}

func (e *straightThrough) observe(tile circuit.Tile, b *batch, block, step int) {
	e.sampler.measure(tile, b, block, step)
}

func (e *straightThrough) prepare(b *batch) {
	for j := range b.size {
		e.critic.preactivation(e.row(j), e.neurons, b.words[j*e.steps:][:e.steps])
	}
	e.k.windows(b.words)
	e.differentiate(b)
}

// expectation takes the slopes at the expected bits. It measures nothing.
type expectation struct {
	*tangent
	law []float32 // [word][lane]
}

func newExpectation(s Settings, w *network, k *kTerm) *expectation {
	return &expectation{newTangent(s, w, k), make([]float32, s.Ansatz.Words()*lanes)}
}

// observe adds a patch's expected bits to the rows; the first patch starts them.
func (e *expectation) observe(tile circuit.Tile, b *batch, block, step int) {
	tile.Probabilities(e.law)
	for l := range b.used(block) {
		j := block*lanes + l
		if step == 0 {
			copy(e.row(j), e.critic.bias)
		}
		for q := range e.neurons {
			addScaledRow(e.row(j), e.critic.column(step*e.neurons+q), e.expectedBit(q, l))
		}
		for x := 0; x < len(e.law)/lanes; x++ {
			e.k.bin(j, bits.OnesCount32(uint32(x)), float64(e.law[x*lanes+l]))
		}
	}
}

// expectedBit is the probability that a neuron fires in a lane.
func (e *expectation) expectedBit(neuron, lane int) float32 {
	sum := float32(0)
	for x := 0; x < len(e.law)/lanes; x++ {
		if x>>neuron&1 == 1 {
			sum += e.law[x*lanes+lane]
		}
	}
	return sum
}

func (e *expectation) prepare(b *batch) { e.differentiate(b) }
