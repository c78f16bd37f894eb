package gan

import (
	"math"
	"math/bits"

	"spiqsweep/simulator/random"
)

// network holds the critic's weights, or their gradient: C(x) = offset +
// Σ_h second[h]·max(0, bias[h] + Σ_i first[i][h]·x[i]). Rows over hidden units
// have stride floats; the units from hidden on are padding and stay zero.
type network struct {
	hidden, stride int
	all            []float32 // everything below, one after another
	first          []float32 // [input][stride]
	bias           []float32 // [stride]
	second         []float32 // [stride]
	offset         []float32 // [1]
}

func newNetwork(inputs, hidden int) *network {
	stride := (hidden + lanes - 1) / lanes * lanes
	all := make([]float32, (inputs+2)*stride+1)
	w := &network{hidden: hidden, stride: stride, all: all}
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

// preactivation fills dst, [stride], with the hidden units' inputs for a
// window of n-bit words: the bias and the columns of the bits that are set.
func (w *network) preactivation(dst []float32, n int, window []uint32) {
	copy(dst, w.bias)
	for step, word := range window {
		for ; word != 0; word &= word - 1 {
			addRow(dst, w.column(step*n+bits.TrailingZeros32(word)))
		}
	}
}

// addColumns adds row to the columns of the bits that are set: the transpose
// of preactivation.
func (w *network) addColumns(row []float32, n int, window []uint32) {
	for step, word := range window {
		for ; word != 0; word &= word - 1 {
			addRow(w.column(step*n+bits.TrailingZeros32(word)), row)
		}
	}
}
