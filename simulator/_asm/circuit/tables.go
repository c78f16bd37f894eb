package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// The constants of phases, as in portable_tables.go.
const (
	sin1, sin2, sin3       = -0.16666654943702125, 0.0083321781461751978, -0.00019517298984195669
	cos1, cos2, cos3, cos4 = -0.49999999725108274, 0.041666623324347334, -0.0013886763794413368, 2.4390450704296809e-05
	toInteger              = 3 << 51
)

// phases works on one vector of angles at a time, which in float64 fill two.
func (v kernel) phases() {
	v.Function("phases", "func(z, gamma []float32, rows int)")
	z, gamma, rows := Pointer("z"), Pointer("gamma"), Number("rows")
	double := func(x float64) reg.VecVirtual {
		r := v.Register()
		VBROADCASTSD(Constant64(x), r)
		return r
	}
	perTurn, magic, perQuarter := double(2/math.Pi), double(toInteger), double(math.Pi/2)
	single := func(x float64) reg.VecVirtual { return v.Broadcast(Constant32(x)) }
	one := single(1)
	Loop(rows, func() {
		v.parts(func(part int) {
			var angle, quarter [2]reg.VecVirtual // float64, half of the lanes each
			for i := range angle {
				x, rounded := v.Register(), v.Register()
				VCVTPS2PD(At(gamma).Offset(part+i*v.Bytes/2), x)
				VMULPD(perTurn, x, x)
				VADDPD(magic, x, rounded)
				quarter[i] = rounded
				whole := v.Register()
				VSUBPD(magic, rounded, whole)
				VSUBPD(whole, x, x)
				VMULPD(perQuarter, x, x)
				angle[i] = x
			}
			a, n := v.narrowed(angle), v.lowWords(quarter)

			aa := v.Register()
			VMULPS(a, a, aa)
			s := single(sin3)
			VFMADD213PS(single(sin2), aa, s)
			VFMADD213PS(single(sin1), aa, s)
			cube := v.Register()
			VMULPS(a, aa, cube)
			VFMADD213PS(a, cube, s)
			c := single(cos4)
			VFMADD213PS(single(cos3), aa, c)
			VFMADD213PS(single(cos2), aa, c)
			VFMADD213PS(single(cos1), aa, c)
			VFMADD213PS(one, aa, c)

			// Odd quarters swap sine and cosine.
			odd, swap := v.Register(), v.Register()
			VPSLLD(U8(31), n, odd)
			VPSRAD(U8(31), odd, odd)
			VXORPS(s, c, swap)
			VANDPS(odd, swap, swap)
			VXORPS(swap, s, s)
			VXORPS(swap, c, c)
			// Bit 1 of n is the sign of the sine, bit 1 of n+1 that of the cosine;
			// it is bit 0 of n that carries into it.
			sign, carried := v.Register(), v.Register()
			VPSRLD(U8(1), n, sign)
			VXORPS(n, sign, carried)
			VPSLLD(U8(31), sign, sign)
			VPSLLD(U8(31), carried, carried)
			VXORPS(sign, s, s)
			VXORPS(carried, c, c)
			VMOVUPS(c, At(z).Offset(part))
			VMOVUPS(s, At(z).Offset(part+halfBytes))
		})
		Advance(rowBytes, z)
		Advance(halfBytes, gamma)
	})
	v.Ret()
}

// narrowed rounds two vectors of float64 to one of float32.
func (v kernel) narrowed(x [2]reg.VecVirtual) reg.VecVirtual {
	y := v.Register()
	if v.Wide() {
		low, high := YMM(), YMM()
		VCVTPD2PS(x[0], low)
		VCVTPD2PS(x[1], high)
		VINSERTF32X8(U8(1), high, low.AsZ(), y)
	} else {
		low, high := XMM(), XMM()
		VCVTPD2PSY(x[0], low)
		VCVTPD2PSY(x[1], high)
		VINSERTF128(U8(1), high, low.AsY(), y)
	}
	return y
}

