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

	table []float32 // [set][stride], buffer for the sums of the first columns
}

// tableMembers is the number of columns whose sums preactivations computes in advance,
// for all sets of them.
const tableMembers = 4

func newNetwork(l *loops, inputs, hidden int) *network {
	stride := (hidden + width - 1) / width * width
	all := make([]float32, (inputs+2)*stride+1)
	w := &network{loops: l, hidden: hidden, stride: stride, all: all, columns: all[:(inputs+1)*stride], table: make([]float32, stride<<tableMembers)}
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
	first := w.columns[:min(tableMembers*w.stride, len(w.columns))]
	w.loops.sumSubsets(w.table, first, w.stride)
	w.loops.sumRows(rows, w.columns, w.table, s.bits, s.windows, w.stride)
}

// addOn is the transpose of preactivations: for every input it adds the rows,
// [window][stride], of the windows in members to the column. One column after another
// can stay in registers. The first row of the table, the sum of no columns, is zero.
func (w *network) addOn(rows []float32, members []uint32) {
	w.loops.addRows(w.columns, rows, w.table[:w.stride], members, len(w.columns)/w.stride, w.stride)
}

// padded rounds a number of sets or of their possible members up to a multiple of 64.
func padded(n int) int { return (n + 63) &^ 63 }

// newSets returns empty sets, one a row, [number of the member/32][row].
func newSets(rows, members int) []uint32 { return make([]uint32, padded(rows)*padded(members)/32) }

// inputSets represents windows as sets of the critic's inputs that are 1: n·t bits,
// and one bit for the bias that is always set.
type inputSets struct {
	neurons, timesteps int
	windows            int
	bits               []uint32 // [input/32][window]
}

func newInputSets(windows, neurons, timesteps int) *inputSets {
	return &inputSets{neurons, timesteps, windows, newSets(windows, neurons*timesteps+1)}
}

// resize changes the number of windows, up to that of newInputSets.
func (s *inputSets) resize(windows int) {
	if padded(windows) != padded(s.windows) {
		clear(s.bits) // the rows move, and those without a member must be empty
	}
	s.windows = windows
}

// set fills the sets, from window first on, from words, [window][time].
func (s *inputSets) set(l *loops, first int, words []uint32) {
	l.fillSets(s.bits[first:], words, len(words)/s.timesteps, s.neurons, s.timesteps, s.windows, s.timesteps, 1)
}

// setDrawn fills all sets from window first on from drawn words, [block][time][lane].
func (s *inputSets) setDrawn(l *loops, first int, drawn []uint32) {
	l.fillSets(s.bits[first:], drawn, s.windows-first, s.neurons, s.timesteps, s.windows, 1, lanes)
}
