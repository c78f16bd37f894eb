package vector

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"
)

// Pointer loads the address of the first element of a slice.
func Pointer(name string) reg.Register { return Load(Param(name).Base(), GP64()) }

// Length loads the number of elements of a slice.
func Length(name string) reg.Register { return Load(Param(name).Len(), GP64()) }

// Number loads an int or a pointer.
func Number(name string) reg.Register { return Load(Param(name), GP64()) }

// Parameter returns the memory of a number.
func Parameter(name string) Mem { return addressOf(Param(name)) }

// Result returns the memory of a result.
func Result(index int) Mem { return addressOf(ReturnIndex(index)) }

func addressOf(c gotypes.Component) Mem {
	basic, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

// Shifted is a number of things of 2^bits bytes, in bytes.
func Shifted(name string, bits int) reg.Register {
	r := Number(name)
	SHLQ(U8(bits), r)
	return r
}

// Copy returns a register with the same content.
func Copy(r reg.Register) reg.Register {
	c := GP64()
	MOVQ(r, c)
	return c
}

// At returns the memory that a register points to.
func At(p reg.Register) Mem { return Mem{Base: p} }

// Indexed returns the memory at p + scale·i.
func Indexed(p, i reg.Register, scale uint8) Mem { return Mem{Base: p, Index: i, Scale: scale} }

// Advance moves pointers.
func Advance(bytes int, pointers ...reg.Register) {
	for _, p := range pointers {
		ADDQ(I32(bytes), p)
	}
}

// constants holds the constants in memory, by their bits: written as a number, an
// F32 of 1 would become the integer 1.
var constants = map[Constant]Mem{}

func constant(bits Constant) Mem {
	m, ok := constants[bits]
	if !ok {
		m = ConstData(fmt.Sprintf("constant%d", len(constants)), bits)
		constants[bits] = m
	}
	return m
}

// Constant32 returns a float32 constant in memory.
func Constant32(x float64) Mem { return constant(U32(math.Float32bits(float32(x)))) }

// Bits32 returns a 32-bit mask in memory.
func Bits32(bits uint32) Mem { return constant(U32(bits)) }

// Bits64 returns a 64-bit number in memory.
func Bits64(bits uint64) Mem { return constant(U64(bits)) }

// Constant64 returns a float64 constant in memory.
func Constant64(x float64) Mem { return constant(U64(math.Float64bits(x))) }

// Multiples holds the addresses of a row and of the rows k, 2k, … after it.
type Multiples struct{ k, k3, k5, k7 reg.Register }

// MultiplesOf prepares up to 2^bits addresses.
func MultiplesOf(k reg.Register, bits int) Multiples {
	m := Multiples{k: k}
	if bits >= 2 {
		m.k3 = GP64()
		LEAQ(Indexed(m.k, m.k, 2), m.k3)
	}
	if bits >= 3 {
		m.k5, m.k7 = GP64(), GP64()
		LEAQ(Indexed(m.k, m.k, 4), m.k5)
		LEAQ(Indexed(m.k, m.k3, 2), m.k7)
	}
	return m
}

// From returns the addresses of n rows, up to 16. With multiples of fewer bits it takes another
// register instead.
func (m Multiples) From(p reg.Register, n int) []Mem {
	if n > 4 && m.k7 == nil {
		fourth := GP64()
		LEAQ(Indexed(p, m.k, 4), fourth)
		return append(m.From(p, 4), m.From(fourth, n-4)...)
	}
	if n > 8 {
		eighth := GP64()
		LEAQ(Indexed(p, m.k, 8), eighth)
		return append(m.From(p, 8), m.From(eighth, n-8)...)
	}
	return []Mem{
		At(p), Indexed(p, m.k, 1), Indexed(p, m.k, 2), Indexed(p, m.k3, 1),
		Indexed(p, m.k, 4), Indexed(p, m.k5, 1), Indexed(p, m.k3, 2), Indexed(p, m.k7, 1),
	}[:n]
}
