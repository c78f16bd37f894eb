package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // likewise
	"github.com/mmcloughlin/avo/reg"
)

const overlapSignature = "func(acc, l, p []float32, " + spanParam + ")"

// operand is a vector in a register or in memory.
type operand struct{ re, im Op }

// pairXY emits the terms of X and Y for a pair of rows one by one, so that the
// terms of several pairs can alternate. The sum of each has its own order.
func pairXY(l0, l1 complexValue, p0, p1 operand, x, y reg.VecVirtual) []func() {
	return []func(){
		func() { VFMADD231PS(p1.im, l0.re, x) },
		func() { VFMADD231PS(p0.re, l1.re, y) },
		func() { VFNMADD231PS(p1.re, l0.im, x) },
		func() { VFNMADD231PS(p1.re, l0.re, y) },
		func() { VFMADD231PS(p0.im, l1.re, x) },
		func() { VFMADD231PS(p0.im, l1.im, y) },
		func() { VFNMADD231PS(p0.re, l1.im, x) },
		func() { VFNMADD231PS(p1.im, l0.im, y) },
	}
}

// alternate emits the first of each list, then the second of each, and so on.
func alternate(lists ...[]func()) {
	for i := range lists[0] {
		for _, l := range lists {
			l[i]()
		}
	}
}

// operands are rows as multiplicands: in registers where there are enough.
func (v vector) operands(rows []Mem, part int) (ops []operand) {
	for _, m := range rows {
		if v.wide() {
			c := v.loadComplex(m, part)
			ops = append(ops, operand{c.re, c.im})
		} else {
			ops = append(ops, operand{m.Offset(part), m.Offset(part + halfBytes)})
		}
	}
	return ops
}

// sumInto adds both sums to memory, the second to the first one before.
func sumInto(m Mem, first, second reg.VecVirtual) {
	VADDPS(second, first, first)
	addTo(m, first)
}

func (v vector) overlapXY1() {
	v.function("overlapXY1", overlapSignature)
	m := apart(1)
	v.parts(func(part int) {
		x, y := v.zero(), v.zero()
		span([]reg.Register{pointer("l"), pointer("p")}, rowBytes, func(c []reg.Register) {
			var l []complexValue
			for _, row := range m.of(c[0], 2) {
				l = append(l, v.loadComplex(row, part))
			}
			p := v.operands(m.of(c[1], 2), part)
			alternate(pairXY(l[0], l[1], p[0], p[1], x, y))
		})
		acc := pointer("acc")
		addTo(at(acc).Offset(part), x)
		addTo(at(acc).Offset(part+halfBytes), y)
	})
	v.ret()
}

func (v vector) overlapXY2() {
	v.function("overlapXY2", overlapSignature)
	m := apart(2)
	v.parts(func(part int) {
		var x, y [4]reg.VecVirtual
		for i := range x {
			x[i], y[i] = v.zero(), v.zero()
		}
		span([]reg.Register{pointer("l"), pointer("p")}, rowBytes, func(c []reg.Register) {
			var l []complexValue
			for _, row := range m.of(c[0], 4) {
				l = append(l, v.loadComplex(row, part))
			}
			p := v.operands(m.of(c[1], 4), part)
			alternate(
				pairXY(l[0], l[1], p[0], p[1], x[0], y[0]), pairXY(l[2], l[3], p[2], p[3], x[1], y[1]),
				pairXY(l[0], l[2], p[0], p[2], x[2], y[2]), pairXY(l[1], l[3], p[1], p[3], x[3], y[3]),
			)
		})
		acc := pointer("acc")
		for bit := range 2 {
			row := at(acc).Offset(bit*rowBytes + part)
			sumInto(row, x[2*bit], x[2*bit+1])
			sumInto(row.Offset(halfBytes), y[2*bit], y[2*bit+1])
		}
	})
	v.ret()
}

func (v vector) overlapY1() {
	v.function("overlapY1", overlapSignature)
	m := apart(1)
	sums := map[int]reg.VecVirtual{}
	for part := 0; part < rowBytes; part += v.bytes {
		sums[part] = v.zero()
	}
	span([]reg.Register{pointer("l"), pointer("p")}, rowBytes, func(c []reg.Register) {
		l, p := m.of(c[0], 2), m.of(c[1], 2)
		for part := 0; part < rowBytes; part += v.bytes {
			VFMADD231PS(p[0].Offset(part), v.load(l[1].Offset(part)), sums[part])
			VFNMADD231PS(p[1].Offset(part), v.load(l[0].Offset(part)), sums[part])
		}
	})
	acc := pointer("acc")
	for part := 0; part < rowBytes; part += v.bytes {
		addTo(at(acc).Offset(part), sums[part])
	}
	v.ret()
}

