package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// perWindow runs begin for every window and group of hidden units, then member for
// every column of the window's set, then end.
func (k kernel) perWindow(columns, rows, sets reg.Register, begin func(row reg.Register), member func(column Mem), end func(row reg.Register)) {
	count, stride := Number("rows"), Shifted("stride", 2)
	Loop(count, func() {
		Upto(stride, groupBytes, func(at reg.Register) {
			row, column, set := GP64(), GP64(), Copy(sets)
			LEAQ(Indexed(rows, at, 1), row)
			LEAQ(Indexed(columns, at, 1), column)
			begin(row)
			Loop(Number("chunks"), func() {
				members := GP64()
				MOVQ(At(set), members)
				Members(members, func(i reg.Register) {
					IMULQ(stride, i)
					member(Indexed(column, i, 1))
				})
				Advance(8, set)
				skip := Copy(stride)
				SHLQ(U8(6), skip) // 64 columns
				ADDQ(skip, column)
			})
			end(row)
		})
		ADDQ(stride, rows)
		chunks := Shifted("chunks", 3)
		ADDQ(chunks, sets)
	})
}

const setsSignature = "sets []uint64, rows, chunks, stride int)"

func (k kernel) sumColumns() {
	k.Function("sumColumns", "func(dst, columns []float32, "+setsSignature)
	var sums []reg.VecVirtual
	k.Parts(groupBytes, func(int) { sums = append(sums, k.Register()) })
	k.perWindow(Pointer("columns"), Pointer("dst"), Pointer("sets"), func(reg.Register) {
		for _, s := range sums {
			VXORPS(s.AsX(), s.AsX(), s.AsX())
		}
	}, func(column Mem) {
		for i, s := range sums {
			VADDPS(column.Offset(i*k.Bytes), s, s)
		}
	}, func(row reg.Register) {
		for i, s := range sums {
			VMOVUPS(s, At(row).Offset(i*k.Bytes))
		}
	})
	k.Ret()
}

func (k kernel) addColumns() {
	k.Function("addColumns", "func(columns, src []float32, value float32, "+setsSignature)
	var values []reg.VecVirtual
	k.Parts(groupBytes, func(int) { values = append(values, k.Register()) })
	value, zero := k.broadcastParameter("value"), k.Zero()
	k.perWindow(Pointer("columns"), Pointer("src"), Pointer("sets"), func(row reg.Register) {
		for i, v := range values {
			VMOVAPS(k.Compare(zero, Less, At(row).Offset(i*k.Bytes)).Keep(value), v)
		}
	}, func(column Mem) {
		for i, v := range values {
			sum := k.Register()
			VADDPS(column.Offset(i*k.Bytes), v, sum)
			VMOVUPS(sum, column.Offset(i*k.Bytes))
		}
	}, func(reg.Register) {})
	k.Ret()
}

// broadcastParameter is a float32 parameter in every lane.
func (k kernel) broadcastParameter(name string) reg.VecVirtual {
	parameter, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return k.Broadcast(parameter.Addr)
}

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
	dst, src, value, zero := Pointer("dst"), Pointer("src"), k.broadcastParameter("value"), k.Zero()
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