// lowWords takes the low 32 bits of each 64.
func (v kernel) lowWords(x [2]reg.VecVirtual) reg.VecVirtual {
	y := v.Register()
	if v.Wide() {
		low, high := YMM(), YMM()
		VPMOVQD(x[0], low)
		VPMOVQD(x[1], high)
		VINSERTF32X8(U8(1), high, low.AsZ(), y)
	} else {
		VSHUFPS(U8(0x88), x[1], x[0], y) // two and two
		VPERMQ(U8(0xd8), y, y)
	}
	return y
}

func (v kernel) factors() {
	v.Function("factors", "func(a, b, z, coefficients []float32, rows int)")
	a, b, z, c, rows := Pointer("a"), Pointer("b"), Pointer("z"), Pointer("coefficients"), Number("rows")
	Loop(rows, func() {
		v.parts(func(part int) {
			x := v.loadComplex(At(z), part)
			for i, dst := range []reg.Register{a, b} {
				k := func(j int) reg.VecVirtual { return v.Broadcast(At(c).Offset(16*i + 4*j)) }
				y := complexValue{k(0), k(1)}
				addTimes(y, x, complexValue{k(2), k(3)})
				v.storeComplex(y, At(dst), part)
			}
		})
		Advance(rowBytes, a, b, z)
		Advance(32, c)
	})
	v.Ret()
}

func (v kernel) powers() {
	v.Function("powers", "func(dst, z []float32, bits int)")
	dst, z, bits := Pointer("dst"), Pointer("z"), Number("bits")
	one := v.Broadcast(Constant32(1))
	v.parts(func(part int) { v.storeComplex(complexValue{one, v.Zero()}, At(dst), part) })
	h, size := GP64(), GP64() // 2^q − 1 rows to multiply, 2^q rows in bytes
	XORQ(h, h)
	MOVQ(I32(rowBytes), size)
	Loop(bits, func() {
		v.parts(func(part int) {
			w := v.loadComplex(At(z), part)
			x := Copy(dst)
			v.storeComplex(w, Indexed(x, size, 1), part)
			Loop(Copy(h), func() {
				Advance(rowBytes, x)
				v.storeComplex(v.times(v.loadComplex(At(x), part), w), Indexed(x, size, 1), part)
			})
		})
		LEAQ(Indexed(h, h, 1).Offset(1), h)
		ADDQ(size, size)
		Advance(rowBytes, z)
	})
	v.Ret()
}

func (v kernel) tensor() {
	v.Function("tensor", "func(dst, a, b []float32, bits int)")
	dst, a, b, bits := Pointer("dst"), Pointer("a"), Pointer("b"), Number("bits")
	v.parts(func(part int) {
		v.storeComplex(v.loadComplex(At(a), part), At(dst), part)
		v.storeComplex(v.loadComplex(At(b), part), At(dst).Offset(rowBytes), part)
	})
	h, size := GP64(), GP64() // 2^q rows, and in bytes
	MOVQ(I32(2), h)
	MOVQ(I32(2*rowBytes), size)
	DECQ(bits)
	Loop(bits, func() {
		Advance(rowBytes, a, b)
		v.parts(func(part int) {
			zero, one := v.loadComplex(At(a), part), v.loadComplex(At(b), part)
			x := Copy(dst)
			Loop(Copy(h), func() {
				y := v.loadComplex(At(x), part)
				v.storeComplex(v.times(y, one), Indexed(x, size, 1), part)
				v.storeComplex(v.times(y, zero), At(x), part)
				Advance(rowBytes, x)
			})
		})
		ADDQ(h, h)
		ADDQ(size, size)
	})
	v.Ret()
}

func (v kernel) scale() {
	v.Function("scale", "func(dst, src, scalars []float32, from []int32)")
	dst, src, scalars, from, n := Pointer("dst"), Pointer("src"), Pointer("scalars"), Pointer("from"), Length("from")
	Loop(n, func() {
		x := rowNumber(At(from), rowBytes)
		s := complexValue{v.Broadcast(At(scalars)), v.Broadcast(At(scalars).Offset(4))}
		v.parts(func(part int) {
			v.storeComplex(v.times(v.loadComplex(Indexed(src, x, 1), part), s), At(dst), part)
		})
		Advance(rowBytes, dst)
		Advance(8, scalars)
		Advance(4, from)
	})
	v.Ret()
}
