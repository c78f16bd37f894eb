package gan

import (
	"math/bits"

	"spiqsweep/simulator/circuit"
)

// local weighs all outcomes of a patch, the other patches as drawn.
type local struct {
	sampler  *sampler
	critic   *network
	k        *kTerm
	neurons  int
	steps    int
	rows     []float32 // [sample][stride], pre-activations of the samples as drawn
	outcomes *outcomes
	counts   *countWeights
}

func newLocal(s Settings, m *sampler, w *network, k *kTerm) *local {
	return &local{
		sampler: m, critic: w, k: k, neurons: s.Ansatz.Neurons, steps: s.Timesteps,
		rows:     make([]float32, s.BatchSize*w.stride),
		outcomes: newOutcomes(w, s.Ansatz.Neurons), counts: newCountWeights(s.Ansatz.Neurons),
	}
}

func (e *local) observe(tile circuit.Tile, b *batch, block, step int) {
	e.sampler.measure(tile, b, block, step)
}

func (e *local) prepare(b *batch) {
	for j := range b.size {
		e.critic.preactivation(e.row(j), e.neurons, b.words[j*e.steps:][:e.steps])
	}
	e.k.windows(b.words)
	e.k.end()
}

// row is the pre-activation of sample j.
func (e *local) row(j int) []float32 { return e.rows[j*e.critic.stride:][:e.critic.stride] }

func (e *local) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	if block == 0 {
		e.outcomes.patch(step)
	}
	e.outcomes.clear()
	for l := range b.used(block) {
		j := block*lanes + l
		e.outcomes.sample(l, e.row(j), b.words[j*e.steps+step])
	}
	e.outcomes.values(weights, b.used(block))
	if e.k.weight == 0 {
		return
	}
	for l := range b.used(block) {
		j := block*lanes + l
		e.k.move(j, bits.OnesCount32(b.words[j*e.steps+step]), e.counts.sample)
		e.counts.setLane(l)
	}
	e.counts.addTo(weights)
}

// countWeights are the K-term's weights of a block, by an outcome's number of spikes.
type countWeights struct {
	sample []float64 // [count], of one sample
	block  []laneRow // [count]
}

func newCountWeights(neurons int) *countWeights {
	return &countWeights{sample: make([]float64, neurons+1), block: make([]laneRow, neurons+1)}
}

func (c *countWeights) setLane(lane int) {
	for count, w := range c.sample {
		c.block[count][lane] = float32(w)
	}
}

// addTo adds them to weights[word][lane].
func (c *countWeights) addTo(weights []float32) {
	for x := 0; x < len(weights)/lanes; x++ {
		addRow(weights[x*lanes:][:lanes], c.block[bits.OnesCount32(uint32(x))][:])
	}
}
