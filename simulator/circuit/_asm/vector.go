package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Sizes in bytes: a row is 16 real parts, then 16 imaginary ones.
const (
	rowBytes  = 128
	halfBytes = 64
)

// vector is one of the two widths.
type vector struct {
	name     string // suffix of its functions
	bytes    int
	register func() reg.VecVirtual
}

var (
	avx2   = vector{"AVX2", 32, YMM}
	avx512 = vector{"AVX512", 64, ZMM}
)

func (v vector) wide() bool { return v.bytes == 64 }

// function begins one function, whose specification is the Go function of that name.
func (v vector) function(name, signature string) {
	TEXT(name+v.name, NOSPLIT, signature)
	Doc(fmt.Sprintf("%s%s is %s in %s.", name, v.name, name, map[string]string{
		"AVX2": "AVX2 with FMA", "AVX512": "AVX-512",
	}[v.name]))
	Pragma("noescape")
}

func (v vector) ret() {
	VZEROUPPER()
	RET()
}

// parts calls body for each vector of a half row, with its offset in bytes.
func (v vector) parts(body func(at int)) {
	for at := 0; at < halfBytes; at += v.bytes {
		body(at)
	}
}

func (v vector) load(m Mem) reg.VecVirtual {
	r := v.register()
	VMOVUPS(m, r)
	return r
}

func (v vector) broadcast(m Mem) reg.VecVirtual {
	r := v.register()
	VBROADCASTSS(m, r)
	return r
}

func (v vector) zero() reg.VecVirtual {
	r := v.register()
	VXORPS(r.AsX(), r.AsX(), r.AsX())
	return r
}

// complexValue is a vector of real parts and one of imaginary parts.
type complexValue struct{ re, im reg.VecVirtual }

func (v vector) loadComplex(m Mem, at int) complexValue {
	return complexValue{v.load(m.Offset(at)), v.load(m.Offset(at + halfBytes))}
}

func (v vector) storeComplex(c complexValue, m Mem, at int) {
	VMOVUPS(c.re, m.Offset(at))
	VMOVUPS(c.im, m.Offset(at+halfBytes))
}

func (v vector) zeroComplex() complexValue { return complexValue{v.zero(), v.zero()} }

// times is a·b: two products, each with one more fused in.
func (v vector) times(a, b complexValue) complexValue {
	y := complexValue{v.register(), v.register()}
	VMULPS(a.re, b.re, y.re)
	VMULPS(a.re, b.im, y.im)
	VFNMADD231PS(a.im, b.im, y.re)
	VFMADD231PS(a.im, b.re, y.im)
	return y
}

// timesConj is a·conj(b).
func (v vector) timesConj(a, b complexValue) complexValue {
	y := complexValue{v.register(), v.register()}
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

// addTo adds x to memory; x is used up.
func addTo(m Mem, x reg.VecVirtual) {
	VADDPS(m, x, x)
	VMOVUPS(x, m)
}

// pointer is the first element of a slice, number an int.
func pointer(name string) reg.Register { return Load(Param(name).Base(), GP64()) }
func length(name string) reg.Register  { return Load(Param(name).Len(), GP64()) }
func number(name string) reg.Register  { return Load(Param(name), GP64()) }

// rowsOf is an int that counts rows, in bytes.
func rowsOf(name string) reg.Register {
	r := number(name)
	SHLQ(U8(7), r)
	return r
}

func copyOf(r reg.Register) reg.Register {
	c := GP64()
	MOVQ(r, c)
	return c
}

func at(p reg.Register) Mem { return Mem{Base: p} }

func indexed(p, i reg.Register, scale uint8) Mem { return Mem{Base: p, Index: i, Scale: scale} }

// rowNumber loads an int32 row number and turns it into bytes of row or half row.
func rowNumber(m Mem, bytes int) reg.Register {
	r := GP64()
	MOVLQSX(m, r)
	SHLQ(U8(map[int]int{rowBytes: 7, halfBytes: 6}[bytes]), r)
	return r
}

var labels int

// loop runs body while count, which it uses up, is not 0.
func loop(count reg.Register, body func()) {
	labels++
	head, end := fmt.Sprintf("loop%d", labels), fmt.Sprintf("end%d", labels)
	TESTQ(count, count)
	JZ(LabelRef(end))
	Label(head)
	body()
	DECQ(count)
	JNZ(LabelRef(head))
	Label(end)
}

// advance moves a pointer.
func advance(bytes int, pointers ...reg.Register) {
	for _, p := range pointers {
		ADDQ(I32(bytes), p)
	}
}

const spanParam = "s *struct{ apart, run, lines, lineStride, groups, groupStride int }"

// span calls body for every row of a span with cursors into the given arrays;
// body must not move them.
func span(arrays []reg.Register, body func(cursors []reg.Register)) {
	s := Dereference(Param("s"))
	field := func(name string) reg.Register { return Load(s.Field(name), GP64()) }
	stride := func(name string) reg.Register {
		r := field(name)
		SHLQ(U8(7), r)
		return r
	}
	lineStride, groupStride := stride("lineStride"), stride("groupStride")
	loop(field("groups"), func() {
		var lines []reg.Register
		for _, a := range arrays {
			lines = append(lines, copyOf(a))
		}
		loop(field("lines"), func() {
			var cursors []reg.Register
			for _, l := range lines {
				cursors = append(cursors, copyOf(l))
			}
			loop(field("run"), func() {
				body(cursors)
				advance(rowBytes, cursors...)
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

// multiples are the addresses of a row and its partners: p, p+k, …, p+(n−1)k.
type multiples struct{ k, k3, k5, k7 reg.Register }

// apart loads the distance between partners, and what 2^bits of them need.
func apart(bits int) (m multiples) {
	m.k = Load(Dereference(Param("s")).Field("apart"), GP64())
	SHLQ(U8(7), m.k)
	if bits >= 2 {
		m.k3 = GP64()
		LEAQ(indexed(m.k, m.k, 2), m.k3)
	}
	if bits >= 3 {
		m.k5, m.k7 = GP64(), GP64()
		LEAQ(indexed(m.k, m.k, 4), m.k5)
		LEAQ(indexed(m.k, m.k3, 2), m.k7)
	}
	return m
}

func (m multiples) of(p reg.Register, n int) []Mem {
	return []Mem{
		at(p), indexed(p, m.k, 1), indexed(p, m.k, 2), indexed(p, m.k3, 1),
		indexed(p, m.k, 4), indexed(p, m.k5, 1), indexed(p, m.k3, 2), indexed(p, m.k7, 1),
	}[:n]
}
