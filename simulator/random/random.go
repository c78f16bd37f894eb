package random

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Purpose names the use of a stream. Different purposes never share numbers.
type Purpose string

// Training is the address of one training, the common part of its streams'
// addresses.
type Training struct {
	Seed                          uint64
	Neurons, Timesteps, Replicate int
}

// Stream returns the streams of the training for one purpose.
func (t Training) Stream(purpose Purpose) Stream {
	h := sha256.New()
	h.Write([]byte("spiqsweep random/1\x00" + string(purpose) + "\x00"))
	for _, v := range [...]uint64{t.Seed, uint64(t.Neurons), uint64(t.Timesteps), uint64(t.Replicate)} {
		h.Write(binary.BigEndian.AppendUint64(nil, v))
	}
	key := h.Sum(nil)
	return Stream{high: binary.BigEndian.Uint64(key), low: binary.BigEndian.Uint64(key[8:])}
}

// Stream is a family of generators addressed by (step, index).
type Stream struct{ high, low, from uint64 }

// From returns the stream whose step 0 is the given step of s.
func (s Stream) From(step uint64) Stream {
	s.from += step
	return s
}

// At returns the generator for one step and index. Equal addresses give equal
// draws. It does not allocate.
func (s Stream) At(step, index uint64) Generator {
	return Generator{mix(s.high ^ mix(s.from+step)), mix(s.low ^ mix(index^0x9e3779b97f4a7c15))}
}

// mix is the finaliser of SplitMix64 (Steele, Lea & Flood 2014), a bijection that
// decorrelates neighbouring addresses.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Generator is one random sequence. It implements rand.Source, for use with
// rand.New of math/rand/v2. It is not safe for concurrent use.
type Generator struct{ high, low uint64 } // the 128 bits of the state

// The constants of PCG with the output DXSM, as in math/rand/v2 and NumPy.
const (
	multiplierHigh, multiplierLow = 0x2360ed051fc65da4, 0x4385df649fccf645
	incrementHigh, incrementLow   = 0x5851f42d4c957f2d, 0x14057b7ef767814f
	cheapMultiplier               = 0xda942042e4dd58b5
)

// next returns the generator after one step. Unlike a Generator behind a pointer, a
// value stays in registers while a method draws a row.
func (g Generator) next() Generator {
	high, low := bits.Mul64(g.low, multiplierLow)
	low, carry := bits.Add64(low, incrementLow, 0)
	high, _ = bits.Add64(high+g.low*multiplierHigh, incrementHigh, carry)
	return Generator{g.high*multiplierLow + high, low}
}

// output returns the random bits of the state.
func (g Generator) output() uint64 {
	high := g.high ^ g.high>>32
	high *= cheapMultiplier
	high ^= high >> 48
	return high * (g.low | 1)
}

// Uint64 returns the next 64 random bits.
func (g *Generator) Uint64() uint64 {
	*g = g.next()
	return g.output()
}

// Float64 returns the next number in [0, 1), a multiple of 2⁻⁵³.
func (g *Generator) Float64() float64 { return float64(g.Uint64()>>11) * 0x1p-53 }

// Float32 returns the next number in [0, 1), a multiple of 2⁻²⁴, so that it
// never rounds up to 1.
func (g *Generator) Float32() float32 { return float32(g.Uint64()>>40) * 0x1p-24 }

// Float32s fills dst, of an even length, with numbers in [0, 1), multiples of 2⁻²⁴, two
// from each 64 random bits of the generator in the given state. It returns the state
// after them.
func Float32s(dst []float32, high, low uint64) (newHigh, newLow uint64) {
	g := Generator{high, low}
	for i := 0; i < len(dst)-1; i += 2 {
		g = g.next()
		x := g.output()
		dst[i], dst[i+1] = float32(x>>40)*0x1p-24, float32(x<<32>>40)*0x1p-24
	}
	return g.high, g.low
}

// Loop is Float32s or another implementation of it, which may require that the length is
// a multiple of 16.
type Loop func(dst []float32, high, low uint64) (newHigh, newLow uint64)

// Fill fills dst, of a length that the loop allows, with the generator's next numbers. It
// panics if the length is odd.
func (g *Generator) Fill(dst []float32, loop Loop) {
	if len(dst)%2 != 0 {
		panic(fmt.Sprintf("random: %d numbers, want an even number of them", len(dst)))
	}
	g.high, g.low = loop(dst, g.high, g.low)
}

// IntN returns the next integer in [0, n), without bias (Lemire 2019, "Fast
// random integer generation in an interval"); it panics for n ≤ 0.
func (g *Generator) IntN(n int) int {
	var dst [1]int
	g.Ints(dst[:], n)
	return dst[0]
}

// Ints fills dst with the next numbers of IntN.
func (g *Generator) Ints(dst []int, n int) {
	if n <= 0 {
		panic(fmt.Sprintf("random: integers from 0 to below %d, want a bound of 1 or more", n))
	}
	own, bound := *g, uint64(n)
	for i := range dst {
		own = own.next()
		high, low := bits.Mul64(own.output(), bound)
		if low < bound {
			for reject := -bound % bound; low < reject; {
				own = own.next()
				high, low = bits.Mul64(own.output(), bound)
			}
		}
		dst[i] = int(high)
	}
	*g = own
}
