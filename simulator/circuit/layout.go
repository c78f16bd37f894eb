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

// These sizes shape the order of summation, so they are part of the numerics:
// they never depend on the processor.
const (
	wholeBits = 7   // states of up to 2⁷ rows, half of a level-1 cache, are passed over as a whole
	blockBits = 5   // larger ones in blocks of 2⁵ rows, a page
	bandRows  = 128 // of which passes over the high bits take this many at a time
)

// layout places the rows of a state. Index bit q is qubit q; the low bits
// choose the row within a block, the high bits the block.
type layout struct {
	low, high    int // bits
	rows, blocks int // 1<<low, 1<<high
	stride       int // rows from a block to the next
	band         int // rows of every block that a pass over the high bits takes at a time
}

func newLayout(qubits int) layout {
	l := layout{low: blockBits}
	if qubits <= wholeBits {
		l.low = (qubits + 1) / 2
	}
	l.high = qubits - l.low
	l.rows, l.blocks = 1<<l.low, 1<<l.high
	l.stride = l.rows
	if !l.whole() {
		l.stride++ // blocks a page apart would share their cache sets
	}
	l.band = min(l.rows, max(1, bandRows>>l.high))
	return l
}

// whole says that the state has no gaps and is passed over in one go.
func (l *layout) whole() bool { return l.low+l.high <= wholeBits }

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

// prefixXor is what the CNOT chain does to an index: bit i becomes the parity
// of bits 0…i.
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
