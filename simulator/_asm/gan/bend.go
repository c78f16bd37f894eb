package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

func (k kernel) findSwitched() {
	k.Function("findSwitched", "func(switched []uint64, middles, rows []float32, on []uint32, drawn []uint32, lowWords, highWords, reach []float32, stride int)")
	switched, middles, rows, drawn, lanes := Pointer("switched"), Pointer("middles"), Pointer("rows"), Pointer("drawn"), Length("drawn")
	stride, absolute, onSets := Shifted("stride", 2), k.Broadcast(Bits32(magnitude)), Pointer("on")
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
			set, reach := GP64(), Pointer("reach")
			XORQ(set, set)
			k.Parts(groupBytes, func(part int) {
				here := func(p reg.Register) Mem { return Indexed(p, at, 1).Offset(part) }
				middle, size := k.Load(here(rows)), k.Register()
				VSUBPS(here(low), middle, middle)
				VSUBPS(here(high), middle, middle)
				VMOVUPS(middle, here(middles))
				VANDPS(absolute, middle, size)
				k.insert(set, part, size, here(reach))
			})
			on, sets := GP64(), setsOf(onSets, at)
			MOVL(At(sets), on.As32())
			high := GP64()
			MOVL(At(sets).Offset(LaneBytes), high.As32())
			SHLQ(U8(32), high)
			ORQ(high, on)
			ANDQ(set, on)
			XORQ(on, set)
			MOVQ(set, At(switched))
			MOVQ(on, At(switched).Offset(8))
			Advance(16, switched)
		})
		ADDQ(stride, rows)
		ADDQ(stride, middles)
		Advance(4, drawn, onSets)
	})
	k.Ret()
}

// insert adds to a set of units those whose x, in the vector at that many
// bytes, is less than memory.
func (k kernel) insert(set reg.Register, at int, x reg.VecVirtual, m Mem) {
	units := k.Compare(x, Less, m).Bits()
	SHLQ(U8(at/4), units)
	ORQ(units, set)
}

// bend visits the switched units, first those that are off in the drawn word, for
// several rows of outcomes together. It keeps the variables of the outer loops on
// the stack, for lack of registers.
func (k kernel) bend() {
	k.Function("bend", "func(dst []float32, switched []uint64, middles, low, highWords, second []float32, highs, stride int)")
	middles, end, rowsLeft := AllocLocal(8), AllocLocal(8), AllocLocal(8)
	dst, switched, stride := Pointer("dst"), Pointer("switched"), Shifted("stride", 2)
	sizes, bits := []int{4, 2}, 2
	if k.Wide() {
		sizes, bits = []int{16, 4, 2}, 3
	}
	multiples, zero := MultiplesOf(stride, bits), k.Zero()
	first, last := Pointer("middles"), Length("middles")
	LEAQ(Indexed(first, last, 4), last)
	MOVQ(first, middles)
	MOVQ(last, end)
	While(func() {
		MOVQ(middles, first)
		CMPQ(first, end)
	}, func() {
		MOVQ(Number("highs"), rowsLeft)
		high := Pointer("highWords")
		Tiles(rowsLeft, sizes, func(size int) {
			sums := map[int][]reg.VecVirtual{}
			k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(size) })
			Upto(stride, groupBytes, func(group reg.Register) {
				sets := Copy(group) // 16 bytes a group
				SHRQ(U8(4), sets)
				ADDQ(switched, sets)
				t := k.unitTables(middles, group)
				for on := range 2 {
					set := GP64()
					MOVQ(At(sets).Offset(8*on), set)
					Members(set, func(unit reg.Register) {
						values := map[int]reg.VecVirtual{}
						var weight reg.VecVirtual
						t.start(unit, func(part int, v, w reg.VecVirtual) { values[part], weight = v, w })
						LEAQ(Indexed(high, unit, 4), unit)
						ADDQ(group, unit)
						for r, m := range multiples.From(unit, size) {
							add := k.WithBroadcast(m, VADDPS, VADDPS_BCST)
							k.Parts(LaneBytes, func(part int) {
								v := k.Register()
								add(values[part], v)
								bendTo(sums[part][r], v, weight, zero, on)
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

// unitTables holds the addresses of the tables of a group of units.
type unitTables struct {
	kernel
	middle, second, low reg.Register
}

func (k kernel) unitTables(middles Mem, group reg.Register) unitTables {
	t := unitTables{k, GP64(), Pointer("second"), Copy(group)}
	MOVQ(middles, t.middle)
	ADDQ(group, t.middle)
	ADDQ(group, t.second)
	SHLQ(U8(4), t.low) // rows of low are 16 units
	ADDQ(Pointer("low"), t.low)
	return t
}

// start calls use with a unit's pre-activations for all low words and its weight.
func (t unitTables) start(unit reg.Register, use func(part int, v, weight reg.VecVirtual)) {
	row := GP64()
	IMUL3Q(U8(LaneBytes), unit, row)
	middle, weight := t.Broadcast(Indexed(t.middle, unit, 4)), t.Broadcast(Indexed(t.second, unit, 4))
	t.Parts(LaneBytes, func(part int) {
		v := t.Register()
		VADDPS(Indexed(t.low, row, 1).Offset(part), middle, v)
		use(part, v, weight)
	})
}

// bendTo adds −weight·max(0, v) for a unit that is off, and −weight·max(0, −v) =
// weight·min(0, v) for a unit that is on. It compares floats with 0 as integers,
// which keeps the multiplication pipes free.
func bendTo(sum, v, weight, zero reg.VecVirtual, on int) {
	if on == 0 {
		VPMAXSD(zero, v, v)
		VFNMADD231PS(weight, v, sum)
	} else {
		VPMINSD(zero, v, v)
		VFMADD231PS(weight, v, sum)
	}
}