func (v vector) overlapY2() {
	v.function("overlapY2", overlapSignature)
	m := apart(2)
	sums := map[int][2]reg.VecVirtual{}
	for part := 0; part < rowBytes; part += v.bytes {
		sums[part] = [2]reg.VecVirtual{v.zero(), v.zero()}
	}
	span([]reg.Register{pointer("l"), pointer("p")}, rowBytes, func(c []reg.Register) {
		rows, p := m.of(c[0], 4), m.of(c[1], 4)
		for part := 0; part < rowBytes; part += v.bytes {
			a, b := sums[part][0], sums[part][1]
			var l []reg.VecVirtual
			for _, row := range rows {
				l = append(l, v.load(row.Offset(part)))
			}
			VFMADD231PS(p[0].Offset(part), l[1], a)
			VFMADD231PS(p[0].Offset(part), l[2], b)
			VFNMADD231PS(p[1].Offset(part), l[0], a)
			VFNMADD231PS(p[2].Offset(part), l[0], b)
			VFMADD231PS(p[2].Offset(part), l[3], a)
			VFMADD231PS(p[1].Offset(part), l[3], b)
			VFNMADD231PS(p[3].Offset(part), l[2], a)
			VFNMADD231PS(p[3].Offset(part), l[1], b)
		}
	})
	acc := pointer("acc")
	for part := 0; part < rowBytes; part += v.bytes {
		addTo(at(acc).Offset(part), sums[part][0])
		addTo(at(acc).Offset(rowBytes+part), sums[part][1])
	}
	v.ret()
}

func (v vector) overlapDot() {
	v.function("overlapDot", "func(low, high, l, p []float32, blocks, rows, stride int)")
	low, high, l, p := pointer("low"), pointer("high"), pointer("l"), pointer("p")
	blocks, stride := number("blocks"), rowsOf("stride")
	loop(blocks, func() {
		v.parts(func(part int) {
			sum := v.zero()
			a, x, y := copyOf(low), copyOf(l), copyOf(p)
			loop(number("rows"), func() {
				c, dot := v.loadComplex(at(x), part), v.register()
				VMULPS(at(y).Offset(part+halfBytes), c.re, dot)
				VFNMADD231PS(at(y).Offset(part), c.im, dot)
				VADDPS(dot, sum, sum)
				addTo(at(a).Offset(part), dot)
				advance(rowBytes, x, y)
				advance(halfBytes, a)
			})
			addTo(at(high).Offset(part), sum)
		})
		advance(halfBytes, high)
		ADDQ(stride, l)
		ADDQ(stride, p)
	})
	v.ret()
}

func (v vector) marginals() {
	v.function("marginals", "func(dst, v []float32, bits int)")
	dst, values, bits := pointer("dst"), pointer("v"), number("bits")
	count, size := GP64(), GP64() // 2^q half rows, and in bytes
	MOVQ(U32(1), count)
	shift := copyOf(bits)
	loop(shift, func() { ADDQ(count, count) })
	MOVQ(count, size)
	SHLQ(U8(6), size)
	row := GP64() // of bit q
	MOVQ(bits, row)
	SHLQ(U8(6), row)
	ADDQ(dst, row)
	loop(bits, func() {
		SHRQ(U8(1), count)
		SHRQ(U8(1), size)
		SUBQ(U8(halfBytes), row)
		v.parts(func(part int) {
			sum, x := v.load(at(row).Offset(part)), copyOf(values)
			loop(copyOf(count), func() {
				a, b, difference := v.load(at(x).Offset(part)), v.load(indexed(x, size, 1).Offset(part)), v.register()
				VSUBPS(b, a, difference)
				VADDPS(difference, sum, sum)
				VADDPS(b, a, a)
				VMOVUPS(a, at(x).Offset(part))
				advance(halfBytes, x)
			})
			VMOVUPS(sum, at(row).Offset(part))
		})
	})
	v.ret()
}

// sums folds half rows in halves; from eight lanes on both widths do the same.
func (v vector) sums() {
	v.function("sums", "func(dst, v []float32)")
	dst, values, n := pointer("dst"), pointer("v"), length("dst")
	loop(n, func() {
		eight := YMM()
		VMOVUPS(at(values), eight)
		VADDPS(at(values).Offset(32), eight, eight)
		four, two, one := XMM(), XMM(), XMM()
		VEXTRACTF128(U8(1), eight, four)
		VADDPS(four, eight.AsX(), four)
		VMOVHLPS(four, four, two)
		VADDPS(two, four, two)
		VMOVSHDUP(two, one)
		VADDSS(one, two, one)
		VMOVSS(one, at(dst))
		advance(halfBytes, values)
		advance(4, dst)
	})
	v.ret()
}
