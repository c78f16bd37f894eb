package recording

import (
	"sync"

	"spiqsweep/simulator/recording/internal/surrogate"
)

// Surrogate returns a recording drawn from a model of the recording of Marre et
// al. (2017): 297 repeats × 20 neurons × 952 bins. The package documentation
// describes the model. The seed varies the repeats; the movie is always the same.
// Each neuron is generated on first use. A seed yields the same bits on every
// machine.
func Surrogate(seed uint64) *Recording {
	r := &Recording{name: "surrogate", repeats: surrogate.Repeats, bins: surrogate.Bins, binMS: DefaultBinMS}
	for number, neuron := range surrogate.Neurons {
		r.trains = append(r.trains, sync.OnceValue(func() bitset { return surrogateTrain(neuron, number, seed) }))
	}
	return r
}

func surrogateTrain(neuron surrogate.Neuron, number int, seed uint64) bitset {
	bits := newBitset(surrogate.Repeats, surrogate.Bins)
	drive := neuron.Drive(number)
	for repeat := range surrogate.Repeats {
		neuron.Spikes(number, drive, seed, repeat, func(bin int) { bits.set(repeat, bin) })
	}
	return bits
}
