package recording

import (
	"fmt"
	"math"
)

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

// builder collects spikes.
type builder struct {
	repeats, bins int
	trains        []bitset // by neuron
}

func newBuilder(repeats, neurons, bins int) (*builder, error) {
	if err := checkShape(int64(repeats), int64(neurons), int64(bins), math.MaxInt64); err != nil {
		return nil, err
	}
	b := &builder{repeats: repeats, bins: bins, trains: make([]bitset, neurons)}
	for i := range b.trains {
		b.trains[i] = newBitset(repeats, bins)
	}
	return b, nil
}

func (b *builder) set(repeat, neuron, bin int) { b.trains[neuron].set(repeat, bin) }

// dropEmptyLastBin drops the last bin if no neuron fires in it in any repeat,
// an artefact of some files, and says whether it did.
func (b *builder) dropEmptyLastBin() bool {
	if b.bins < 2 {
		return false
	}
	for _, train := range b.trains {
		for repeat := range b.repeats {
			if train.get(repeat, b.bins-1) {
				return false
			}
		}
	}
	b.bins--
	return true
}

func (b *builder) recording(name string) *Recording {
	r := &Recording{name: name, repeats: b.repeats, bins: b.bins}
	for _, train := range b.trains {
		r.trains = append(r.trains, func() bitset { return train })
	}
	return r
}
