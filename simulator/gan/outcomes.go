package gan

// lowBits of an outcome share a row of lanes: 2^lowBits = lanes.
const lowBits = 4

// outcomes evaluates −C for all outcomes of one patch in a block of samples, up
// to a constant per sample.
//
// For few outcomes it sums over all units. For many it uses that the critic is
// piecewise linear: −C of an outcome is the tangent at the drawn word, which is
// linear in the bits, plus the deviation from the tangent of each unit that some
// outcome switches on or off. Of 64 units these are about 14 at n = 10, t = 30,
// but 28 at n = 4, t = 10, where summing over all units is faster than finding
// them.
type outcomes struct {
	critic  *network
	neurons int

	// Contributions of the words of one patch to the pre-activations, relative to
	// the midpoint between silence and all neurons firing.
	lowWords  []float32 // [low word][stride], lanes rows
	highWords []float32 // [high word][stride]
	low       []float32 // [stride][low word], lowWords transposed
	reach     []float32 // [stride], largest contribution of a word

	// Buffers for one block.
	middles  []float32 // [lane][stride]; negative and transposed where outcomes are few
	switched []uint64  // [lane][stride/width][2], sets of units
	bends    []float32 // [lane][outcome of bentRows], rows padded against cache-set conflicts
}

// bentRows is the number of high words whose outcomes are bent together, so that they
// stay in the nearest cache until they are added. AVX-512 has registers for as many.
const bentRows = 16

func newOutcomes(w *network, neurons int) *outcomes {
	highs := 1 << max(neurons-lowBits, 0)
	rows := func(count int) []float32 { return make([]float32, count*w.stride) }
	return &outcomes{
		critic: w, neurons: neurons,
		lowWords: rows(lanes), highWords: rows(highs), low: rows(lanes), reach: rows(1),
		middles: rows(lanes), switched: make([]uint64, 2*lanes*w.stride/width),
		bends: make([]float32, lanes*(min(highs, bentRows)+1)*lanes),
	}
}

// few reports whether all outcomes of a patch fit a row of lanes.
func (o *outcomes) few() bool { return o.neurons <= lowBits }

// setPatch prepares the tables of a time step.
func (o *outcomes) setPatch(step int) {
	l, stride := o.critic.loops, o.critic.stride
	columns := o.critic.first[step*o.neurons*stride:][:o.neurons*stride]
	split := min(o.neurons, lowBits) * stride
	l.sumWords(o.lowWords, columns[:split], stride)
	l.sumWords(o.highWords, columns[split:], stride)
	l.transpose(o.low, o.lowWords, stride)
	l.reach(o.reach, columns)
}

// enumerate fills weights[word][lane], for few outcomes, from the drawn words and
// the pre-activations of the samples, columns[stride][lane].
func (o *outcomes) enumerate(weights, columns []float32, drawn *[lanes]uint32) {
	o.critic.loops.enumerate(weights, o.middles, columns, drawn, o.low, o.reach, o.critic.second)
}

// bend fills weights[word][lane], for many outcomes, from the drawn words, the
// pre-activations, rows[lane][stride], the sets of active units and the slopes of
// −C, [neuron][lane].
func (o *outcomes) bend(weights, rows []float32, on []uint32, slopes []float32, drawn []uint32) {
	l, stride := o.critic.loops, o.critic.stride
	middles := o.middles[:len(drawn)*stride]
	l.sumWords(weights, slopes, lanes)
	l.findSwitched(o.switched, middles, rows, on, drawn, o.lowWords, o.highWords, o.reach, stride)
	for high := o.highWords; len(high) > 0; {
		rows := min(len(high)/stride, bentRows)
		l.bend(o.bends, o.switched, middles, o.low, high, o.critic.second, rows, stride)
		l.addTranspose(weights[:rows*lanes*lanes], o.bends, (rows+1)*lanes)
		weights, high = weights[rows*lanes*lanes:], high[rows*stride:]
	}
}
