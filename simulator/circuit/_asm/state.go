package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // likewise
	"github.com/mmcloughlin/avo/reg"
)

func (v vector) rotate(bits int) {
	v.function(fmt.Sprintf("rotate%d", bits), "func(p, t []float32, "+spanParam+")")
	p, tangents, m := pointer("p"), pointer("t"), apart(bits)
	var t []reg.VecVirtual
	for d := range bits {
		t = append(t, v.broadcast(at(tangents).Offset(4*d)))
	}
	span([]reg.Register{p}, func(cursors []reg.Register) {
		rows := m.of(cursors[0], 1<<bits)
		for part := 0; part < rowBytes; part += v.bytes {
			var x []reg.VecVirtual
			for _, row := range rows {
				x = append(x, v.load(row.Offset(part)))
			}
			for d := range bits {
				for i := range x {
					if i>>d&1 == 0 {
						a, b, a0 := x[i], x[i|1<<d], v.register()
						VMOVAPS(a, a0)
						VFNMADD231PS(t[d], b, a)
						VFMADD231PS(t[d], a0, b)
					}
				}
			}
			for i, row := range rows {
				VMOVUPS(x[i], row.Offset(part))
			}
		}
	})
	v.ret()
}

const gatherSignature = "func(dst, src, phases []float32, from []int32)"

func (v vector) gather() {
	v.function("gather", gatherSignature)
	dst, src, phases, from, n := pointer("dst"), pointer("src"), pointer("phases"), pointer("from"), length("from")
	loop(n, func() {
		x := rowNumber(at(from), rowBytes)
		v.parts(func(part int) {
			v.storeComplex(v.times(v.loadComplex(at(phases), part), v.loadComplex(indexed(src, x, 1), part)), at(dst), part)
		})
		advance(rowBytes, dst, phases)
		advance(4, from)
	})
	v.ret()
}

func (v vector) gatherAdjoint() {
	v.function("gatherAdjoint", gatherSignature)
	dst, src, phases, from, n := pointer("dst"), pointer("src"), pointer("phases"), pointer("from"), length("from")
	loop(n, func() {
		y := rowNumber(at(from), rowBytes)
		v.parts(func(part int) {
			v.storeComplex(v.timesConj(v.loadComplex(at(src), part), v.loadComplex(at(phases), part)), indexed(dst, y, 1), part)
		})
		advance(rowBytes, src, phases)
		advance(4, from)
	})
	v.ret()
}

const gatherBlockSignature = "func(dst, src, phases, phase []float32, from []int32)"

// common loads the phase that all rows of a block have in common, by part.
func (v vector) common() map[int]complexValue {
	phase, c := pointer("phase"), map[int]complexValue{}
	v.parts(func(part int) { c[part] = v.loadComplex(at(phase), part) })
	return c
}

func (v vector) gatherBlock() {
	v.function("gatherBlock", gatherBlockSignature)
	dst, src, phases, from, n := pointer("dst"), pointer("src"), pointer("phases"), pointer("from"), length("from")
	phase := v.common()
	loop(n, func() {
		x := rowNumber(at(from), rowBytes)
		v.parts(func(part int) {
			w := v.times(phase[part], v.loadComplex(at(phases), part))
			v.storeComplex(v.times(w, v.loadComplex(indexed(src, x, 1), part)), at(dst), part)
		})
		advance(rowBytes, dst, phases)
		advance(4, from)
	})
	v.ret()
}

func (v vector) gatherBlockAdjoint() {
	v.function("gatherBlockAdjoint", gatherBlockSignature)
	dst, src, phases, from, n := pointer("dst"), pointer("src"), pointer("phases"), pointer("from"), length("from")
	phase := v.common()
	loop(n, func() {
		y := rowNumber(at(from), rowBytes)
		v.parts(func(part int) {
			w := v.times(phase[part], v.loadComplex(at(phases), part))
			v.storeComplex(v.timesConj(v.loadComplex(at(src), part), w), indexed(dst, y, 1), part)
		})
		advance(rowBytes, src, phases)
		advance(4, from)
	})
	v.ret()
}

func (v vector) join() {
	v.function("join", "func(dst, low, high []float32, blocks, rows, stride, odd int)")
	dst, low, high, blocks := pointer("dst"), pointer("low"), pointer("high"), number("blocks")
	stride, odd := rowsOf("stride"), rowsOf("odd")
	loop(blocks, func() {
		v.parts(func(part int) {
			g, h := v.loadComplex(at(high), part), v.loadComplex(indexed(high, odd, 1), part)
			l, y := copyOf(low), copyOf(dst)
			loop(number("rows"), func() {
				sum := v.times(v.loadComplex(at(l), part), g)
				addTimes(sum, v.loadComplex(indexed(l, odd, 1), part), h)
				v.storeComplex(sum, at(y), part)
				advance(rowBytes, l, y)
			})
		})
		advance(rowBytes, high)
		ADDQ(stride, dst)
	})
	v.ret()
}

func (v vector) contract() {
	v.function("contract", "func(pulledLow, pulledHigh, l, low, high []float32, blocks, rows, stride, odd int)")
	pulledLow, pulledHigh, l := pointer("pulledLow"), pointer("pulledHigh"), pointer("l")
	low, high, blocks := pointer("low"), pointer("high"), number("blocks")
	stride, odd := rowsOf("stride"), rowsOf("odd")
	loop(blocks, func() {
		v.parts(func(part int) {
			h := []complexValue{v.loadComplex(at(high), part), v.loadComplex(indexed(high, odd, 1), part)}
			sums := []complexValue{v.zeroComplex(), v.zeroComplex()}
			x, b, y := copyOf(l), copyOf(low), copyOf(pulledLow)
			loop(number("rows"), func() {
				a := v.loadComplex(at(x), part)
				for i, at0 := range []func(reg.Register) Mem{at, func(p reg.Register) Mem { return indexed(p, odd, 1) }} {
					pulled := v.loadComplex(at0(y), part)
					addTimesConj(pulled, a, h[i])
					v.storeComplex(pulled, at0(y), part)
					addTimesConj(sums[i], a, v.loadComplex(at0(b), part))
				}
				advance(rowBytes, x, b, y)
			})
			for i, m := range []Mem{at(pulledHigh), indexed(pulledHigh, odd, 1)} {
				addTo(m.Offset(part), sums[i].re)
				addTo(m.Offset(part+halfBytes), sums[i].im)
			}
		})
		advance(rowBytes, high, pulledHigh)
		ADDQ(stride, l)
	})
	v.ret()
}
