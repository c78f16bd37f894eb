package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// setsOf is the address of a lane's sets of the 64 units that begin at so many bytes
// in a row.
func setsOf(on, at reg.Register) reg.Register {
	sets := Copy(at)
	SHRQ(U8(1), sets) // 16 lanes of sets are half as long as the floats of their units
	ADDQ(on, sets)
	return sets
}

// setOffset is the offset of the bits of the vector at so many bytes in a group of
// 64 units.
func setOffset(part int) int { return part/128*LaneBytes + part%128/32 }

func (k kernel) unitsOn() {
	k.Function("unitsOn", "func(on []uint32, rows []float32, stride int)")
	on, row, stride, zero, end := Pointer("on"), Pointer("rows"), Shifted("stride", 2), k.Zero(), Length("rows")
	LEAQ(Indexed(row, end, 4), end)
	k.whileBelow(row, end, stride, func() {
		k.storeSets(on, stride, zero, func(at reg.Register, part int) Op { return Indexed(row, at, 1).Offset(part) })
	})
	k.Ret()
}

func (k kernel) unitsBetween() {
	k.Function("unitsBetween", "func(on []uint32, a, b, u []float32, stride int)")
	on, a, b, u, stride, zero := Pointer("on"), Pointer("a"), Pointer("b"), Pointer("u"), Shifted("stride", 2), k.Zero()
	one := k.Broadcast(Constant32(1))
	Loop(Length("u"), func() {
		share, rest := k.Broadcast(At(u)), k.Register()
		VSUBPS(share, one, rest)
		k.storeSets(on, stride, zero, func(at reg.Register, part int) Op {
			x := k.Register()
			VMULPS(Indexed(b, at, 1).Offset(part), rest, x)
			VFMADD231PS(Indexed(a, at, 1).Offset(part), share, x)
			return x
		})
		ADDQ(stride, a)
		ADDQ(stride, b)
		Advance(4, u)
	})
	k.Ret()
}

// storeSets stores the sets of one lane of the units whose pre-activation is above 0.
func (k kernel) storeSets(on, stride reg.Register, zero reg.VecVirtual, preactivation func(at reg.Register, part int) Op) {
	Upto(stride, groupBytes, func(at reg.Register) {
		sets := setsOf(on, at)
		k.Parts(groupBytes, func(part int) {
			k.Compare(zero, Less, preactivation(at, part)).Store(At(sets).Offset(setOffset(part)))
		})
	})
	Advance(4, on)
}
