package gan

import (
	"math/bits"

	"spiqsweep/simulator/circuit"
)

// local implements Local: it weighs all outcomes of a patch and keeps the other
// patches as drawn.
type local struct {
	*straightThrough // the tangent at the drawn sample
	outcomes         *outcomes
	columns          []float32 // [block][stride][lane], rows transposed, where outcomes are few
}

func newLocal(s Settings, m *sampler, w *network, k *kTerm) *local {
	return &local{
		straightThrough: newStraightThrough(s, m, w, k), outcomes: newOutcomes(w, s.Ansatz.Neurons),
		columns: make([]float32, s.blocks()*lanes*w.stride),
	}
}

func (e *local) prepare(b *batch) {
	if !e.outcomes.few() {
		e.straightThrough.prepare(b)
		return
	}
	e.locate(b)
	for block := b.first; block < b.blocks(); block++ {
		at := block * lanes * e.critic.stride
		e.critic.loops.transpose(e.columns[at:][:lanes*e.critic.stride], e.rows[at:], e.critic.stride)
	}
}

func (e *local) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	if block == b.first {
		e.outcomes.setPatch(step)
	}
	drawn, first := e.sampler.drawn(b, block, step), block*lanes*e.critic.stride
	if e.outcomes.few() {
		e.outcomes.enumerate(weights, e.columns[first:], drawn)
	} else {
		e.outcomes.bend(weights, e.rows[first:], e.unitsOn(block), e.patchSlopes(block, step), drawn[:b.used(block)])
	}
	if e.k.weight == 0 {
		return
	}
	for l, word := range drawn[:b.used(block)] {
		e.k.move(block*lanes+l, bits.OnesCount32(word), e.counts.sample)
		e.counts.setLane(l)
	}
	e.critic.loops.addCounts(weights, e.counts.block)
}

// countWeights holds the K-term's weights of a block by an outcome's number of
// spikes.
type countWeights struct {
	sample []float64 // [count], of one sample
	block  []float32 // [count][lane]
}

func newCountWeights(neurons int) *countWeights {
	return &countWeights{sample: make([]float64, neurons+1), block: make([]float32, (neurons+1)*lanes)}
}

func (c *countWeights) setLane(lane int) {
	for count, w := range c.sample {
		c.block[count*lanes+lane] = float32(w)
	}
}

// reinforce implements Reinforce: the weight of the drawn outcome is its local
// weight minus that of the silent outcome, divided by its probability. All other
// weights are 0.
type reinforce struct {
	*local
	law []float32 // [word][lane]
}

func newReinforce(s Settings, m *sampler, w *network, k *kTerm) *reinforce {
	return &reinforce{newLocal(s, m, w, k), make([]float32, s.Ansatz.Words()*lanes)}
}

func (e *reinforce) weigh(tile circuit.Tile, b *batch, block, step int, weights []float32) {
	e.local.weigh(tile, b, block, step, weights)
	tile.Probabilities(e.law)
	var gain laneRow
	drawn := e.sampler.drawn(b, block, step)[:b.used(block)]
	for l, word := range drawn {
		at := int(word)*lanes + l
		// Rounding can leave the drawn outcome with probability 0, when the running
		// sum of the probabilities ends below the uniform number.
		if p := e.law[at]; p > 0 {
			gain[l] = (weights[at] - weights[l]) / p
		}
	}
	clear(weights)
	for l, word := range drawn {
		weights[int(word)*lanes+l] = gain[l]
	}
}
