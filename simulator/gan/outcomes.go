package gan

import "math/bits"

// lowBits of an outcome share a row of the enumeration: 2^lowBits = lanes.
const lowBits = 4

// outcomes evaluates −C for all outcomes of one patch in a block of samples,
// up to a constant per sample. Call patch; then for each block clear, sample
// for every lane, and values.
//
// The critic's first layer is linear in the bits: the pre-activation of an
// outcome is that of the sample without the patch's bits, plus what the low
// bits add, plus what the high bits add. A unit that is on for every outcome is
// linear, one that is off for every outcome adds nothing; only the units in
// between are enumerated. At n = 10, t = 30 these are a sixth of all.
type outcomes struct {
	critic  *network
	neurons int

	// Of the patch.
	columns     []float32 // [neuron][stride], of the critic's first layer
	low         []float32 // [unit][lanes], what the low bits add
	high        []float32 // [unit][2^(n−lowBits)], what the high bits add
	least, most []float32 // [stride], what an outcome adds at least and at most

	// Of the block.
	base    []float32  // [lane][stride], pre-activations without the patch's bits
	active  []float32  // [stride][lane], −second of the units that are always on
	between []int      // [lane][stride], the units that are not always on nor always off,
	units   [lanes]int // … and their number
	slopes  []float32  // [neuron][lane], of the linear part
	result  []float32  // [lane][outcome], rows padded against cache-set conflicts

	// Of one sample: the units in between, one after another.
	second []float32 // [unit], −second
	lows   []float32 // [unit][lanes]
	shifts []float32 // [unit][2^(n−lowBits)], base and high bits
}

func newOutcomes(w *network, neurons int) *outcomes {
	high := 1 << max(neurons-lowBits, 0)
	return &outcomes{
		critic: w, neurons: neurons,
		low: make([]float32, w.stride*lanes), high: make([]float32, w.stride*high),
		least: make([]float32, w.stride), most: make([]float32, w.stride),
		base: make([]float32, lanes*w.stride), active: make([]float32, w.stride*lanes),
		between: make([]int, lanes*w.stride),
		slopes:  make([]float32, neurons*lanes), result: make([]float32, lanes*(high+1)*lanes),
		second: make([]float32, w.stride), lows: make([]float32, w.stride*lanes), shifts: make([]float32, w.stride*high),
	}
}

// highs is the number of values of the high bits.
func (o *outcomes) highs() int { return len(o.high) / o.critic.stride }

// lane is the result of one sample, [high][lanes].
func (o *outcomes) lane(l int) []float32 {
	size := len(o.result) / lanes
	return o.result[l*size:][:size-lanes]
}

// patch prepares the tables of a time step.
func (o *outcomes) patch(step int) {
	stride := o.critic.stride
	o.columns = o.critic.first[step*o.neurons*stride:][:o.neurons*stride]
	split := min(o.neurons, lowBits) * stride
	fillTable(o.low, o.columns[:split], stride)
	fillTable(o.high, o.columns[split:], stride)
	clear(o.least)
	clear(o.most)
	for i, w := range o.columns {
		o.least[i%stride] += min(w, 0)
		o.most[i%stride] += max(w, 0)
	}
}

// fillTable fills table[unit][x] with the sum of the columns, [bit][stride],
// of the bits that are set in x.
func fillTable(table, columns []float32, stride int) {
	width := len(table) / stride
	for h := range stride {
		row := table[h*width:][:width]
		row[0] = 0
		for q, half := 0, 1; q*stride < len(columns); q, half = q+1, 2*half {
			w := columns[q*stride+h]
			for x, v := range row[:half] {
				row[half+x] = v + w
			}
		}
	}
}

// clear begins a block.
func (o *outcomes) clear() { clear(o.active) }

// sample takes a lane's pre-activation and the drawn word.
func (o *outcomes) sample(lane int, preactivation []float32, drawn uint32) {
	stride := o.critic.stride
	base := o.base[lane*stride:][:stride]
	copy(base, preactivation)
	for ; drawn != 0; drawn &= drawn - 1 {
		addScaledRow(base, o.columns[bits.TrailingZeros32(drawn)*stride:][:stride], -1)
	}
	units := o.between[lane*stride:][:stride]
	o.units[lane] = sortUnits(o.active[lane:], units, base, o.least, o.most, o.critic.second)
}

// values fills weights[word][lane] for the first used lanes.
func (o *outcomes) values(weights []float32, used int) {
	inputSlopes(o.slopes, o.columns, o.active)
	for l := range used {
		o.linear(l)
		o.gather(l)
		units := o.units[l]
		enumerate(o.lane(l), o.shifts[:units*o.highs()], o.lows[:units*lanes], o.second[:units])
	}
	transpose(weights, o.result)
}

// linear fills a lane's result with the part of the units that are always on.
func (o *outcomes) linear(lane int) {
	result := o.lane(lane)
	result[0] = 0
	clear(result[1<<o.neurons:]) // of the last row, where there are fewer words than lanes
	for q := range o.neurons {
		slope, half := o.slopes[q*lanes+lane], 1<<q
		for x, v := range result[:half] {
			result[half+x] = v + slope
		}
	}
}

// gather puts a lane's units in between one after another.
func (o *outcomes) gather(lane int) {
	stride, highs := o.critic.stride, o.highs()
	base := o.base[lane*stride:][:stride]
	for u, h := range o.between[lane*stride:][:o.units[lane]] {
		o.second[u] = -o.critic.second[h]
		*(*laneRow)(o.lows[u*lanes:]) = *(*laneRow)(o.low[h*lanes:])
		shifts := o.shifts[u*highs:][:highs]
		for x, added := range o.high[h*highs:][:highs] {
			shifts[x] = base[h] + added
		}
	}
}
