package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

const overlapSignature = "func(acc, l, p []float32, " + spanParam + ")"

// pairXY adds the terms of X and Y of one pair of rows. It distributes the terms of
// a sum over its accumulators in turn.
func pairXY(l0, l1, p0, p1 complexValue, x, y []reg.VecVirtual) {
	nx, ny := func(i int) reg.VecVirtual { return x[i%len(x)] }, func(i int) reg.VecVirtual { return y[i%len(y)] }
	VFMADD231PS(l0.re, p1.im, nx(0))
	VFMADD231PS(l1.re, p0.re, ny(0))
	VFNMADD231PS(l0.im, p1.re, nx(1))
	VFNMADD231PS(l0.re, p1.re, ny(1))
	VFMADD231PS(l1.re, p0.im, nx(2))
	VFMADD231PS(l1.im, p0.im, ny(2))
	VFNMADD231PS(l1.im, p0.re, nx(3))
	VFNMADD231PS(l0.im, p1.im, ny(3))
}

// sumInto adds accumulators to memory, pairs of neighbours first.
func sumInto(m Mem, x []reg.VecVirtual) {
	for ; len(x) > 1; x = x[:len(x)/2] {
		for i := range len(x) / 2 {
			VADDPS(x[2*i+1], x[2*i], x[2*i])
			x[i] = x[2*i]
		}
	}
	AddTo(m, x[0])
}

func (v kernel) overlapXY1() {
	v.Function("overlapXY1", overlapSignature)
	m := apart(1)
	v.parts(func(part int) {
		x, y := v.Zeros(4), v.Zeros(4)
		span([]reg.Register{Pointer("l"), Pointer("p")}, func(c []reg.Register) {
			l, p := m.From(c[0], 2), m.From(c[1], 2)
			pairXY(v.loadComplex(l[0], part), v.loadComplex(l[1], part), v.loadComplex(p[0], part), v.loadComplex(p[1], part), x, y)
		})
		acc := Pointer("acc")
		sumInto(At(acc).Offset(part), x)
		sumInto(At(acc).Offset(part+halfBytes), y)
	})
	v.Ret()
}

// overlapXY2 visits the pairs of four rows in the order 0–1, 1–3, 3–2, 2–0, so that
// registers hold only two rows. Every pair has separate accumulators.
func (v kernel) overlapXY2() {
	v.Function("overlapXY2", overlapSignature)
	m := apart(2)
	v.parts(func(part int) {
		x, y := v.Zeros(4), v.Zeros(4)
		pair := func(i int) (px, py []reg.VecVirtual) { return x[i : i+1], y[i : i+1] }
		span([]reg.Register{Pointer("l"), Pointer("p")}, func(c []reg.Register) {
			load := func(i int) (l, p complexValue) {
				return v.loadComplex(m.From(c[0], 4)[i], part), v.loadComplex(m.From(c[1], 4)[i], part)
			}
			l0, p0 := load(0)
			l1, p1 := load(1)
			px, py := pair(0)
			pairXY(l0, l1, p0, p1, px, py)
			l3, p3 := load(3)
			px, py = pair(3)
			pairXY(l1, l3, p1, p3, px, py)
			l2, p2 := load(2)
			px, py = pair(1)
			pairXY(l2, l3, p2, p3, px, py)
			if !v.Wide() { // too few registers to keep it
				l0, p0 = load(0)
			}
			px, py = pair(2)
			pairXY(l0, l2, p0, p2, px, py)
		})
		acc := Pointer("acc")
		for bit := range 2 {
			row := At(acc).Offset(bit*rowBytes + part)
			sumInto(row, x[2*bit:2*bit+2])
			sumInto(row.Offset(halfBytes), y[2*bit:2*bit+2])
		}
	})
	v.Ret()
}

// pairY adds the terms of Y of one pair of rows.
func pairY(l0, l1, p0, p1, y reg.VecVirtual) {
	VFMADD231PS(l1, p0, y)
	VFNMADD231PS(l0, p1, y)
}

func (v kernel) overlapY1() {
	v.Function("overlapY1", overlapSignature)
	m := apart(1)
	sums := v.Zeros(rowBytes / v.Bytes)
	span([]reg.Register{Pointer("l"), Pointer("p")}, func(c []reg.Register) {
		l, p := m.From(c[0], 2), m.From(c[1], 2)
		for i, y := range sums {
			at := i * v.Bytes
			pairY(v.Load(l[0].Offset(at)), v.Load(l[1].Offset(at)), v.Load(p[0].Offset(at)), v.Load(p[1].Offset(at)), y)
		}
	})
	acc := Pointer("acc")
	for i, y := range sums {
		AddTo(At(acc).Offset(i*v.Bytes), y)
	}
	v.Ret()
}

