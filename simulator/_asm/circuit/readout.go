package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// perRow runs body for every row of all blocks, with cursors into the states.
func perRow(states []reg.Register, body func(cursors []reg.Register)) {
	stride := rowsOf("stride")
	Loop(Number("blocks"), func() {
		var cursors []reg.Register
		for _, s := range states {
			cursors = append(cursors, Copy(s))
		}
		Loop(Number("rows"), func() {
			body(cursors)
			Advance(rowBytes, cursors...)
		})
		for _, s := range states {
			ADDQ(stride, s)
		}
	})
}

// probability is |amplitude|² of a row.
func (v kernel) probability(row Mem, part int) reg.VecVirtual {
	return square(v.loadComplex(row, part))
}

// square is |c|²; c.re is used up.
func square(c complexValue) reg.VecVirtual {
	VMULPS(c.re, c.re, c.re)
	VFMADD231PS(c.im, c.im, c.re)
	return c.re
}

const probabilitiesSignature = "func(dst, src []float32, words []int32, blocks, rows, stride int)"

func (v kernel) probabilities() {
	v.Function("probabilities", probabilitiesSignature)
	v.perWord(func(p reg.VecVirtual, word Mem) { VMOVUPS(p, word) })
	v.Ret()
}

func (v kernel) addProbabilities() {
	v.Function("addProbabilities", probabilitiesSignature)
	v.perWord(func(p reg.VecVirtual, word Mem) { AddTo(word, p) })
	v.Ret()
}

// perWord runs body for the probability of every row and the place of the row's word.
func (v kernel) perWord(body func(p reg.VecVirtual, word Mem)) {
	dst, words := Pointer("dst"), Pointer("words")
	perRow([]reg.Register{Pointer("src")}, func(c []reg.Register) {
		w := rowNumber(At(words), halfBytes)
		v.parts(func(part int) { body(v.probability(At(c[0]), part), Indexed(dst, w, 1).Offset(part)) })
		Advance(4, words)
	})
}

// rotateProbabilities keeps 2^bits rows in registers between the rotation and the probabilities.
func (v kernel) rotateProbabilities(bits int) {
	v.Function(fmt.Sprintf("rotateProbabilities%d", bits), "func(dst, src []float32, words []int32, t []float32, "+spanParam+")")
	dst, src, words, t, m := Pointer("dst"), Pointer("src"), Pointer("words"), v.tangents(bits), apart(min(bits, 2))
	span([]reg.Register{src}, func(cursors []reg.Register) {
		var re, im []reg.VecVirtual
		rows := m.From(cursors[0], 1<<bits)
		for _, row := range rows {
			re, im = append(re, v.Load(row)), append(im, v.Load(row.Offset(halfBytes)))
		}
		v.turn(re, t)
		v.turn(im, t)
		for i := range rows {
			w := rowNumber(At(words).Offset(4*i), halfBytes)
			VMOVUPS(square(complexValue{re[i], im[i]}), Indexed(dst, w, 1))
		}
		Advance(4<<bits, words)
	})
	v.Ret()
}

func (v kernel) weigh() {
	v.Function("weigh", "func(dst, src, weights []float32, words []int32, blocks, rows, stride int)")
	weights, words := Pointer("weights"), Pointer("words")
	perRow([]reg.Register{Pointer("dst"), Pointer("src")}, func(c []reg.Register) {
		w := rowNumber(At(words), halfBytes)
		v.parts(func(part int) {
			g, y := v.Load(Indexed(weights, w, 1).Offset(part)), complexValue{v.Register(), v.Register()}
			VMULPS(At(c[1]).Offset(part), g, y.re)
			VMULPS(At(c[1]).Offset(part+halfBytes), g, y.im)
			v.storeComplex(y, At(c[0]), part)
		})
		Advance(4, words)
	})
	v.Ret()
}

func (v kernel) sample() {
	v.Function("sample", "func(drawn *[16]uint32, uniform *[16]float32, src []float32, words []int32, blocks, rows, stride int)")
	drawn, uniform, words := Number("drawn"), Number("uniform"), Pointer("words")
	type lanes struct{ u, sum, word reg.VecVirtual }
	none := v.Zero()
	state := map[int]lanes{}
	v.parts(func(part int) {
		state[part] = lanes{v.Load(At(uniform).Offset(part)), v.Zero(), v.Zero()}
	})
	perRow([]reg.Register{Pointer("src")}, func(c []reg.Register) {
		v.parts(func(part int) {
			s, p := state[part], v.probability(At(c[0]), part)
			v.Compare(none, Less, p).AndCompare(s.sum, LessOrEqual, s.u).Broadcast(At(words), s.word)
			VADDPS(p, s.sum, s.sum)
		})
		Advance(4, words)
	})
	v.parts(func(part int) { VMOVUPS(state[part].word, At(drawn).Offset(part)) })
	v.Ret()
}
