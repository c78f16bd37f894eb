package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // likewise
	"github.com/mmcloughlin/avo/reg"
)

// The constants of phases, as in portable_tables.go.
const (
	sin1, sin2, sin3       = -0.16666654943702125, 0.0083321781461751978, -0.00019517298984195669
	cos1, cos2, cos3, cos4 = -0.49999999725108274, 0.041666623324347334, -0.0013886763794413368, 2.4390450704296809e-05
	toInteger              = 3 << 51
)

// constants are the numbers that lie in memory, by their bits: written as a
// number, an F32 of 1 would become the integer 1.
var constants = map[Constant]Mem{}

func constant(bits Constant) Mem {
	m, ok := constants[bits]
	if !ok {
		m = ConstData(fmt.Sprintf("constant%d", len(constants)), bits)
		constants[bits] = m
	}
	return m
}

func constant32(x float64) Mem { return constant(U32(math.Float32bits(float32(x)))) }
func constant64(x float64) Mem { return constant(U64(math.Float64bits(x))) }

// phases works on eight angles at a time, which in float64 fill two vectors.
func (v vector) phases() {
	v.function("phases", "func(z, gamma []float32, rows int)")
	z, gamma, rows := pointer("z"), pointer("gamma"), number("rows")
	double := func(x float64) reg.VecVirtual {
		r := YMM()
		VBROADCASTSD(constant64(x), r)
		return r
	}
	perTurn, magic, perQuarter := double(2/math.Pi), double(toInteger), double(math.Pi/2)
	single := func(x float64) reg.VecVirtual {
		r := YMM()
		VBROADCASTSS(constant32(x), r)
		return r
	}
	one := single(1)
	loop(rows, func() {
		for at0 := 0; at0 < halfBytes; at0 += 32 {
			var angle [2]reg.VecVirtual // float32, four each
			var quarter [2]reg.VecVirtual
			for i := range angle {
				x, rounded := YMM(), YMM()
				VCVTPS2PD(at(gamma).Offset(at0+16*i), x)
				VMULPD(perTurn, x, x)
				VADDPD(magic, x, rounded)
				quarter[i] = rounded
				whole := YMM()
				VSUBPD(magic, rounded, whole)
				VSUBPD(whole, x, x)
				VMULPD(perQuarter, x, x)
				angle[i] = XMM()
				VCVTPD2PSY(x, angle[i])
			}
			a, n := YMM(), YMM()
			VINSERTF128(U8(1), angle[1], angle[0].AsY(), a)
			VSHUFPS(U8(0x88), quarter[1], quarter[0], n) // low words, two and two
			VPERMQ(U8(0xd8), n, n)

			aa := YMM()
			VMULPS(a, a, aa)
			s := single(sin3)
			VFMADD213PS(single(sin2), aa, s)
			VFMADD213PS(single(sin1), aa, s)
			cube := YMM()
			VMULPS(a, aa, cube)
			VFMADD213PS(a, cube, s)
			c := single(cos4)
			VFMADD213PS(single(cos3), aa, c)
			VFMADD213PS(single(cos2), aa, c)
			VFMADD213PS(single(cos1), aa, c)
			VFMADD213PS(one, aa, c)

			// Odd quarters swap sine and cosine.
			odd, swap := YMM(), YMM()
			VPSLLD(U8(31), n, odd)
			VPSRAD(U8(31), odd, odd)
			VPXOR(s, c, swap)
			VPAND(odd, swap, swap)
			VPXOR(swap, s, s)
			VPXOR(swap, c, c)
			// Bit 1 of n is the sign of the sine, bit 1 of n+1 that of the cosine;
			// it is bit 0 of n that carries into it.
			sign, carried := YMM(), YMM()
			VPSRLD(U8(1), n, sign)
			VPXOR(n, sign, carried)
			VPSLLD(U8(31), sign, sign)
			VPSLLD(U8(31), carried, carried)
			VPXOR(sign, s, s)
			VPXOR(carried, c, c)
			VMOVUPS(c, at(z).Offset(at0))
			VMOVUPS(s, at(z).Offset(at0+halfBytes))
		}
		advance(rowBytes, z)
		advance(halfBytes, gamma)
	})
	v.ret()
}

