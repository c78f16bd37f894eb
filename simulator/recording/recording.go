package recording

import (
	"fmt"
	"math/bits"
	"slices"
)

// binMS is the width of a bin in milliseconds. Neither of the file formats
// carries it: it is a property of the experiment (Marre et al. 2017).
const binMS = 20

// Recording is a whole file: repeats × neurons × bins of 0 and 1, bit-packed
// by neuron. It never changes once made, so goroutines may share it.
type Recording struct {
	name                   string
	repeats, neurons, bins int
	trains                 []train // by neuron
	notices                []string
}

// train is the activity of one neuron: bit repeat·bins + bin.
type train struct {
	spikes int
	bits   func() []uint64 // the surrogate makes a neuron when it is first asked for
}

// New returns a recording held in memory, asking spike for every bin. The name
// is what tables and figures call the data.
func New(name string, repeats, neurons, bins int, spike func(repeat, neuron, bin int) bool) (*Recording, error) {
	b, err := newBuilder(repeats, neurons, bins)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	for neuron := range neurons {
		for repeat := range repeats {
			for bin := range bins {
				if spike(repeat, neuron, bin) {
					b.set(repeat, neuron, bin)
				}
			}
		}
	}
	return b.recording(name), nil
}

// Repeats returns how often the stimulus was shown.
func (r *Recording) Repeats() int { return r.repeats }

// Neurons returns the number of cells; cells are counted from 0.
func (r *Recording) Neurons() int { return r.neurons }

// Bins returns the number of bins in one repeat.
func (r *Recording) Bins() int { return r.bins }

// BinMS returns the width of a bin in milliseconds.
func (r *Recording) BinMS() float64 { return binMS }

// Name returns what tables and figures call the data: the file's base name, or
// "surrogate".
func (r *Recording) Name() string { return r.name }

// Notices returns what was changed while reading, one sentence each: a dropped
// empty last bin, clipped counts.
func (r *Recording) Notices() []string { return slices.Clone(r.notices) }

// Spikes returns the number of bins, over all repeats, in which the cell fired.
// It panics if there is no such cell.
func (r *Recording) Spikes(cell int) int { return r.trains[cell].spikes }

// builder collects spikes into bit-packed trains.
type builder struct {
	repeats, neurons, bins int
	trains                 [][]uint64
}

func newBuilder(repeats, neurons, bins int) (*builder, error) {
	if repeats < 1 || neurons < 1 || bins < 1 {
		return nil, fmt.Errorf("%d repeats × %d neurons × %d bins: each must be at least 1", repeats, neurons, bins)
	}
	b := &builder{repeats: repeats, neurons: neurons, bins: bins, trains: make([][]uint64, neurons)}
	for i := range b.trains {
		b.trains[i] = make([]uint64, (repeats*bins+63)/64)
	}
	return b, nil
}

func (b *builder) set(repeat, neuron, bin int) {
	i := repeat*b.bins + bin
	b.trains[neuron][i/64] |= 1 << (i % 64)
}

func (b *builder) recording(name string) *Recording {
	r := &Recording{name: name, repeats: b.repeats, neurons: b.neurons, bins: b.bins, trains: make([]train, b.neurons)}
	for i, words := range b.trains {
		r.trains[i] = train{spikes: onesCount(words), bits: func() []uint64 { return words }}
	}
	return r
}

func onesCount(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}
