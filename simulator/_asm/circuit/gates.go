package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// The loops over angles do not fuse operations, so that they give the same bits as the Go
// functions. The angles of a patch are few: both kernels take loops of 256 bits.

// The types of turns and gates in the package.
const (
	turnType = "struct{ sin, cos float64 }"
	gateType = "struct{ flip int; tangent float64; alpha, delta complex128; sin, cos float64 }"
	pairType = "struct{ alpha, delta complex128 }"
)

// farAngle is that of package circuit.
const farAngle = 1 << 30

// four is a vector of four float64.
type four = reg.VecVirtual

// repeated is a float64 in every lane.
func repeated(x float64) four {
	return AVX2.Broadcast64(Constant64(x))
}

// result is what an instruction makes of two operands.
func result(instruction func(...Op), a, b Op) four {
	r := YMM()
	instruction(b, a, r)
	return r
}

func sum(a, b four) four        { return result(VADDPD, a, b) }
func difference(a, b four) four { return result(VSUBPD, a, b) }
func product(a, b four) four    { return result(VMULPD, a, b) }
func quotient(a, b four) four   { return result(VDIVPD, a, b) }
func xor(a, b four) four        { return result(VXORPD, a, b) }

// polynomial is c[0] + x·(c[1] + x·(…)).
func polynomial(x four, c ...float64) four {
	y := repeated(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		y = sum(repeated(c[i]), product(x, y))
	}
	return y
}

// chosen is a in the lanes where the sign bit of mask is set, and b in the others.
func chosen(mask, a, b four) four {
	r := YMM()
	VBLENDVPD(mask, a, b, r)
	return r
}

// less is the mask of the lanes with a < b.
func less(a, b four) four {
	r := YMM()
	VCMPPD(U8(Less), b, a, r)
	return r
}

// toSign moves one bit to the sign bit and clears the others.
func toSign(bit uint8, x four) four {
	r := YMM()
	VPSRLQ(U8(bit), x, r)
	VPSLLQ(U8(63), r, r)
	return r
}

// transposed exchanges vectors and lanes.
func transposed(x [4]four) [4]four {
	halves := func(a, b four) (low, high four) { return result(VUNPCKLPD, a, b), result(VUNPCKHPD, a, b) }
	join := func(a, b four, which uint8) four {
		r := YMM()
		VPERM2F128(U8(which), b, a, r)
		return r
	}
	a, b := halves(x[0], x[1])
	c, d := halves(x[2], x[3])
	return [4]four{join(a, c, 0x20), join(b, d, 0x20), join(a, c, 0x31), join(b, d, 0x31)}
}

func (v kernel) turns() {
	v.Function("turns", "func(dst []"+turnType+", angles []float64) (near bool)")
	dst, angles, n, far, sign := Pointer("dst"), Pointer("angles"), Length("angles"), v.Zero(), repeated(math.Copysign(0, -1))
	SHRQ(U8(2), n)
	Loop(n, func() {
		angle, beyond := v.Load(At(angles)), YMM()
		VANDNPD(angle, sign, beyond)
		VCMPPD(U8(NotLess), repeated(farAngle), beyond, beyond)
		VORPD(beyond, far, far)
		quarters := product(angle, repeated(2/math.Pi))
		rounded := sum(quarters, repeated(toInteger))
		a := product(difference(quarters, difference(rounded, repeated(toInteger))), repeated(math.Pi/2))
		aa := product(a, a)
		s := sum(a, product(product(a, aa), polynomial(aa, sin1, sin2, sin3)))
		c := polynomial(aa, 1, cos1, cos2, cos3, cos4)
		// As in phases, odd quarters swap sine and cosine, and bits of n and n+1 are the signs.
		odd, second := toSign(0, rounded), toSign(1, rounded)
		sin, cos := xor(chosen(odd, c, s), second), xor(chosen(odd, s, c), xor(odd, second))
		low, high := result(VUNPCKLPD, sin, cos), result(VUNPCKHPD, sin, cos)
		for i, which := range []uint8{0x20, 0x31} {
			pair := YMM()
			VPERM2F128(U8(which), high, low, pair)
			VMOVUPD(pair, At(dst).Offset(i*v.Bytes))
		}
		Advance(v.Bytes, angles)
		Advance(2*v.Bytes, dst)
	})
	lanes, near := GP32(), GP8()
	VMOVMSKPD(far, lanes)
	TESTL(lanes, lanes)
	SETEQ(near)
	Store(near, Return("near"))
	v.Ret()
}