func (v vector) factors() {
	v.function("factors", "func(a, b, z, coefficients []float32, rows int)")
	a, b, z, c, rows := pointer("a"), pointer("b"), pointer("z"), pointer("coefficients"), number("rows")
	loop(rows, func() {
		v.parts(func(part int) {
			x := v.loadComplex(at(z), part)
			for i, dst := range []reg.Register{a, b} {
				k := func(j int) reg.VecVirtual { return v.broadcast(at(c).Offset(16*i + 4*j)) }
				y := complexValue{k(0), k(1)}
				addTimes(y, x, complexValue{k(2), k(3)})
				v.storeComplex(y, at(dst), part)
			}
		})
		advance(rowBytes, a, b, z)
		advance(32, c)
	})
	v.ret()
}

func (v vector) powers() {
	v.function("powers", "func(dst, z []float32, bits int)")
	dst, z, bits := pointer("dst"), pointer("z"), number("bits")
	one := v.broadcast(constant32(1))
	v.parts(func(part int) { v.storeComplex(complexValue{one, v.zero()}, at(dst), part) })
	h, size := GP64(), GP64() // 2^q − 1 rows to multiply, 2^q rows in bytes
	XORQ(h, h)
	MOVQ(I32(rowBytes), size)
	loop(bits, func() {
		v.parts(func(part int) {
			w := v.loadComplex(at(z), part)
			x := copyOf(dst)
			v.storeComplex(w, indexed(x, size, 1), part)
			loop(copyOf(h), func() {
				advance(rowBytes, x)
				v.storeComplex(v.times(v.loadComplex(at(x), part), w), indexed(x, size, 1), part)
			})
		})
		LEAQ(indexed(h, h, 1).Offset(1), h)
		ADDQ(size, size)
		advance(rowBytes, z)
	})
	v.ret()
}

func (v vector) tensor() {
	v.function("tensor", "func(dst, a, b []float32, bits int)")
	dst, a, b, bits := pointer("dst"), pointer("a"), pointer("b"), number("bits")
	v.parts(func(part int) {
		v.storeComplex(v.loadComplex(at(a), part), at(dst), part)
		v.storeComplex(v.loadComplex(at(b), part), at(dst).Offset(rowBytes), part)
	})
	h, size := GP64(), GP64() // 2^q rows, and in bytes
	MOVQ(I32(2), h)
	MOVQ(I32(2*rowBytes), size)
	DECQ(bits)
	loop(bits, func() {
		advance(rowBytes, a, b)
		v.parts(func(part int) {
			zero, one := v.loadComplex(at(a), part), v.loadComplex(at(b), part)
			x := copyOf(dst)
			loop(copyOf(h), func() {
				y := v.loadComplex(at(x), part)
				v.storeComplex(v.times(y, one), indexed(x, size, 1), part)
				v.storeComplex(v.times(y, zero), at(x), part)
				advance(rowBytes, x)
			})
		})
		ADDQ(h, h)
		ADDQ(size, size)
	})
	v.ret()
}

func (v vector) scale() {
	v.function("scale", "func(dst, src, scalars []float32, from []int32)")
	dst, src, scalars, from, n := pointer("dst"), pointer("src"), pointer("scalars"), pointer("from"), length("from")
	loop(n, func() {
		x := rowNumber(at(from), rowBytes)
		s := complexValue{v.broadcast(at(scalars)), v.broadcast(at(scalars).Offset(4))}
		v.parts(func(part int) {
			v.storeComplex(v.times(v.loadComplex(indexed(src, x, 1), part), s), at(dst), part)
		})
		advance(rowBytes, dst)
		advance(8, scalars)
		advance(4, from)
	})
	v.ret()
}
