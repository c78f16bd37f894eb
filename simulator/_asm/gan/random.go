package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// draws is the number of draws in a vector.
const draws = 8

// number has 128 bits.
type number struct{ high, low uint64 }

// The constants of PCG with the output DXSM, as in package random.
var (
	multiplier = number{0x2360ed051fc65da4, 0x4385df649fccf645}
	increment  = number{0x5851f42d4c957f2d, 0x14057b7ef767814f}
)

const cheapMultiplier = 0xda942042e4dd58b5

// float32s makes eight draws at a time, for which AVX2 lacks a multiplication.
func (k kernel) float32s() {
	times, plus := steps()
	k.Function("float32s", "func(dst []float32, high, low uint64) (newHigh, newLow uint64)")
	dst, vectors := Pointer("dst"), Length("dst")
	SHRQ(U8(4), vectors)
	s := states{k.Broadcast64(Parameter("high")), k.Broadcast64(Parameter("low"))}
	timesHigh, timesLow := k.Load(times), k.Load(times.Offset(LaneBytes))
	one, cheap, last, unit := k.Broadcast64(Bits64(1)), k.Broadcast64(Bits64(cheapMultiplier)), k.Broadcast64(Bits64(draws-1)), k.Broadcast(Constant32(0x1p-24))
	Loop(vectors, func() {
		s.multiply(timesHigh, timesLow)
		s.add(plus, one)
		x := s.outputs(cheap, one)
		VPROLQ(U8(32), x, x) // the high half is the first number
		VPSRLD(U8(8), x, x)
		VCVTDQ2PS(x, x)
		VMULPS(unit, x, x)
		VMOVUPS(x, At(dst))
		VPERMQ(s.high, last, s.high)
		VPERMQ(s.low, last, s.low)
		Advance(LaneBytes, dst)
	})
	VMOVQ(s.high.AsX(), Result(0))
	VMOVQ(s.low.AsX(), Result(1))
	k.Ret()
}

// steps returns tables of the multipliers and the increments that lead from a state to
// each of the next: first the high halves, then the low ones.
func steps() (times, plus Mem) {
	var multipliers, increments [draws]number
	m, i := multiplier, increment
	for k := range draws {
		multipliers[k], increments[k] = m, i
		m, i = m.times(multiplier), i.times(multiplier).plus(increment)
	}
	return table("times", multipliers), table("plus", increments)
}

func (a number) times(b number) number {
	high, low := bits.Mul64(a.low, b.low)
	return number{high + a.high*b.low + a.low*b.high, low}
}

func (a number) plus(b number) number {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return number{high, low}
}

func table(name string, numbers [draws]number) Mem {
	m := GLOBL(name, attr.RODATA|attr.NOPTR)
	for k, n := range numbers {
		DATA(8*k, U64(n.high))
	}
	for k, n := range numbers {
		DATA(8*(draws+k), U64(n.low))
	}
	return m
}

// states are those of eight draws.
type states struct{ high, low reg.VecVirtual }

// multiply multiplies the low halves from halves of theirs, because no instruction gives
// the high half of a product of 64 bits.
func (s states) multiply(timesHigh, timesLow reg.VecVirtual) {
	upper, timesUpper := ZMM(), ZMM()
	VPSRLQ(U8(32), s.low, upper)
	VPSRLQ(U8(32), timesLow, timesUpper)
	product := func(a, b reg.VecVirtual) reg.VecVirtual {
		p := ZMM()
		VPMULUDQ(a, b, p)
		return p
	}
	bottom, middle, other, top := product(s.low, timesLow), product(upper, timesLow), product(s.low, timesUpper), product(upper, timesUpper)
	VPMULLQ(timesLow, s.high, s.high)
	VPMULLQ(s.low, timesHigh, upper)
	VPADDQ(upper, s.high, s.high)
	VPMULLQ(timesLow, s.low, s.low)

	VPSRLQ(U8(32), bottom, bottom)
	VPADDQ(bottom, middle, middle)
	VPSRLQ(U8(32), middle, upper)
	VPADDQ(upper, top, top)
	VPSLLQ(U8(32), middle, middle)
	VPSRLQ(U8(32), middle, middle)
	VPADDQ(middle, other, other)
	VPSRLQ(U8(32), other, other)
	VPADDQ(other, top, top)
	VPADDQ(top, s.high, s.high)
}

// add adds numbers in memory.
func (s states) add(plus Mem, one reg.VecVirtual) {
	low, carry := AVX512.Load(plus.Offset(LaneBytes)), K()
	VPADDQ(low, s.low, s.low)
	VPCMPUQ(U8(1), low, s.low, carry) // less
	VPADDQ(plus, s.high, s.high)
	VPADDQ(one, s.high, carry, s.high)
}

// outputs are the random bits of the states.
func (s states) outputs(cheap, one reg.VecVirtual) reg.VecVirtual {
	x, y := ZMM(), ZMM()
	VPSRLQ(U8(32), s.high, x)
	VPXORQ(s.high, x, x)
	VPMULLQ(cheap, x, x)
	VPSRLQ(U8(48), x, y)
	VPXORQ(y, x, x)
	VPORQ(one, s.low, y)
	VPMULLQ(y, x, x)
	return x
}
