package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// inputSlopes keeps the sums of several inputs in registers while it visits the
// units, in groups of 32.
func (k kernel) inputSlopes() {
	k.Function("inputSlopes", "func(dst, first, second []float32, on []uint32)")
	dst, first, inputs, stride := Pointer("dst"), Pointer("first"), Length("dst"), Length("second")
	SHRQ(U8(4), inputs)
	SHLQ(U8(2), stride)
	sizes, bits := []int{4, 2, 1}, 2
	if k.Wide() {
		sizes, bits = []int{8, 4, 2, 1}, 3 // eight hide the latency of the multiply-adds
	}
	multiples := MultiplesOf(stride, bits)
	Tiles(inputs, sizes, func(size int) {
		sums := map[int][]reg.VecVirtual{}
		k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(size) })
		w, on, second, groups := Copy(first), Pointer("on"), Pointer("second"), Length("second")
		SHRQ(U8(5), groups)
		Loop(groups, func() {
			unit, units := k.Broadcast(Bits32(1)), GP64()
			MOVQ(U32(32), units)
			Loop(units, func() {
				weight, active := k.Broadcast(At(second)), map[int]reg.VecVirtual{}
				k.Parts(LaneBytes, func(part int) { active[part] = k.Test(At(on).Offset(part), unit).Keep(weight) })
				for i, m := range multiples.From(w, size) {
					column := k.Broadcast(m)
					k.Parts(LaneBytes, func(part int) { VFNMADD231PS(column, active[part], sums[part][i]) })
				}
				VPADDD(unit, unit, unit)
				Advance(4, w, second)
			})
			Advance(LaneBytes, on)
		})
		for i := range size {
			k.Parts(LaneBytes, func(part int) { VMOVUPS(sums[part][i], At(dst).Offset(i*LaneBytes+part)) })
			ADDQ(stride, first)
		}
		Advance(size*LaneBytes, dst)
	})
	k.Ret()
}

func (k kernel) sumSquares() {
	k.Function("sumSquares", "func(sums *[16]float32, slopes []float32)")
	slopes, sums := Pointer("slopes"), map[int]reg.VecVirtual{}
	k.Parts(LaneBytes, func(part int) { sums[part] = k.Zero() })
	k.perVector(Length("slopes"), []reg.Register{slopes}, func(part int) {
		s := k.Load(At(slopes).Offset(part))
		VFMADD231PS(s, s, sums[part])
	})
	to := Number("sums")
	k.Parts(LaneBytes, func(part int) { VMOVUPS(sums[part], At(to).Offset(part)) })
	k.Ret()
}

// spreadSlopes keeps the gradients of a few inputs, for as many units as the
// registers allow, and visits the lanes whose scale is not 0.
func (k kernel) spreadSlopes() {
	k.Function("spreadSlopes", "func(columnGradients, slopes []float32, on []uint32, scale *[16]float32, stride int)")
	slopes, scale := Pointer("slopes"), Number("scale")
	lanes := k.scaleSlopes(slopes, scale)

	bytes, size := groupBytes/2, 2
	if k.Wide() {
		bytes, size = groupBytes, 4
	}
	stride, gradients, inputs := Shifted("stride", 2), Pointer("columnGradients"), Length("slopes")
	SHRQ(U8(4), inputs)
	multiples := MultiplesOf(stride, 2)
	sizes := map[int][]int{2: {2, 1}, 4: {4, 2, 1}}[size]
	Tiles(inputs, sizes, func(size int) {
		on := Pointer("on")
		Upto(stride, bytes, func(at reg.Register) {
			row, sets := GP64(), setsOf(on, at)
			LEAQ(Indexed(gradients, at, 1), row)
			sums := map[int][]reg.VecVirtual{}
			for i, m := range multiples.From(row, size) {
				k.Parts(bytes, func(part int) { sums[i] = append(sums[i], k.Load(m.Offset(part))) })
			}
			Members(Copy(lanes), func(lane reg.Register) {
				slope, set := GP64(), GP64()
				LEAQ(Indexed(slopes, lane, 4), slope)
				LEAQ(Indexed(sets, lane, 4), set)
				var broadcast []reg.VecVirtual
				for i := range size {
					broadcast = append(broadcast, k.Broadcast(At(slope).Offset(i*LaneBytes)))
				}
				k.Parts(bytes, func(part int) {
					units := k.LoadMask(At(set).Offset(setOffset(part)))
					for i := range size {
						units.Add(broadcast[i], sums[i][part/k.Bytes])
					}
				})
			})
			for i, m := range multiples.From(row, size) {
				k.Parts(bytes, func(part int) { VMOVUPS(sums[i][part/k.Bytes], m.Offset(part)) })
			}
		})
		for range size {
			ADDQ(stride, gradients)
		}
		Advance(size*LaneBytes, slopes)
	})
	k.Ret()
}

// scaleSlopes scales all slopes and returns the set of lanes whose scale is not 0.
func (k kernel) scaleSlopes(slopes, scale reg.Register) (lanes reg.Register) {
	lanes = GP64()
	XORQ(lanes, lanes)
	zero, factors := k.Zero(), map[int]reg.VecVirtual{}
	k.Parts(LaneBytes, func(part int) {
		factors[part] = k.Load(At(scale).Offset(part))
		some := k.Compare(factors[part], NotEqual, zero).Bits()
		SHLQ(U8(part/4), some)
		ORQ(some, lanes)
	})
	cursor := Copy(slopes)
	k.perVector(Length("slopes"), []reg.Register{cursor}, func(part int) {
		s := k.Register()
		VMULPS(At(cursor).Offset(part), factors[part], s)
		VMOVUPS(s, At(cursor).Offset(part))
	})
	return lanes
}
