package recording

import "math/bits"

// bitset holds one neuron's bins. Every repeat begins at a word of its own, so
// that dropping a last bin moves nothing.
type bitset struct {
	words  []uint64
	stride int // words per repeat
}

func newBitset(repeats, bins int) bitset {
	stride := (bins + 63) / 64
	return bitset{words: make([]uint64, repeats*stride), stride: stride}
}

func (b bitset) set(repeat, bin int) { b.words[repeat*b.stride+bin/64] |= 1 << (bin % 64) }

func (b bitset) get(repeat, bin int) bool {
	return b.words[repeat*b.stride+bin/64]>>(bin%64)&1 != 0
}

// count returns the number of ones.
func (b bitset) count() int {
	n := 0
	for _, w := range b.words {
		n += bits.OnesCount64(w)
	}
	return n
}
