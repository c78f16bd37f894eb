package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // likewise
	"github.com/mmcloughlin/avo/reg"
)

// perRow runs body for every row of all blocks, with cursors into the states.
func perRow(states []reg.Register, body func(cursors []reg.Register)) {
	stride := rowsOf("stride")
	loop(number("blocks"), func() {
		var cursors []reg.Register
		for _, s := range states {
			cursors = append(cursors, copyOf(s))
		}
		loop(number("rows"), func() {
			body(cursors)
			advance(rowBytes, cursors...)
		})
		for _, s := range states {
			ADDQ(stride, s)
		}
	})
}

// probability is |amplitude|² of a row.
func (v vector) probability(row Mem, part int) reg.VecVirtual {
	c := v.loadComplex(row, part)
	VMULPS(c.re, c.re, c.re)
	VFMADD231PS(c.im, c.im, c.re)
	return c.re
}

func (v vector) probabilities() {
	v.function("probabilities", "func(dst, src []float32, words []int32, blocks, rows, stride int)")
	dst, words := pointer("dst"), pointer("words")
	perRow([]reg.Register{pointer("src")}, func(c []reg.Register) {
		w := rowNumber(at(words), halfBytes)
		v.parts(func(part int) { addTo(indexed(dst, w, 1).Offset(part), v.probability(at(c[0]), part)) })
		advance(4, words)
	})
	v.ret()
}

func (v vector) weigh() {
	v.function("weigh", "func(dst, src, weights []float32, words []int32, blocks, rows, stride int)")
	weights, words := pointer("weights"), pointer("words")
	perRow([]reg.Register{pointer("dst"), pointer("src")}, func(c []reg.Register) {
		w := rowNumber(at(words), halfBytes)
		v.parts(func(part int) {
			g, y := v.load(indexed(weights, w, 1).Offset(part)), complexValue{v.register(), v.register()}
			VMULPS(at(c[1]).Offset(part), g, y.re)
			VMULPS(at(c[1]).Offset(part+halfBytes), g, y.im)
			v.storeComplex(y, at(c[0]), part)
		})
		advance(4, words)
	})
	v.ret()
}

func (v vector) sample() {
	v.function("sample", "func(counts *[16]int32, uniform *[16]float32, src []float32, blocks, rows, stride int)")
	counts, uniform := number("counts"), number("uniform")
	type lanes struct{ u, sum, count reg.VecVirtual }
	state := map[int]lanes{}
	v.parts(func(part int) {
		state[part] = lanes{v.load(at(uniform).Offset(part)), v.zero(), v.zero()}
	})
	perRow([]reg.Register{pointer("src")}, func(c []reg.Register) {
		v.parts(func(part int) {
			s := state[part]
			VADDPS(v.probability(at(c[0]), part), s.sum, s.sum)
			const lessOrEqual = 0x12
			below := v.register() // all ones: −1
			VCMPPS(U8(lessOrEqual), s.u, s.sum, below)
			VPSUBD(below, s.count, s.count)
		})
	})
	v.parts(func(part int) { VMOVUPS(state[part].count, at(counts).Offset(part)) })
	v.ret()
}
