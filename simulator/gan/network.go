package gan

import (
	"math"

	"spiqsweep/simulator/random"
)

// width is the number of hidden units that the inner loops take at once.
const width = 64

// network holds the critic's weights, or their gradient: C(x) = offset +
// Σ_h second[h]·max(0, bias[h] + Σ_i first[i][h]·x[i]). Rows over hidden units
// have stride floats, a multiple of width; the units from hidden on are padding
// and stay zero.
type network struct {
	loops          *loops
	hidden, stride int
	all            []float32 // everything below, one after another
	columns        []float32 // first and bias: the bias is the column of an input that is always 1
	first          []float32 // [input][stride]
	bias           []float32 // [stride]
	second         []float32 // [stride]
	offset         []float32 // [1]
}

func newNetwork(l *loops, inputs, hidden int) *network {
	stride := (hidden + width - 1) / width * width
	all := make([]float32, (inputs+2)*stride+1)
	w := &network{loops: l, hidden: hidden, stride: stride, all: all, columns: all[:(inputs+1)*stride]}
	w.first, all = all[:inputs*stride], all[inputs*stride:]
	w.bias, w.second, w.offset = all[:stride], all[stride:2*stride], all[2*stride:]
	return w
}

// start draws torch's default: weights and biases uniform on ±1/√fan-in.
func (w *network) start(draw random.Generator) {
	uniform := func(dst []float32, fanIn int) {
		bound := 1 / math.Sqrt(float64(fanIn))
		for h := range dst {
			dst[h] = float32(bound * (2*draw.Float64() - 1))
		}
	}
	inputs := len(w.first) / w.stride
	for i := range inputs {
		uniform(w.column(i)[:w.hidden], inputs)
	}
	uniform(w.bias[:w.hidden], inputs)
	uniform(w.second[:w.hidden], w.hidden)
	uniform(w.offset, w.hidden)
}

// column is what input i adds to every hidden unit.
func (w *network) column(i int) []float32 { return w.first[i*w.stride:][:w.stride] }

// preactivations fills rows, [window][stride], with the hidden units' inputs.
func (w *network) preactivations(rows []float32, s *inputSets) {
	w.loops.sumColumns(rows, w.columns, s.bits, s.windows, s.chunks, w.stride)
}

// addOn adds the value to the columns of the inputs of so many windows, from
// first on, where units are on in rows, [window][stride]: the transpose of
// preactivations. It uses the rows up.
func (w *network) addOn(rows []float32, value float32, s *inputSets, first, windows int) {
	w.loops.addColumns(w.columns, rows[first*w.stride:], value, s.bits[first*s.chunks:], windows, s.chunks, w.stride)
}

// inputSets are windows as sets of the critic's inputs that are 1: n·t bits and
// one that is always set, for the bias.
type inputSets struct {
	neurons, timesteps int
	windows            int
	chunks             int      // words of 64 inputs each
	bits               []uint64 // [window][chunk]
}

func newInputSets(windows, neurons, timesteps int) *inputSets {
	chunks := neurons*timesteps/64 + 1
	return &inputSets{neurons, timesteps, windows, chunks, make([]uint64, windows*chunks)}
}

// set fills the sets from window first on with windows of words, [window][step].
func (s *inputSets) set(first int, words []uint32) {
	bits := s.bits[first*s.chunks:]
	for ; len(words) > 0; words = words[s.timesteps:] {
		set, used := uint64(0), 0
		for _, word := range words[:s.timesteps] {
			set |= uint64(word) << (used & 63)
			if used += s.neurons; used >= 64 {
				bits[0], bits = set, bits[1:]
				used -= 64
				set = uint64(word) >> ((s.neurons - used) & 63)
			}
		}
		bits[0], bits = set|1<<(used&63), bits[1:]
	}
}
