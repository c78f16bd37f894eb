package kerneltest

import (
	"math"
	"math/rand/v2"
	"unsafe"
)

// Trial draws the arguments of one call of an inner loop. The same seed gives the
// same arguments.
type Trial struct {
	*rand.Rand
	written, read []array
}

// UpTo draws from 1 … n.
func (t *Trial) UpTo(n int) int { return 1 + t.IntN(n) }

// In draws n numbers that the loop reads or uses as scratch memory.
func (t *Trial) In(n int) []float32 { return numbers[float32](t, n, &t.read) }

// Out draws n numbers that the loop writes.
func (t *Trial) Out(n int) []float32 { return numbers[float32](t, n, &t.written) }

// In64 is In in float64.
func (t *Trial) In64(n int) []float64 { return numbers[float64](t, n, &t.read) }

// Out64 is Out in float64.
func (t *Trial) Out64(n int) []float64 { return numbers[float64](t, n, &t.written) }

// OutBits draws n words of bits that the loop writes. Kernels must agree exactly.
func (t *Trial) OutBits(n int) []uint64 {
	g := newGuarded[uint64](t, n)
	t.written = append(t.written, g)
	return g.values()
}

// OutBits32 is OutBits in words of 32 bits, zeroed.
func (t *Trial) OutBits32(n int) []uint32 {
	g := newGuarded[uint32](t, n)
	t.written = append(t.written, g)
	clear(g.values())
	return g.values()
}

// numbers draws an array of floats and appends it to into.
func numbers[F float32 | float64](t *Trial, n int, into *[]array) []F {
	g := newGuarded[F](t, n)
	*into = append(*into, g)
	for i := range g.values() {
		g.values()[i] = F(t.number())
	}
	return g.values()
}

// number draws numbers of realistic sizes, zeros and subnormals.
func (t *Trial) number() float32 {
	switch t.IntN(40) {
	case 0:
		return 0
	case 1:
		return math.Float32frombits(t.Uint32N(1 << 23)) // subnormal
	case 2:
		return float32(math.Ldexp(1, -70)) // its square is subnormal
	}
	return 2*t.Float32() - 1
}

// array is a slice between guards.
type array interface {
	// intact reports whether the guards are unchanged.
	intact() bool
	// difference returns the first index at which the array differs from want by
	// more than the tolerance, relative for numbers above 1; −1 if there is none.
	difference(want array, tolerance float64) int
	at(i int) any
}

type guarded[T float32 | float64 | uint32 | uint64] struct {
	all           []T
	first, length int
}

const (
	guard     = 12345
	lineBytes = 64 // of a cache line
)

// newGuarded returns an array that begins at a drawn offset in a cache line.
func newGuarded[T float32 | float64 | uint32 | uint64](t *Trial, n int) *guarded[T] {
	line := lineBytes / int(unsafe.Sizeof(T(0)))
	g := &guarded[T]{all: make([]T, n+4*line), length: n}
	for i := range g.all {
		g.all[i] = guard
	}
	offset := int(uintptr(unsafe.Pointer(&g.all[0]))%lineBytes) / int(unsafe.Sizeof(T(0)))
	g.first = 2*line - offset
	if t.IntN(2) == 0 {
		g.first += t.IntN(line)
	}
	return g
}

func (g *guarded[T]) values() []T { return g.all[g.first:][:g.length:g.length] }

func (g *guarded[T]) at(i int) any { return g.values()[i] }

func (g *guarded[T]) intact() bool {
	for i, v := range g.all {
		if inside := i >= g.first && i < g.first+g.length; !inside && v != guard {
			return false
		}
	}
	return true
}

func (g *guarded[T]) difference(want array, tolerance float64) int {
	for i, w := range want.(*guarded[T]).values() {
		v := g.values()[i]
		x, y := float64(v), float64(w)
		same := v == w && math.Signbit(x) == math.Signbit(y)
		if !same && !(math.Abs(x-y) <= tolerance*max(1, math.Abs(y))) {
			return i
		}
	}
	return -1
}
