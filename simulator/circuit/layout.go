package circuit

import (
	"math/bits"
	"unsafe"
)

// width is the number of floats in a row. A row is one complex amplitude of
// every lane: Lanes real parts, then Lanes imaginary parts.
const width = 2 * Lanes

type (
	row  = [width]float32
	half = [Lanes]float32 // one real number of every lane
)

// These sizes determine the order of summation and so the bits of results. They
// must not depend on the processor.
const (
	productBits = 4   // product states of up to 2⁴ rows are not split into factors
	wholeBits   = 7   // states of up to 2⁷ rows, half of a level-1 cache, are one block
	blockBits   = 5   // larger ones have blocks of 2⁵ rows, a page
	bandRows    = 128 // of which passes over the high bits take this many rows at a time
)

// split divides the bits of an index, where bit q is qubit q, into low bits, the row
// within a block, and high bits, the block.
type split struct {
	low, high    int // bits
	rows, blocks int // 1<<low, 1<<high
}

func newSplit(low, high int) split {
	return split{low: low, high: high, rows: 1 << low, blocks: 1 << high}
}

// parities returns the number of kinds of blocks at a boundary: the CNOT chain
// passes only a parity from the high bits to the low bits.
func (s split) parities() int {
	if s.high == 0 {
		return 1
	}
	return 2
}

// product returns the number of rows of a product state: a factor for every row of a
// block and one for every block; without high bits, the rows of the state.
func (s split) product() int {
	if s.high == 0 {
		return s.rows
	}
	return s.rows + s.blocks
}

// layout places the rows of a state.
type layout struct {
	split
	stride int // rows from a block to the next
	band   int // rows of every block that a pass over the high bits takes at a time
}

func newLayout(qubits int) layout {
	if qubits <= wholeBits {
		s := newSplit(qubits, 0)
		return layout{split: s, stride: s.rows, band: s.rows}
	}
	s := newSplit(blockBits, qubits-blockBits)
	// Blocks a page apart would share cache sets, so a row is left free between them.
	return layout{split: s, stride: s.rows + 1, band: min(s.rows, max(1, bandRows>>s.high))}
}

// newFactors splits the product state after the first rotation.
func newFactors(qubits int, l layout) split {
	if qubits > productBits && l.high == 0 {
		return newSplit((qubits+1)/2, qubits/2)
	}
	return l.split
}

// size is the number of rows of a state, gaps included.
func (l *layout) size() int { return l.blocks * l.stride }

// rowsOf returns n zeroed rows (of width floats) that start on a cache line.
func rowsOf(n int) []float32 { return aligned(n * width) }

// aligned returns n zeroed floats that start on a cache line.
func aligned(n int) []float32 {
	const line = 64
	buffer := make([]float32, n+line/4)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(buffer))) % line / 4)
	return buffer[skip : skip+n : skip+n]
}

// prefixXor applies the CNOT chain to an index: bit i becomes the parity of bits
// 0…i.
func prefixXor(x, n int) int {
	for s := 1; s < n; s <<= 1 {
		x ^= x << s
	}
	return x & (1<<n - 1)
}

// suffixXor sets bit i to the parity of bits i and above.
func suffixXor(x int) int {
	for s := 1; s < bits.UintSize; s <<= 1 {
		x ^= x >> s
	}
	return x
}
