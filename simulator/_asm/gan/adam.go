package main

import (
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// precision holds the instructions for one type of number, for vectors and scalars.
type precision struct {
	number         string
	bytes          int
	broadcast      func(...Op)
	vector, scalar arithmetic
}

type arithmetic struct {
	move, sqrt, add, sub, mul, div, fma func(...Op)
}

var (
	single = precision{
		"float32", 4, VBROADCASTSS,
		arithmetic{VMOVUPS, VSQRTPS, VADDPS, VSUBPS, VMULPS, VDIVPS, VFMADD231PS},
		arithmetic{VMOVSS, func(x ...Op) { VSQRTSS(x[0], x[0], x[1]) }, VADDSS, VSUBSS, VMULSS, VDIVSS, VFMADD231SS},
	}
	double = precision{
		"float64", 8, VBROADCASTSD,
		arithmetic{VMOVUPD, VSQRTPD, VADDPD, VSUBPD, VMULPD, VDIVPD, VFMADD231PD},
		arithmetic{VMOVSD, func(x ...Op) { VSQRTSD(x[0], x[0], x[1]) }, VADDSD, VSUBSD, VMULSD, VDIVSD, VFMADD231SD},
	}
)

// adam processes whole vectors, then the remaining numbers one by one.
func (k kernel) adam(name string, p precision) {
	k.Function(name, fmt.Sprintf("func(parameters, gradient, mean, square []%s, c *[8]%[1]s) bool", p.number))
	parameters, gradient, mean, square, coefficients := Pointer("parameters"), Pointer("gradient"), Pointer("mean"), Pointer("square"), Number("c")
	var c [8]reg.VecVirtual
	for i := range c {
		c[i] = k.Register()
		p.broadcast(At(coefficients).Offset(i*p.bytes), c[i])
	}
	bad := k.Zero() // NaN in the lanes of a parameter that is not finite
	update := func(bytes int, a arithmetic, register func() reg.VecVirtual) {
		coefficient := func(i int) Op {
			if bytes == k.Bytes {
				return c[i]
			}
			return c[i].AsX()
		}
		load := func(from reg.Register) reg.VecVirtual {
			x := register()
			a.move(At(from), x)
			return x
		}
		g, m, v, x := load(gradient), load(mean), load(square), load(parameters)
		newMean, newSquare := register(), register()
		a.mul(coefficient(1), g, newMean)
		a.fma(coefficient(0), m, newMean)
		VMOVAPS(coefficient(7), newSquare)
		a.fma(g, g, newSquare)
		a.mul(coefficient(3), newSquare, newSquare)
		a.fma(coefficient(2), v, newSquare)
		a.move(newMean, At(mean))
		a.move(newSquare, At(square))
		a.mul(coefficient(5), newSquare, newSquare)
		a.sqrt(newSquare, newSquare)
		a.add(coefficient(6), newSquare, newSquare)
		a.mul(coefficient(4), newMean, newMean)
		a.div(newSquare, newMean, newMean)
		a.sub(newMean, x, x)
		a.move(x, At(parameters))
		a.sub(x, x, x)
		if k.Wide() {
			VPORD(x.AsZ(), bad, bad)
		} else {
			VORPS(x.AsY(), bad, bad)
		}
		Advance(bytes, parameters, gradient, mean, square)
	}
	vectors, rest := Length("parameters"), Length("parameters")
	SHRQ(U8(bits.TrailingZeros(uint(k.Bytes/p.bytes))), vectors)
	ANDQ(U8(k.Bytes/p.bytes-1), rest)
	Loop(vectors, func() { update(k.Bytes, p.vector, k.Register) })
	Loop(rest, func() { update(p.bytes, p.scalar, XMM) })

	finite, some := GP8(), k.Compare(bad, NotEqual, bad).Bits() // as float32 the high half of a float64's NaN is one
	TESTL(some.As32(), some.As32())
	SETEQ(finite)
	Store(finite, ReturnIndex(0))
	k.Ret()
}
