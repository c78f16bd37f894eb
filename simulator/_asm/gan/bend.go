package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // likewise
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // likewise
)

func (k kernel) findSwitched() {
	k.Function("findSwitched", "func(switched []uint64, middles, rows []float32, drawn []uint32, lowWords, highWords, reach []float32, stride int)")
	switched, middles, rows, drawn, lanes := Pointer("switched"), Pointer("middles"), Pointer("rows"), Pointer("drawn"), Length("drawn")
	stride, absolute, zero := Shifted("stride", 2), k.Broadcast(Bits32(magnitude)), k.Zero()
	Loop(lanes, func() {
		low, high := GP64(), GP64()
		MOVL(At(drawn), low.As32())
		MOVQ(low, high)
		ANDQ(U8(15), low)
		SHRQ(U8(4), high)
		IMULQ(stride, low)
		IMULQ(stride, high)
		ADDQ(Load(Param("lowWords").Base(), GP64()), low)
		ADDQ(Load(Param("highWords").Base(), GP64()), high)
		Upto(stride, groupBytes, func(at reg.Register) {
			off, on := GP64(), GP64()
			XORQ(off, off)
			XORQ(on, on)
			k.Parts(groupBytes, func(part int) {
				here := func(p reg.Register) Mem { return Indexed(p, at, 1).Offset(part) }
				drawn := k.Load(here(rows))
				middle, size := k.Register(), k.Register()
				VSUBPS(here(low), drawn, middle)
				VSUBPS(here(high), middle, middle)
				VMOVUPS(middle, here(middles))
				k.and(absolute, middle, size)
				k.insert(off, part, k.where(less, size, here(Pointer("reach"))))
				k.insert(on, part, k.where(less, zero, here(rows)))
			})
			ANDQ(off, on)
			XORQ(on, off)
			MOVQ(off, At(switched))
			MOVQ(on, At(switched).Offset(8))
			Advance(16, switched)
		})
		ADDQ(stride, rows)
		ADDQ(stride, middles)
		Advance(4, drawn)
	})
	k.Ret()
}

// and is the bitwise and of two vectors.
func (k kernel) and(a, b, to reg.VecVirtual) {
	if k.Wide() {
		VPANDD(a, b, to)
	} else {
		VANDPS(a, b, to)
	}
}

// where is the set of lanes in which x compares with memory like that.
func (k kernel) where(predicate uint8, x reg.VecVirtual, m Mem) reg.Register {
	set := GP64()
	if k.Wide() {
		mask := K()
		VCMPPS(U8(predicate), m, x, mask)
		KMOVW(mask, set.As32())
	} else {
		lanes := k.Register()
		VCMPPS(U8(predicate), m, x, lanes)
		VMOVMSKPS(lanes, set.As32())
	}
	return set
}

// insert adds the lanes of the vector at that many bytes to a set of units.
func (kernel) insert(set reg.Register, at int, lanes reg.Register) {
	SHLQ(U8(at/4), lanes)
	ORQ(lanes, set)
}

// bend walks the units that are switched, first those that are off as drawn,
// for up to four rows of outcomes at once. What only the outer loops need lies
// on the stack: registers are few.
func (k kernel) bend() {
	k.Function("bend", "func(dst []float32, switched []uint64, middles, low, highWords, second []float32, highs, stride int)")
	end, rowsLeft := AllocLocal(8), AllocLocal(8)
	dst, switched, middles := Pointer("dst"), Pointer("switched"), Pointer("middles")
	low, second, stride := Pointer("low"), Pointer("second"), Shifted("stride", 2)
	multiples, zero := MultiplesOf(stride, 2), k.Zero()
	bytes := Length("middles")
	SHLQ(U8(2), bytes)
	ADDQ(middles, bytes)
	MOVQ(bytes, end)
	While(func() { CMPQ(middles, end) }, func() {
		MOVQ(Number("highs"), rowsLeft)
		high := Pointer("highWords")
		Tiles(rowsLeft, []int{4, 2, 1}, func(size int) {
			sums := map[int][]reg.VecVirtual{}
			k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(size) })
			Upto(stride, groupBytes, func(group reg.Register) {
				sets := Copy(group) // 16 bytes a group
				SHRQ(U8(4), sets)
				ADDQ(switched, sets)
				for i, clamp := range []func(...Op){VMAXPS, VMINPS} {
					set := GP64()
					MOVQ(At(sets).Offset(8*i), set)
					Members(set, func(unit reg.Register) {
						row := GP64()
						LEAQ(Indexed(group, unit, 4), unit)
						MOVQ(unit, row)
						SHLQ(U8(4), row)
						middle, weight := k.Broadcast(Indexed(middles, unit, 1)), k.Broadcast(Indexed(second, unit, 1))
						values := map[int]reg.VecVirtual{}
						k.Parts(LaneBytes, func(part int) {
							values[part] = k.Register()
							VADDPS(Indexed(low, row, 1).Offset(part), middle, values[part])
						})
						add := func(r int, part int, v reg.VecVirtual) {
							clamp(zero, v, v)
							if i == 0 {
								VFNMADD231PS(weight, v, sums[part][r])
							} else {
								VFMADD231PS(weight, v, sums[part][r])
							}
						}
						if size == 1 { // there are no high words
							k.Parts(LaneBytes, func(part int) { add(0, part, values[part]) })
							return
						}
						ADDQ(high, unit)
						for r, m := range multiples.From(unit, size) {
							added := k.Broadcast(m)
							k.Parts(LaneBytes, func(part int) {
								v := k.Register()
								VADDPS(added, values[part], v)
								add(r, part, v)
							})
						}
					})
				}
			})
			for r := range size {
				k.Parts(LaneBytes, func(part int) { VMOVUPS(sums[part][r], At(dst).Offset(r*LaneBytes+part)) })
				ADDQ(stride, high)
			}
			Advance(size*LaneBytes, dst)
		})
		Advance(LaneBytes, dst)
		ADDQ(stride, middles)
		sets := Copy(stride)
		SHRQ(U8(4), sets)
		ADDQ(sets, switched)
	})
	k.Ret()
}
