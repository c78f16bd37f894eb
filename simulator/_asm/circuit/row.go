package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// Sizes in bytes: a row is 16 real parts, then 16 imaginary ones.
const (
	rowBytes  = 128
	halfBytes = LaneBytes
)

// kernel describes the loops in one width.
type kernel struct{ Vector }

// parts calls body for each vector of a half row, with its offset in bytes.
func (v kernel) parts(body func(at int)) { v.Parts(halfBytes, body) }

// complexValue is a vector of real parts and one of imaginary parts.
type complexValue struct{ re, im reg.VecVirtual }

func (v kernel) loadComplex(m Mem, at int) complexValue {
	return complexValue{v.Load(m.Offset(at)), v.Load(m.Offset(at + halfBytes))}
}

func (v kernel) storeComplex(c complexValue, m Mem, at int) {
	VMOVUPS(c.re, m.Offset(at))
	VMOVUPS(c.im, m.Offset(at+halfBytes))
}

func (v kernel) zeroComplex() complexValue { return complexValue{v.Zero(), v.Zero()} }

// times is a·b: two products, each with one more fused in.
func (v kernel) times(a, b complexValue) complexValue {
	y := complexValue{v.Register(), v.Register()}
	VMULPS(a.re, b.re, y.re)
	VMULPS(a.re, b.im, y.im)
	VFNMADD231PS(a.im, b.im, y.re)
	VFMADD231PS(a.im, b.re, y.im)
	return y
}

// timesConj is a·conj(b).
func (v kernel) timesConj(a, b complexValue) complexValue {
	y := complexValue{v.Register(), v.Register()}
	VMULPS(a.re, b.re, y.re)
	VMULPS(a.im, b.re, y.im)
	VFMADD231PS(a.im, b.im, y.re)
	VFNMADD231PS(a.re, b.im, y.im)
	return y
}

// addTimes adds a·b to y.
func addTimes(y, a, b complexValue) {
	VFMADD231PS(a.re, b.re, y.re)
	VFMADD231PS(a.re, b.im, y.im)
	VFNMADD231PS(a.im, b.im, y.re)
	VFMADD231PS(a.im, b.re, y.im)
}

// addTimesConj adds a·conj(b) to y.
func addTimesConj(y, a, b complexValue) {
	VFMADD231PS(a.re, b.re, y.re)
	VFMADD231PS(a.im, b.re, y.im)
	VFMADD231PS(a.im, b.im, y.re)
	VFNMADD231PS(a.re, b.im, y.im)
}

// rowsOf converts an int parameter that counts rows to bytes.
func rowsOf(name string) reg.Register { return Shifted(name, 7) }

// rowNumber loads an int32 row number and turns it into bytes of row or half row.
func rowNumber(m Mem, bytes int) reg.Register {
	r := GP64()
	MOVLQSX(m, r)
	SHLQ(U8(map[int]int{rowBytes: 7, halfBytes: 6}[bytes]), r)
	return r
}

const spanParam = "s *struct{ apart, run, lines, lineStride, groups, groupStride int }"

// span calls body for every row of a span with cursors into the given arrays. body
// must not move the cursors.
func span(arrays []reg.Register, body func(cursors []reg.Register)) {
	s := Dereference(Param("s"))
	field := func(name string) reg.Register { return Load(s.Field(name), GP64()) }
	stride := func(name string) reg.Register {
		r := field(name)
		SHLQ(U8(7), r)
		return r
	}
	lineStride, groupStride := stride("lineStride"), stride("groupStride")
	Loop(field("groups"), func() {
		var lines []reg.Register
		for _, a := range arrays {
			lines = append(lines, Copy(a))
		}
		Loop(field("lines"), func() {
			var cursors []reg.Register
			for _, l := range lines {
				cursors = append(cursors, Copy(l))
			}
			Loop(field("run"), func() {
				body(cursors)
				Advance(rowBytes, cursors...)
			})
			for _, l := range lines {
				ADDQ(lineStride, l)
			}
		})
		for _, a := range arrays {
			ADDQ(groupStride, a)
		}
	})
}

// apart prepares the addresses of a row and its 2^bits − 1 partners.
func apart(bits int) Multiples {
	k := Load(Dereference(Param("s")).Field("apart"), GP64())
	SHLQ(U8(7), k)
	return MultiplesOf(k, bits)
}
