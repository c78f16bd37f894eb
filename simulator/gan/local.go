package gan

import (
	"math/bits"

	"spiqsweep/simulator/circuit"
)

// local weighs all outcomes of a patch, the other patches as drawn. The
// critic's first layer is linear in the bits: the pre-activation of every
// outcome is that of the sample without the patch's bits, plus one row of a
// table over the low half of the outcome's bits, plus one over the high half.
type local struct {
	sampler *sampler
	critic  *network
	k       *kTerm
	neurons int
	steps   int

	rows    []float32 // [sample][stride], pre-activations of the samples as drawn
	negated []float32 // [stride], −second

	step      int       // that the tables are for
	low, high []float32 // [2^lowBits][stride], [2^(n−lowBits)][stride]

	base    []float32 // [stride][lane], the block without the patch's bits
	shifted []float32 // [stride][lane], base with the high bits
	counts  *countWeights
}

func newLocal(s Settings, m *sampler, w *network, k *kTerm) *local {
	n := s.Ansatz.Neurons
	lowBits := (n + 1) / 2
	return &local{
		sampler: m, critic: w, k: k, neurons: n, steps: s.Timesteps,
		rows: make([]float32, s.BatchSize*w.stride), negated: make([]float32, w.stride),
		low: make([]float32, w.stride<<lowBits), high: make([]float32, w.stride<<(n-lowBits)),
		base: make([]float32, w.stride*lanes), shifted: make([]float32, w.stride*lanes),
		counts: newCountWeights(n),
	}
}

// lowBits is the number of bits of the low table.
func (e *local) lowBits() int { return (e.neurons + 1) / 2 }

func (e *local) observe(tile circuit.Tile, b *batch, block, step int) {
	e.sampler.measure(tile, b, block, step)
}

func (e *local) prepare(b *batch) {
	for j := range b.size {
		e.critic.preactivation(e.rows[j*e.critic.stride:][:e.critic.stride], e.neurons, b.words[j*e.steps:][:e.steps])
	}
	for h, w := range e.critic.second {
		e.negated[h] = -w
	}
	e.step = -1
	e.k.windows(b.words)
	e.k.end()
}

func (e *local) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	if step != e.step {
		e.step = step
		e.fillTable(e.low, step*e.neurons)
		e.fillTable(e.high, step*e.neurons+e.lowBits())
	}
	e.removePatch(b, block, step)
	size := lanes << e.lowBits() // of the outcomes that share their high bits
	for high := 0; high*size < len(weights); high++ {
		shiftRows(e.shifted, e.base, e.high[high*e.critic.stride:][:e.critic.stride])
		enumerate(weights[high*size:][:size], e.shifted, e.low, e.negated)
	}
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

// fillTable fills a table with the sums of columns: row x has those of the
// inputs first + q where bit q of x is set.
func (e *local) fillTable(table []float32, first int) {
	stride := e.critic.stride
	clear(table[:stride])
	for rows, q := 1, 0; rows*stride < len(table); rows, q = 2*rows, q+1 {
		column := e.critic.column(first + q)
		copy(table[rows*stride:], table[:rows*stride])
		for x := rows; x < 2*rows; x++ {
			addRow(table[x*stride:][:stride], column)
		}
	}
}

// removePatch fills base with the block's pre-activations less the drawn bits
// of the patch.
func (e *local) removePatch(b *batch, block, step int) {
	stride := e.critic.stride
	mask := uint32(1)<<e.lowBits() - 1
	for l := range b.used(block) {
		j := block*lanes + l
		word := int(b.words[j*e.steps+step])
		low := e.low[word&int(mask)*stride:][:stride]
		high := e.high[word>>e.lowBits()*stride:][:stride]
		for h, v := range e.rows[j*stride:][:stride] {
			e.base[h*lanes+l] = v - low[h] - high[h]
		}
	}
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
