package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// perVector runs body for every vector of count floats, a multiple of 16.
func (k kernel) perVector(count reg.Register, arrays []reg.Register, body func(at int)) {
	SHRQ(U8(4), count)
	Loop(count, func() {
		k.Parts(LaneBytes, body)
		Advance(LaneBytes, arrays...)
	})
}

func (k kernel) switchOn() {
	k.Function("switchOn", "func(dst, src []float32, value float32)")
	dst, src, value, zero := Pointer("dst"), Pointer("src"), k.Broadcast(Parameter("value")), k.Zero()
	k.perVector(Length("dst"), []reg.Register{dst, src}, func(at int) {
		VMOVUPS(k.Compare(zero, Less, At(src).Offset(at)).Keep(value), At(dst).Offset(at))
	})
	k.Ret()
}

// backSecond processes 32 units at a time, the most that the registers allow.
func (k kernel) backSecond() {
	k.Function("backSecond", "func(columnGradients, secondGradient, columns, second []float32)")
	const bytes = groupBytes / 2
	gradients, columns, second, secondGradient := Pointer("columnGradients"), Pointer("columns"), Pointer("second"), Pointer("secondGradient")
	stride := Length("second")
	SHLQ(U8(2), stride)
	end := Length("columns")
	SHLQ(U8(2), end)
	Upto(stride, bytes, func(reg.Register) {
		weights, sums := map[int]reg.VecVirtual{}, map[int]reg.VecVirtual{}
		k.Parts(bytes, func(at int) {
			weights[at], sums[at] = k.Load(At(second).Offset(at)), k.Load(At(secondGradient).Offset(at))
		})
		i := GP64()
		XORQ(i, i)
		rows := Copy(end)
		head := "rows"
		Label(head)
		k.Parts(bytes, func(at int) {
			m := Indexed(gradients, i, 1).Offset(at)
			g := k.Load(m)
			VFMADD231PS(Indexed(columns, i, 1).Offset(at), g, sums[at])
			VMULPS(weights[at], g, g)
			VMOVUPS(g, m)
		})
		ADDQ(stride, i)
		CMPQ(i, rows)
		JL(LabelRef(head))
		k.Parts(bytes, func(at int) { VMOVUPS(sums[at], At(secondGradient).Offset(at)) })
		Advance(bytes, gradients, columns, second, secondGradient)
	})
	k.Ret()
}
