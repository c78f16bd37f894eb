package main

import (
	"math/bits"

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

// transpose transposes 16 lanes of as many rows as floats fit half a register.
func (k kernel) transpose(name string, add bool) {
	k.Function(name, "func(dst, src []float32, stride int)")
	dst, src, count, stride, rows := Pointer("dst"), Pointer("src"), Length("dst"), Shifted("stride", 2), k.Bytes/8
	SHRQ(U8(bits.TrailingZeros(uint(rows*LaneBytes/4))), count)
	multiples := MultiplesOf(stride, 3)
	second := GP64() // the lanes from 8 on
	LEAQ(Indexed(src, stride, 8), second)
	store := func(row reg.VecVirtual, m Mem) {
		if add {
			VADDPS(m, row, row)
		}
		VMOVUPS(row, m)
	}
	Loop(count, func() {
		var quads [2][4]reg.VecVirtual
		for half, from := range []reg.Register{src, second} {
			quads[half] = k.quads(multiples.From(from, 8))
			if !k.Wide() {
				for i, row := range quads[half] {
					store(row, At(dst).Offset(i*LaneBytes+half*k.Bytes))
				}
			}
		}
		if k.Wide() {
			for i, blocks := range []uint8{0b10_00_10_00, 0b11_01_11_01} {
				for j := range 4 {
					row := k.Register()
					VSHUFF32X4(U8(blocks), quads[1][j], quads[0][j], row)
					store(row, At(dst).Offset((4*i+j)*LaneBytes))
				}
			}
		}
		Advance(rows*4, src, second)
		Advance(rows*LaneBytes, dst)
	})
	k.Ret()
}

// quads transposes blocks of four floats of eight lanes. Register i holds float i of lanes
// 0 to 3 and, where it has four blocks, float 4+i of them; then those of lanes 4 to 7.
func (k kernel) quads(lanes []Mem) (rows [4]reg.VecVirtual) {
	var x, pairs [4]reg.VecVirtual
	for i := range 4 {
		x[i], pairs[i], rows[i] = k.Register(), k.Register(), k.Register()
		if k.Wide() {
			VMOVUPS(lanes[i], x[i].AsY())
			VINSERTF64X4(U8(1), lanes[i+4], x[i], x[i])
		} else {
			VMOVUPS(lanes[i], x[i].AsX())
			VINSERTF128(U8(1), lanes[i+4], x[i], x[i])
		}
	}
	for i := 0; i < 4; i += 2 {
		VUNPCKLPS(x[i+1], x[i], pairs[i])
		VUNPCKHPS(x[i+1], x[i], pairs[i+1])
	}
	for i := range 2 {
		VUNPCKLPD(pairs[2+i], pairs[i], rows[2*i])
		VUNPCKHPD(pairs[2+i], pairs[i], rows[2*i+1])
	}
	return rows
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
