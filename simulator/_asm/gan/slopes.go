package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// inputSlopes keeps the sums of several inputs in registers while it visits the
// units, in groups of 32. AVX-512 visits two blocks together, for which it loads the
// weights once. Up to sixteen sums hide the latency of the multiply-adds.
func (k kernel) inputSlopes() {
	k.Function("inputSlopes", "func(dst, first, second []float32, on []uint32, inputs, blocks int)")
	dst, on, stride := Pointer("dst"), Pointer("on"), Length("second")
	setBytes := GP64() // of a block
	MOVQ(stride, setBytes)
	SHLQ(U8(1), setBytes)
	SHLQ(U8(2), stride)
	sizes, bits, together := []int{4, 2, 1}, 2, []int{1}
	if k.Wide() {
		sizes, bits, together = []int{8, 4, 2, 1}, 3, []int{2, 1}
	}
	multiples, zero := MultiplesOf(stride, bits), k.Zero()
	blocksLeft, inputsLeft := AllocLocal(8), AllocLocal(8) // for lack of registers
	MOVQ(Number("blocks"), blocksLeft)
	Tiles(blocksLeft, together, func(blocks int) {
		first := Pointer("first")
		MOVQ(Number("inputs"), inputsLeft)
		Tiles(inputsLeft, sizes, func(size int) {
			k.slopeTile(dst, first, on, setBytes, multiples, zero, size, blocks)
			for range size {
				ADDQ(stride, first)
			}
			Advance(size*LaneBytes, dst)
		})
		for range blocks {
			ADDQ(setBytes, on)
		}
		if blocks == 2 {
			ADDQ(Shifted("inputs", 6), dst)
		}
	})
	k.Ret()
}

// slopeTile stores the slopes along a few inputs in one or two blocks, whose lanes follow
// each other in the numbers of parts.
func (k kernel) slopeTile(dst, first, on, setBytes reg.Register, multiples Multiples, zero reg.VecVirtual, size, blocks int) {
	sums := map[int][]reg.VecVirtual{}
	k.Parts(blocks*LaneBytes, func(part int) { sums[part] = k.copies(zero, size) })
	w, sets, second, groups := Copy(first), Copy(on), Pointer("second"), Length("second")
	SHRQ(U8(5), groups)
	Loop(groups, func() {
		unit, units := k.Broadcast(Bits32(1)), GP64()
		MOVQ(U32(32), units)
		Loop(units, func() {
			weight, active := k.Broadcast(At(second)), map[int]reg.VecVirtual{}
			k.Parts(blocks*LaneBytes, func(part int) {
				active[part] = k.Test(inBlocks(sets, setBytes, part), unit).Keep(weight)
			})
			for i, m := range multiples.From(w, size) {
				column := k.Broadcast(m)
				k.Parts(blocks*LaneBytes, func(part int) { VFNMADD231PS(column, active[part], sums[part][i]) })
			}
			VPADDD(unit, unit, unit)
			Advance(4, w, second)
		})
		Advance(LaneBytes, sets)
	})
	next := Shifted("inputs", 6)
	for i := range size {
		k.Parts(blocks*LaneBytes, func(part int) { VMOVUPS(sums[part][i], inBlocks(dst, next, part).Offset(i*LaneBytes)) })
	}
}

// inBlocks is the memory of a part of a row at p in one block or in the next, which
// begins at p + next.
func inBlocks(p, next reg.Register, part int) Mem {
	if part < LaneBytes {
		return At(p).Offset(part)
	}
	return Indexed(p, next, 1).Offset(part - LaneBytes)
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
