package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// enumerate visits all units for several words together. It computes max(0, v − s)
// as v − min(v, s), because all lanes share the sum over v. AVX2 has too few registers
// to find the switches on the way: it stores them before.
func (k kernel) enumerate() {
	k.Function("enumerate", "func(dst, switches, rows []float32, drawn *[16]uint32, low, reach, second []float32)")
	common, shared, sizes := AllocLocal(LaneBytes), GP64(), []int{16, 4, 2}
	zero, drawn := k.Zero(), k.selection(Number("drawn"))
	if !k.Wide() {
		sizes = []int{4, 2}
		units, switches := k.units(drawn, zero), Pointer("switches")
		Loop(Length("second"), func() {
			units.next(func(part int, s reg.VecVirtual) { VMOVUPS(s, At(switches).Offset(part)) })
			Advance(LaneBytes, switches)
		})
		units.storeSum(common)
	}
	LEAQ(common, shared)
	dst, low, words := Pointer("dst"), Pointer("low"), Length("dst")
	SHRQ(U8(4), words)
	Tiles(words, sizes, func(size int) {
		sums, row := map[int][]reg.VecVirtual{}, Copy(low)
		k.Parts(LaneBytes, func(part int) { sums[part] = k.copies(zero, size) })
		visit := func(weight reg.VecVirtual, switches map[int]reg.VecVirtual) {
			for word := range size {
				atMost := k.WithBroadcast(At(row).Offset(4*word), VMINPS, VMINPS_BCST)
				k.Parts(LaneBytes, func(part int) {
					below := k.Register()
					atMost(switches[part], below)
					VFMADD231PS(weight, below, sums[part][word])
				})
			}
			Advance(LaneBytes, row)
		}
		if k.Wide() {
			units := k.units(drawn, zero)
			units.visitAll(visit)
			units.storeSum(common)
		} else {
			k.visitStored(visit)
		}
		for word := range size {
			sum := k.Broadcast(At(shared).Offset(4 * word))
			k.Parts(LaneBytes, func(part int) {
				VSUBPS(sum, sums[part][word], sums[part][word])
				VMOVUPS(sums[part][word], At(dst).Offset(word*LaneBytes+part))
			})
		}
		Advance(4*size, low, shared)
		Advance(size*LaneBytes, dst)
	})
	k.Ret()
}

// units visits the units one by one. It sums their contributions, taken as linear, for
// each low word, in four sums in turn to hide the latency of additions.
type units struct {
	kernel
	rows, low, reach, second reg.Register
	zero                     reg.VecVirtual
	drawn                    func(p reg.Register, part int) reg.VecVirtual
	sums                     map[int][]reg.VecVirtual
}

func (k kernel) units(drawn func(p reg.Register, part int) reg.VecVirtual, zero reg.VecVirtual) units {
	u := units{k, Pointer("rows"), Pointer("low"), Pointer("reach"), Pointer("second"), zero, drawn, map[int][]reg.VecVirtual{}}
	k.Parts(LaneBytes, func(part int) { u.sums[part] = k.copies(zero, 4) })
	return u
}

// copies are n vectors with the content of x. They are written as a whole: the allocator
// would keep the high parts of Zeros alive from the start of the function.
func (k kernel) copies(x reg.VecVirtual, n int) (all []reg.VecVirtual) {
	for range n {
		c := k.Register()
		VMOVAPS(x, c)
		all = append(all, c)
	}
	return all
}

// next returns the weight of the next unit. It calls use with its switches: the
// contributions of the drawn words less the rows, bounded below by the smallest
// contribution of any word.
func (u units) next(use func(part int, s reg.VecVirtual)) (weight reg.VecVirtual) {
	least := u.Register()
	VSUBPS(u.Broadcast(At(u.reach)), u.zero, least)
	u.Parts(LaneBytes, func(part int) {
		s := u.drawn(u.low, part)
		VSUBPS(At(u.rows).Offset(part), s, s)
		VMAXPS(least, s, s)
		use(part, s)
	})
	weight = u.Broadcast(At(u.second))
	u.Parts(LaneBytes, func(part int) {
		sums, turn := u.sums[part], u.Register()
		VMOVAPS(sums[0], turn)
		VFMADD231PS(At(u.low).Offset(part), weight, turn)
		for i := range sums[1:] {
			VMOVAPS(sums[i+1], sums[i])
		}
		VMOVAPS(turn, sums[len(sums)-1])
	})
	Advance(4, u.reach, u.second)
	Advance(LaneBytes, u.rows, u.low)
	return weight
}

// visitAll calls visit with the weight and the switches of each unit. It finds the
// switches of the next unit first, to hide their latency.
func (u units) visitAll(visit func(weight reg.VecVirtual, switches map[int]reg.VecVirtual)) {
	weight, switches, count := u.Register(), u.Register(), Length("second")
	find := func() { VMOVAPS(u.next(func(_ int, s reg.VecVirtual) { VMOVAPS(s, switches) }), weight) }
	find()
	DECQ(count)
	Loop(count, func() {
		w, s := u.Register(), u.Register()
		VMOVAPS(weight, w)
		VMOVAPS(switches, s)
		find()
		visit(w, map[int]reg.VecVirtual{0: s})
	})
	visit(weight, map[int]reg.VecVirtual{0: switches})
}

// visitStored calls visit with the weight and the stored switches of each unit.
func (k kernel) visitStored(visit func(weight reg.VecVirtual, switches map[int]reg.VecVirtual)) {
	from, second := Pointer("switches"), Pointer("second")
	Loop(Length("second"), func() {
		weight, switches := k.Broadcast(At(second)), map[int]reg.VecVirtual{}
		k.Parts(LaneBytes, func(part int) { switches[part] = k.Load(At(from).Offset(part)) })
		visit(weight, switches)
		Advance(4, second)
		Advance(LaneBytes, from)
	})
}

// storeSum stores the sums over all units, whose number is a multiple of 4.
func (u units) storeSum(m Mem) {
	u.Parts(LaneBytes, func(part int) {
		s := u.sums[part]
		VADDPS(s[1], s[0], s[0])
		VADDPS(s[3], s[2], s[2])
		VADDPS(s[2], s[0], s[0])
		VMOVUPS(s[0], m.Offset(part))
	})
}

// selection loads the indices of 16 lanes and returns a function that selects, for
// the lanes of a part, one of the 16 floats at p each.
func (k kernel) selection(from reg.Register) func(p reg.Register, part int) reg.VecVirtual {
	indices, high := map[int]reg.VecVirtual{}, map[int]reg.VecVirtual{}
	k.Parts(LaneBytes, func(part int) {
		indices[part] = k.Load(At(from).Offset(part))
		if !k.Wide() {
			high[part] = k.Register()
			VPSLLD(U8(28), indices[part], high[part]) // the sign is bit 3 of the index
		}
	})
	return func(p reg.Register, part int) reg.VecVirtual {
		chosen := k.Register()
		VPERMPS(At(p), indices[part], chosen)
		if !k.Wide() {
			upper := k.Register()
			VPERMPS(At(p).Offset(k.Bytes), indices[part], upper)
			VBLENDVPS(high[part], upper, chosen, chosen)
		}
		return chosen
	}
}
