package gan

import (
	"math"

	"spiqsweep/simulator/random"
)

// width is the number of hidden units that the inner loops process together.
const width = 64

// network holds the critic's weights, or their gradient: C(x) = offset +
// Σ_h second[h]·max(0, bias[h] + Σ_i first[i][h]·x[i]). Rows over hidden units
// have stride floats, a multiple of width; the units from hidden on are padding
// and stay zero.
type network struct {
	loops          *loops
	hidden, stride int
	all            []float32 // backing array of the fields below
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

// start draws the initial weights and biases uniformly on ±1/√fan-in, like
// PyTorch's default.
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

// column returns the weights of input i to all hidden units.
func (w *network) column(i int) []float32 { return w.first[i*w.stride:][:w.stride] }

// preactivations fills rows, [window][stride], with the pre-activations of the
// hidden units.
func (w *network) preactivations(rows []float32, s *inputSets) {
	w.loops.sumColumns(rows, w.columns, s.bits, s.windows, s.chunks, w.stride)
}

// addOn is the transpose of preactivations: for each of the given number of
// windows, from first on, it adds value to the columns of the window's inputs
// where rows, [window][stride], is above 0. It overwrites rows.
func (w *network) addOn(rows []float32, value float32, s *inputSets, first, windows int) {
	w.loops.addColumns(w.columns, rows[first*w.stride:], value, s.bits[first*s.chunks:], windows, s.chunks, w.stride)
}

// inputSets represents windows as sets of the critic's inputs that are 1: n·t bits,
// and one bit for the bias that is always set.
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

// set fills the sets, from window first on, from words, [window][time].
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
