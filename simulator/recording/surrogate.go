package recording

import (
	"sync"

	"spiqsweep/simulator/recording/internal/surrogate"
)

// Surrogate returns a recording of the size of the real one that was drawn
// from a law fitted to it (see the package's documentation). The seed decides
// the repeats; the movie is always the same. A cell is made when it is first
// asked for, from the seed to the same bits on every machine.
func Surrogate(seed uint64) *Recording {
	r := &Recording{name: "surrogate", repeats: surrogate.Repeats, bins: surrogate.Bins}
	for number, cell := range surrogate.Cells {
		r.trains = append(r.trains, sync.OnceValue(func() bitset { return surrogateTrain(cell, number, seed) }))
	}
	return r
}

func surrogateTrain(cell surrogate.Cell, number int, seed uint64) bitset {
	bits := newBitset(surrogate.Repeats, surrogate.Bins)
	drive := cell.Drive(number)
	for repeat := range surrogate.Repeats {
		cell.Spikes(number, drive, seed, repeat, func(bin int) { bits.set(repeat, bin) })
	}
	return bits
}
