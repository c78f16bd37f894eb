package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// padded is the size in bytes of a row of sets for a number of things: of as many
// words of 32 bits, rounded up to a multiple of 64.
func padded(name string) reg.Register {
	n := Number(name)
	Advance(63, n)
	SHRQ(U8(6), n)
	SHLQ(U8(8), n)
	return n
}

// tableMembers is that of the network.
const tableMembers = 4

// sumRows adds the rows of src in each set, lowest first, for 64 units at a time, to
// sums in registers. If add is set they begin with dst, and the table is a row of zeros;
// otherwise they begin with the row of the table that holds the sum of the set's first
// members. AVX-512 visits two sets together: the additions of one hide the latency of
// the other's, and there are half as many ends of sets, which processors mispredict.
func (k kernel) sumRows(name string, add bool) {
	k.Function(name, "func(dst, src, table []float32, sets []uint32, rows, stride int)")
	sizes := []int{1}
	if k.Wide() {
		sizes = []int{2, 1}
	}
	dst, sets, stride, words, end, left := Pointer("dst"), Pointer("sets"), Shifted("stride", 2), padded("rows"), Length("sets"), AllocLocal(8)
	LEAQ(Indexed(sets, end, 4), end)
	MOVQ(Number("rows"), left)
	Tiles(left, sizes, func(size int) {
		Upto(stride, groupBytes, func(at reg.Register) {
			sums, starts, zeros := make([][]reg.VecVirtual, size), make([]Mem, size), Pointer("table")
			ADDQ(at, zeros)
			var keep reg.Register
			if add {
				row := GP64()
				LEAQ(Indexed(dst, at, 1), row)
				starts = []Mem{At(row), Indexed(row, stride, 1)}[:size]
			} else {
				keep = GP64()
				MOVQ(I32(^(1<<tableMembers - 1)), keep)
				for i := range starts {
					first := GP64()
					MOVL(At(sets).Offset(4*i), first.As32())
					ANDQ(I8(1<<tableMembers-1), first)
					IMULQ(stride, first)
					starts[i] = Indexed(zeros, first, 1)
				}
			}
			for i, m := range starts {
				k.Parts(groupBytes, func(part int) { sums[i] = append(sums[i], k.Load(m.Offset(part))) })
			}
			src, set := Pointer("src"), Copy(sets)
			ADDQ(at, src)
			k.whileBelow(set, end, words, func() {
				members := make([]reg.Register, size)
				for i := range members {
					low, high := GP64(), GP64()
					MOVL(At(set).Offset(4*i), low.As32())
					MOVL(Indexed(set, words, 1).Offset(4*i), high.As32())
					SHLQ(U8(32), high)
					ORQ(high, low)
					if !add {
						ANDQ(keep, low)
					}
					members[i] = low
				}
				if !add {
					MOVQ(I32(-1), keep)
				}
				k.addMembers(sums, members, src, zeros, stride)
				ADDQ(words, set)
				SHLQ(U8(6), stride)
				ADDQ(stride, src) // 64 rows
				SHRQ(U8(6), stride)
			})
			to := GP64()
			LEAQ(Indexed(dst, at, 1), to)
			for i, m := range []Mem{At(to), Indexed(to, stride, 1)}[:size] {
				k.Parts(groupBytes, func(part int) { VMOVUPS(sums[i][part/k.Bytes], m.Offset(part)) })
			}
		})
		for range size {
			ADDQ(stride, dst)
		}
		Advance(4*size, sets)
	})
	k.Ret()
}

// addMembers adds the rows of one or two sets of members to their sums. A set that ends
// before the other goes on with row 0 of the table, which is 0.
func (k kernel) addMembers(sums [][]reg.VecVirtual, members []reg.Register, src, zeros, stride reg.Register) {
	add := func(i int, row Mem) {
		for part, s := range sums[i] {
			VADDPS(row.Offset(part*k.Bytes), s, s)
		}
	}
	if len(members) == 1 {
		Members(members[0], func(number reg.Register) {
			IMULQ(stride, number)
			add(0, Indexed(src, number, 1))
		})
		return
	}
	JMP(LabelRef("test"))
	Label("pair")
	for i, set := range members {
		row := GP64()
		TZCNTQ(set, row)
		IMULQ(stride, row)
		ADDQ(src, row)
		BLSRQ(set, set) // sets the carry of an empty set
		CMOVQCS(zeros, row)
		add(i, At(row))
	}
	Label("test")
	some := Copy(members[0])
	ORQ(members[1], some)
	JNZ(LabelRef("pair"))
}

