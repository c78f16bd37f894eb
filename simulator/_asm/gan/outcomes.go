package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// widerHalf is that of the portable loops.
const widerHalf = 0.5 * (1 + 1.0/(1<<18))

// sumWords computes all words for 16 units at a time. The first is the sum of no
// column or, if centred, of half of each with a minus sign.
func (k kernel) sumWords(name string, centred bool) {
	k.Function(name, "func(table, columns []float32, stride int)")
	table, columns, stride := Pointer("table"), Pointer("columns"), Shifted("stride", 2)
	bytes := Length("columns")
	SHLQ(U8(2), bytes)
	end := GP64()
	LEAQ(Indexed(columns, bytes, 1), end)
	half := k.Broadcast(Constant32(0.5))
	Upto(stride, LaneBytes, func(reg.Register) {
		k.Parts(LaneBytes, func(part int) {
			silent := k.Zero()
			if centred {
				column := Copy(columns)
				k.whileBelow(column, end, stride, func() { VFNMADD231PS(At(column).Offset(part), half, silent) })
			}
			VMOVUPS(silent, At(table).Offset(part))
		})
		column, size, words := Copy(columns), Copy(stride), GP64() // words of fewer bits, in bytes, and their number
		MOVQ(U32(1), words)
		k.whileBelow(column, end, stride, func() {
			weights := map[int]reg.VecVirtual{}
			k.Parts(LaneBytes, func(part int) { weights[part] = k.Load(At(column).Offset(part)) })
			row := Copy(table)
			Loop(Copy(words), func() {
				k.Parts(LaneBytes, func(part int) {
					sum := k.Register()
					VADDPS(At(row).Offset(part), weights[part], sum)
					VMOVUPS(sum, Indexed(row, size, 1).Offset(part))
				})
				ADDQ(stride, row)
			})
			ADDQ(size, size)
			ADDQ(words, words)
		})
		Advance(LaneBytes, table, columns)
	})
	k.Ret()
}

// whileBelow runs body while the pointer, which moves by step, is below end.
func (kernel) whileBelow(pointer, end, step reg.Register, body func()) {
	While(func() { CMPQ(pointer, end) }, func() {
		body()
		ADDQ(step, pointer)
	})
}

// Masks of a float32.
const (
	signBit   = 1 << 31
	magnitude = signBit - 1
)

func (k kernel) reach() {
	k.Function("reach", "func(dst, columns []float32)")
	dst, columns, stride, bytes := Pointer("dst"), Pointer("columns"), Length("dst"), Length("columns")
	SHLQ(U8(2), stride)
	SHLQ(U8(2), bytes)
	end := GP64()
	LEAQ(Indexed(columns, bytes, 1), end)
	half, absolute := k.Broadcast(Constant32(widerHalf)), k.Broadcast(Bits32(magnitude))
	Upto(stride, LaneBytes, func(reg.Register) {
		k.Parts(LaneBytes, func(part int) {
			sum := k.Zero()
			column := Copy(columns)
			k.whileBelow(column, end, stride, func() {
				w := k.Register()
				VANDPS(At(column).Offset(part), absolute, w)
				VFMADD231PS(w, half, sum)
			})
			VMOVUPS(sum, At(dst).Offset(part))
		})
		Advance(LaneBytes, dst, columns)
	})
	k.Ret()
}

// transpose transposes blocks of 4 rows and 8 lanes: the lower half of a register
// holds four lanes of one row, the upper half the next four.
func (k kernel) transpose(name string, add bool) {
	k.Function(name, "func(dst, src []float32, stride int)")
	dst, src, count, stride := Pointer("dst"), Pointer("src"), Length("dst"), Shifted("stride", 2)
	SHRQ(U8(6), count) // four rows
	multiples := MultiplesOf(stride, 3)
	second := GP64() // the lanes from 8 on
	LEAQ(Indexed(src, stride, 8), second)
	Loop(count, func() {
		for half, from := range []reg.Register{src, second} {
			var x [4]reg.VecVirtual
			lanes := multiples.From(from, 8)
			for i := range x {
				low := XMM()
				VMOVUPS(lanes[i], low)
				x[i] = YMM()
				VINSERTF128(U8(1), lanes[i+4], low.AsY(), x[i])
			}
			var pairs [4]reg.VecVirtual
			for i := range pairs {
				pairs[i] = YMM()
			}
			VUNPCKLPS(x[1], x[0], pairs[0])
			VUNPCKHPS(x[1], x[0], pairs[1])
			VUNPCKLPS(x[3], x[2], pairs[2])
			VUNPCKHPS(x[3], x[2], pairs[3])
			for i := range 4 {
				row, m := YMM(), At(dst).Offset(i*LaneBytes+32*half)
				if i%2 == 0 {
					VUNPCKLPD(pairs[2+i/2], pairs[i/2], row)
				} else {
					VUNPCKHPD(pairs[2+i/2], pairs[i/2], row)
				}
				if add {
					VADDPS(m, row, row)
				}
				VMOVUPS(row, m)
			}
		}
		Advance(16, src, second)
		Advance(4*LaneBytes, dst)
	})
	k.Ret()
}

func (k kernel) addCounts() {
	k.Function("addCounts", "func(weights, counts []float32)")
	weights, counts, words, word := Pointer("weights"), Pointer("counts"), Length("weights"), GP64()
	SHRQ(U8(4), words)
	XORQ(word, word)
	Loop(words, func() {
		count := GP64()
		POPCNTQ(word, count)
		SHLQ(U8(6), count)
		k.Parts(LaneBytes, func(part int) {
			AddTo(At(weights).Offset(part), k.Load(Indexed(counts, count, 1).Offset(part)))
		})
		Advance(LaneBytes, weights)
		INCQ(word)
	})
	k.Ret()
}