// overlapY2 processes the real parts of all rows, then the imaginary parts, so that
// every pair has separate accumulators.
func (v kernel) overlapY2() {
	v.Function("overlapY2", overlapSignature)
	m := apart(2)
	for start := 0; start < rowBytes; start += halfBytes {
		sums := map[int][]reg.VecVirtual{}
		v.parts(func(part int) { sums[part] = v.Zeros(4) })
		span([]reg.Register{Pointer("l"), Pointer("p")}, func(c []reg.Register) {
			v.parts(func(part int) {
				var l, p []reg.VecVirtual
				for i := range 4 {
					l = append(l, v.Load(m.From(c[0], 4)[i].Offset(start+part)))
					p = append(p, v.Load(m.From(c[1], 4)[i].Offset(start+part)))
				}
				for i, pair := range [4][2]int{{0, 1}, {2, 3}, {0, 2}, {1, 3}} {
					pairY(l[pair[0]], l[pair[1]], p[pair[0]], p[pair[1]], sums[part][i])
				}
			})
		})
		acc := Pointer("acc")
		v.parts(func(part int) {
			sumInto(At(acc).Offset(start+part), sums[part][:2])
			sumInto(At(acc).Offset(start+part+rowBytes), sums[part][2:])
		})
	}
	v.Ret()
}

func (v kernel) overlapDot() {
	v.Function("overlapDot", "func(low, high, l, p []float32, blocks, rows, stride int)")
	low, high, l, p := Pointer("low"), Pointer("high"), Pointer("l"), Pointer("p")
	blocks, stride := Number("blocks"), rowsOf("stride")
	Loop(blocks, func() {
		v.parts(func(part int) {
			sum := v.Zero()
			a, x, y := Copy(low), Copy(l), Copy(p)
			Loop(Number("rows"), func() {
				c, dot := v.loadComplex(At(x), part), v.Register()
				VMULPS(At(y).Offset(part+halfBytes), c.re, dot)
				VFNMADD231PS(At(y).Offset(part), c.im, dot)
				VADDPS(dot, sum, sum)
				AddTo(At(a).Offset(part), dot)
				Advance(rowBytes, x, y)
				Advance(halfBytes, a)
			})
			AddTo(At(high).Offset(part), sum)
		})
		Advance(halfBytes, high)
		ADDQ(stride, l)
		ADDQ(stride, p)
	})
	v.Ret()
}

func (v kernel) marginals() {
	v.Function("marginals", "func(dst, v []float32, bits int)")
	dst, values, bits := Pointer("dst"), Pointer("v"), Number("bits")
	count, size := GP64(), GP64() // 2^q half rows, and in bytes
	MOVQ(U32(1), count)
	shift := Copy(bits)
	Loop(shift, func() { ADDQ(count, count) })
	MOVQ(count, size)
	SHLQ(U8(6), size)
	row := GP64() // of bit q
	MOVQ(bits, row)
	SHLQ(U8(6), row)
	ADDQ(dst, row)
	Loop(bits, func() {
		SHRQ(U8(1), count)
		SHRQ(U8(1), size)
		SUBQ(U8(halfBytes), row)
		v.parts(func(part int) {
			sum, x := v.Load(At(row).Offset(part)), Copy(values)
			Loop(Copy(count), func() {
				a, b, difference := v.Load(At(x).Offset(part)), v.Load(Indexed(x, size, 1).Offset(part)), v.Register()
				VSUBPS(b, a, difference)
				VADDPS(difference, sum, sum)
				VADDPS(b, a, a)
				VMOVUPS(a, At(x).Offset(part))
				Advance(halfBytes, x)
			})
			VMOVUPS(sum, At(row).Offset(part))
		})
	})
	v.Ret()
}

// sums adds the halves of half rows repeatedly. Both widths do the same from eight
// lanes on.
func (v kernel) sums() {
	v.Function("sums", "func(dst, v []float32)")
	dst, values, n := Pointer("dst"), Pointer("v"), Length("dst")
	Loop(n, func() {
		eight := YMM()
		VMOVUPS(At(values), eight)
		VADDPS(At(values).Offset(32), eight, eight)
		four, two, one := XMM(), XMM(), XMM()
		VEXTRACTF128(U8(1), eight, four)
		VADDPS(four, eight.AsX(), four)
		VMOVHLPS(four, four, two)
		VADDPS(two, four, two)
		VMOVSHDUP(two, one)
		VADDSS(one, two, one)
		VMOVSS(one, At(dst))
		Advance(halfBytes, values)
		Advance(4, dst)
	})
	v.Ret()
}