// fillSets gathers the words of a step of 16 windows, for which AVX2 would take as long as
// compiled code.
func (k kernel) fillSets() {
	numbers := GLOBL("laneNumbers", attr.RODATA|attr.NOPTR)
	for lane := range LaneBytes / 4 {
		DATA(4*lane, U32(lane))
	}
	k.Function("fillSets", "func(dst, words []uint32, windows, neurons, timesteps, rows, lane, step int)")
	dst, words, left, neurons, stride, next := Pointer("dst"), Pointer("words"), Number("windows"), Number("neurons"), Number("timesteps"), padded("rows")
	step := Shifted("step", 2)
	index, bias, set, shift := k.Register(), k.Register(), k.Register(), XMM()
	VPBROADCASTD(Number("lane").(reg.GP).As32(), index)
	VPMULLD(numbers, index, index)
	VPBROADCASTD(Bits32(1), bias)
	SHLQ(U8(6), stride) // of 16 windows, in bytes
	zero := GP64()
	XORQ(zero, zero)
	While(func() { CMPQ(zero, left) }, func() {
		some, every, lanes := K(), GP64(), GP64()
		MOVQ(U32(16), lanes)
		CMPQ(left, lanes)
		CMOVQLT(left, lanes)
		MOVQ(I32(-1), every)
		BZHIQ(lanes, every, every)
		KMOVW(every.As32(), some)
		VPXORD(set, set, set)
		used, at, from, steps := GP64(), Copy(dst), Copy(words), Number("timesteps")
		XORQ(used, used)
		Loop(steps, func() {
			gathered, word, moved := K(), k.Zero(), k.Register()
			KMOVW(some, gathered)
			VPGATHERDD(Mem{Base: from, Index: index, Scale: 4}, gathered, word)
			VMOVQ(used, shift)
			VPSLLD(shift, word, moved)
			VPORD(moved, set, set)
			ADDQ(neurons, used)
			CMPQ(used, U8(32))
			JL(LabelRef("fits"))
			VMOVDQU32(set, some, At(at))
			ADDQ(next, at)
			SUBQ(U8(32), used)
			rest := Copy(neurons)
			SUBQ(used, rest)
			VMOVQ(rest, shift)
			VPSRLD(shift, word, set)
			Label("fits")
			ADDQ(step, from)
		})
		VMOVQ(used, shift)
		last := k.Register()
		VPSLLD(shift, bias, last)
		VPORD(last, set, set)
		VMOVDQU32(set, some, At(at))
		Advance(LaneBytes, dst)
		ADDQ(stride, words)
		Advance(-16, left)
	})
	k.Ret()
}

// transposeSets tests one column in 64 rows at a time.
func (k kernel) transposeSets() {
	k.Function("transposeSets", "func(dst, src []uint32, rows, columns int)")
	dst, src, columns, height, width := Pointer("dst"), Pointer("src"), Number("columns"), padded("rows"), padded("columns")
	first, bit := GP64(), k.Register()
	XORQ(first, first)
	While(func() { CMPQ(first, columns) }, func() {
		count, most := Copy(columns), GP64()
		SUBQ(first, count)
		MOVQ(U32(32), most)
		CMPQ(count, most)
		CMOVQGT(most, count)
		VPBROADCASTD(Bits32(1), bit)
		Loop(count, func() {
			to := Copy(dst)
			Upto(height, groupBytes, func(at reg.Register) {
				for half := 0; half < groupBytes; half += groupBytes / 2 {
					k.Parts(groupBytes/2, func(part int) {
						k.Test(Indexed(src, at, 1).Offset(half+part), bit).Store(At(to).Offset(part / 32))
					})
					ADDQ(width, to)
				}
			})
			VPADDD(bit, bit, bit)
			Advance(4, dst)
		})
		ADDQ(height, src)
		Advance(32, first)
	})
	k.Ret()
}
