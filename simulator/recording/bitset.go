package recording

import "math/bits"

// bitset holds one neuron's bins, one bit each, repeat after repeat.
type bitset struct {
	words  []uint64
	stride int // bins from one repeat to the next; a dropped last bin stays in place
}

func newBitset(repeats, bins int) bitset {
	return bitset{words: make([]uint64, (repeats*bins+63)/64), stride: bins}
}

func (b bitset) set(repeat, bin int) {
	i := repeat*b.stride + bin
	b.words[i/64] |= 1 << (i % 64)
}

func (b bitset) get(repeat, bin int) bool {
	i := repeat*b.stride + bin
	return b.words[i/64]>>(i%64)&1 != 0
}

// count returns the number of ones.
func (b bitset) count() int {
	n := 0
	for _, w := range b.words {
		n += bits.OnesCount64(w)
	}
	return n
}