func (v kernel) gates() {
	v.Function("gates", "func(dst []"+gateType+", turns []"+turnType+")")
	dst, turns, n := Pointer("dst"), Pointer("turns"), Length("dst")
	SHRQ(U8(2), n)
	sign, one := repeated(math.Copysign(0, -1)), repeated(1)
	Loop(n, func() {
		var x [4]four
		for i := range x {
			x[i] = v.Load(At(turns).Offset(i * v.Bytes))
		}
		x = transposed(x)
		thetaSin, thetaCos, phiSin, phiCos := x[0], x[1], x[2], x[3]
		u, ai, dr, di := product(thetaCos, phiCos), product(thetaCos, phiSin), product(thetaSin, phiCos), xor(phiSin, sign)
		h := sum(product(thetaSin, thetaSin), product(ai, ai))
		VSQRTPD(h, h)
		absolute := YMM()
		VANDNPD(u, sign, absolute)
		tangent := quotient(h, sum(one, absolute))
		none := less(h, repeated(1e-30))
		h, ar := chosen(none, one, h), chosen(none, one, thetaSin)
		ai, dr, di = result(VANDNPD, none, ai), chosen(none, phiCos, dr), result(VANDNPD, none, di)
		flip := less(u, v.Zero())
		negative := result(VANDPD, flip, sign)
		ar, ai, di = xor(ar, negative), xor(ai, negative), xor(di, negative)
		VPSRLQ(U8(63), flip, flip)
		first := transposed([4]four{flip, tangent, quotient(ar, h), quotient(ai, h)})
		second := transposed([4]four{quotient(dr, h), quotient(di, h), phiSin, phiCos})
		for i := range first {
			VMOVUPD(first[i], At(dst).Offset(2*i*v.Bytes))
			VMOVUPD(second[i], At(dst).Offset((2*i+1)*v.Bytes))
		}
		Advance(4*v.Bytes, turns)
		Advance(8*v.Bytes, dst)
	})
	v.Ret()
}

// times multiplies the complex numbers of two vectors, of two each.
func times(x, y four) four {
	re, im, swapped, z := YMM(), YMM(), YMM(), YMM()
	VMOVDDUP(y, re)
	VPERMILPD(U8(0b1111), y, im)
	VPERMILPD(U8(0b0101), x, swapped)
	VADDSUBPD(product(swapped, im), product(x, re), z)
	return z
}

// monomials takes two factors at a time: a product that another needs at once is still in a register.
func (v kernel) monomials() {
	v.Function("monomials", "func(products, factors []"+pairType+", scale float64)")
	products, factors, n, pairs := Pointer("products"), Pointer("factors"), Length("factors"), GP64()
	one, scale := XMM(), XMM()
	VMOVSD(Constant64(1), one)
	Load(Param("scale"), scale)
	VMOVUPD(one, At(products))
	VMOVUPD(scale, At(products).Offset(16))
	MOVQ(U32(1), pairs)
	Tiles(n, []int{2, 1}, func(size int) {
		var z []four
		for i := range size {
			z = append(z, v.Load(At(factors).Offset(i*v.Bytes)))
		}
		low, apart := Copy(products), Copy(pairs)
		SHLQ(U8(5), apart)
		to := MultiplesOf(apart, size)
		Loop(Copy(pairs), func() {
			x, rows := []four{v.Load(At(low))}, to.From(low, 1<<size)
			for _, z := range z {
				for _, y := range x {
					x = append(x, times(y, z))
					VMOVUPD(x[len(x)-1], rows[len(x)-1])
				}
			}
			Advance(v.Bytes, low)
		})
		SHLQ(U8(size), pairs)
		Advance(size*v.Bytes, factors)
	})
	v.Ret()
}

func (v kernel) scalars() {
	v.Function("scalars", "func(dst []float32, products []"+pairType+", from []int32, first int)")
	dst, products, from, n, alphas := Pointer("dst"), Pointer("products"), Pointer("from"), Length("from"), Number("first")
	SHLQ(U8(5), alphas)
	NEGQ(alphas)
	ADDQ(products, alphas)
	both := func(low, high Mem) four {
		x, pair := XMM(), YMM()
		VMOVUPD(low, x)
		VINSERTF128(U8(1), high, x.AsY(), pair)
		return pair
	}
	SHRQ(U8(1), n)
	Loop(n, func() {
		f, g := GP64(), GP64()
		MOVL(At(from), f.As32())
		MOVL(At(from).Offset(4), g.As32())
		SHLQ(U8(5), f)
		SHLQ(U8(5), g)
		delta := both(At(products).Offset(16), At(products).Offset(48))
		narrow := XMM()
		VCVTPD2PSY(times(delta, both(Indexed(alphas, f, 1), Indexed(alphas, g, 1))), narrow)
		VMOVUPS(narrow, At(dst))
		Advance(8, from)
		Advance(16, dst)
		Advance(2*v.Bytes, products)
	})
	v.Ret()
}
