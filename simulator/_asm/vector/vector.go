// Package vector describes vectors of float32 in both widths of the generated
// kernels, with helpers that their loops share.
package vector

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"
)

// LaneBytes is the size of 16 lanes of float32, the samples of a block.
const LaneBytes = 64

// Vector is one of the two widths.
type Vector struct {
	Name     string // suffix of its functions
	Bytes    int
	Register func() reg.VecVirtual
}

// The two widths.
var (
	AVX2   = Vector{"AVX2", 32, YMM}
	AVX512 = Vector{"AVX512", 64, ZMM}
)

// Wide reports whether there are 32 registers of 512 bits.
func (v Vector) Wide() bool { return v.Bytes == 64 }

// Function begins one function, whose specification is the Go function of that name.
func (v Vector) Function(name, signature string) {
	TEXT(name+v.Name, NOSPLIT, signature)
	Doc(fmt.Sprintf("%s%s is %s in %s.", name, v.Name, name, map[string]string{
		"AVX2": "AVX2 with FMA", "AVX512": "AVX-512",
	}[v.Name]))
	Pragma("noescape")
}

// Ret ends a function.
func (v Vector) Ret() {
	VZEROUPPER()
	RET()
}

// Parts calls body for each vector of so many bytes, with its offset.
func (v Vector) Parts(bytes int, body func(at int)) {
	for at := 0; at < bytes; at += v.Bytes {
		body(at)
	}
}

// Load is a vector from memory.
func (v Vector) Load(m Mem) reg.VecVirtual {
	r := v.Register()
	VMOVUPS(m, r)
	return r
}

// Broadcast is one float32 from memory in every lane.
func (v Vector) Broadcast(m Mem) reg.VecVirtual {
	r := v.Register()
	VBROADCASTSS(m, r)
	return r
}

// WithBroadcast returns an instruction whose first operand is one float32 from memory in
// every lane. AVX-512 has a form of the instruction that broadcasts.
func (v Vector) WithBroadcast(m Mem, instruction, broadcasting func(...Op)) func(...Op) {
	if v.Wide() {
		return func(operands ...Op) { broadcasting(append([]Op{m}, operands...)...) }
	}
	first := v.Broadcast(m)
	return func(operands ...Op) { instruction(append([]Op{first}, operands...)...) }
}

// Broadcast64 is one number of 64 bits from memory in every lane of as many.
func (v Vector) Broadcast64(m Mem) reg.VecVirtual {
	r := v.Register()
	VBROADCASTSD(m, r)
	return r
}

// Zero is a vector of zeros.
func (v Vector) Zero() reg.VecVirtual {
	r := v.Register()
	if v.Wide() {
		VXORPS(r.AsX(), r.AsX(), r.AsX())
	} else {
		VXORPS(r, r, r) // of the low half alone, the allocator would keep the high half alive and run into registers of AVX-512
	}
	return r
}

// Mask tells lanes apart: all ones in a narrow register, one bit a lane in a mask register.
type Mask struct {
	vector Vector
	lanes  reg.Register
}

// Predicates of comparisons.
const (
	Less        = 0x11 // false for NaN
	LessOrEqual = 0x12 // false for NaN
	NotLess     = 0x15 // true for NaN
	NotEqual    = 0x04 // true for NaN
)

// Compare is the mask of the lanes in which a is in that relation to b.
func (v Vector) Compare(a reg.VecVirtual, predicate uint8, b Op) Mask {
	m := Mask{v, nil}
	if v.Wide() {
		m.lanes = K()
	} else {
		m.lanes = YMM()
	}
	VCMPPS(U8(predicate), b, a, m.lanes)
	return m
}

// Test is the mask of the lanes in which the memory has the one bit that bit has.
func (v Vector) Test(m Mem, bit reg.VecVirtual) Mask {
	if v.Wide() {
		lanes := K()
		VPTESTMD(m, bit, lanes)
		return Mask{v, lanes}
	}
	lanes := YMM()
	VPAND(m, bit, lanes)
	VPCMPEQD(bit, lanes, lanes)
	return Mask{v, lanes}
}

// Keep is value in the lanes of the mask and 0 in the others.
func (m Mask) Keep(value reg.VecVirtual) reg.VecVirtual {
	kept := m.vector.Register()
	if m.vector.Wide() {
		VMOVAPS_Z(value, m.lanes, kept)
	} else {
		VANDPS(value, m.lanes, kept)
	}
	return kept
}

// AndCompare is Compare in the lanes of the mask.
func (m Mask) AndCompare(a reg.VecVirtual, predicate uint8, b Op) Mask {
	if m.vector.Wide() {
		both := Mask{m.vector, K()}
		VCMPPS(U8(predicate), b, a, m.lanes, both.lanes)
		return both
	}
	both := m.vector.Compare(a, predicate, b)
	VANDPS(m.lanes, both.lanes, both.lanes)
	return both
}

// Broadcast sets the lanes of the mask to one number of 32 bits from memory.
func (m Mask) Broadcast(from Mem, to reg.VecVirtual) {
	if m.vector.Wide() {
		VPBROADCASTD(from, m.lanes, to)
		return
	}
	VBLENDVPS(m.lanes, m.vector.Broadcast(from), to, to)
}

// Store stores one bit a lane.
func (m Mask) Store(to Mem) {
	if m.vector.Wide() {
		KMOVW(m.lanes, to)
		return
	}
	bits := GP32()
	VMOVMSKPS(m.lanes, bits)
	MOVB(bits.As8(), to)
}

// LoadMask is the mask that Store stored.
func (v Vector) LoadMask(m Mem) Mask {
	if v.Wide() {
		lanes := K()
		KMOVW(m, lanes)
		return Mask{v, lanes}
	}
	bits, bit, lanes := YMM(), YMM(), YMM()
	VPBROADCASTB(m, bits)
	VPMOVZXBD(constant(U64(0x8040201008040201)), bit)
	VPAND(bits, bit, lanes)
	VPCMPEQD(bit, lanes, lanes)
	return Mask{v, lanes}
}

// Add adds x to sum in the lanes of the mask.
func (m Mask) Add(x, sum reg.VecVirtual) {
	if m.vector.Wide() {
		VADDPS(x, sum, m.lanes, sum)
	} else {
		VADDPS(m.Keep(x), sum, sum)
	}
}

// Bits is a number with one bit a lane.
func (m Mask) Bits() reg.GPVirtual {
	bits := GP64()
	if m.vector.Wide() {
		KMOVW(m.lanes, bits.As32())
	} else {
		VMOVMSKPS(m.lanes, bits.As32())
	}
	return bits
}

// Zeros are n vectors of zeros.
func (v Vector) Zeros(n int) (z []reg.VecVirtual) {
	for range n {
		z = append(z, v.Zero())
	}
	return z
}

// AddTo adds x to memory; x is used up.
func AddTo(m Mem, x reg.VecVirtual) {
	VADDPS(m, x, x)
	VMOVUPS(x, m)
}
