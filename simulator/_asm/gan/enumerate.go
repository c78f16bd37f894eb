package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// enumerate visits all units for several lanes together. It computes max(0, v − s)
// as v − min(v, s), because all lanes share the sum over v.
func (k kernel) enumerate() {
	k.Function("enumerate", "func(dst, switches, rows []float32, drawn []uint32, low, lowWords, reach, second []float32, stride int)")
	dst, switches, lanes, stride := Pointer("dst"), Pointer("switches"), Length("drawn"), Shifted("stride", 2)
	k.findSwitches(Copy(switches), Copy(lanes), stride)
	common, multiples := k.sumUnits(), MultiplesOf(stride, 2)
	Tiles(lanes, []int{4, 2, 1}, func(size int) {
		sums := map[int][]reg.VecVirtual{}
		k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(size) })
		at, low, second := Copy(switches), Pointer("low"), Pointer("second")
		Loop(Number("stride"), func() {
			weight, words := k.Broadcast(At(second)), map[int]reg.VecVirtual{}
			k.Parts(LaneBytes, func(part int) { words[part] = k.Load(At(low).Offset(part)) })
			for lane, m := range multiples.From(at, size) {
				s := k.Broadcast(m)
				k.Parts(LaneBytes, func(part int) {
					below := k.Register()
					VMINPS(s, words[part], below)
					VFMADD231PS(weight, below, sums[part][lane])
				})
			}
			Advance(4, at, second)
			Advance(LaneBytes, low)
		})
		for lane := range size {
			k.Parts(LaneBytes, func(part int) {
				VSUBPS(common[part], sums[part][lane], sums[part][lane])
				VMOVUPS(sums[part][lane], At(dst).Offset(lane*LaneBytes+part))
			})
			ADDQ(stride, switches)
		}
		Advance(size*LaneBytes, dst)
	})
	k.Ret()
}

// findSwitches subtracts the rows from the contributions of the drawn words, bounded
// below by the smallest contribution of any word.
func (k kernel) findSwitches(switches, lanes, stride reg.Register) {
	rows, drawn, lowWords, reach, zero := Pointer("rows"), Pointer("drawn"), Pointer("lowWords"), Pointer("reach"), k.Zero()
	Loop(lanes, func() {
		word := GP64()
		MOVL(At(drawn), word.As32())
		IMULQ(stride, word)
		ADDQ(lowWords, word)
		Upto(stride, groupBytes, func(at reg.Register) {
			k.Parts(groupBytes, func(part int) {
				here := func(p reg.Register) Mem { return Indexed(p, at, 1).Offset(part) }
				s, least := k.Load(here(word)), k.Register()
				VSUBPS(here(rows), s, s)
				VSUBPS(here(reach), zero, least)
				VMAXPS(least, s, s)
				VMOVUPS(s, here(switches))
			})
		})
		ADDQ(stride, rows)
		ADDQ(stride, switches)
		Advance(4, drawn)
	})
}

// sumUnits sums the contributions of all units, taken as linear, for each low word.
// It alternates between four sums to hide the latency of additions.
func (k kernel) sumUnits() map[int]reg.VecVirtual {
	const turns = 4
	sums := map[int][]reg.VecVirtual{}
	k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(turns) })
	low, second, count := Pointer("low"), Pointer("second"), Number("stride")
	SHRQ(U8(2), count)
	Loop(count, func() {
		for turn := range turns {
			weight := k.Broadcast(At(second).Offset(4 * turn))
			k.Parts(LaneBytes, func(part int) { VFMADD231PS(At(low).Offset(turn*LaneBytes+part), weight, sums[part][turn]) })
		}
		Advance(4*turns, second)
		Advance(turns*LaneBytes, low)
	})
	total := map[int]reg.VecVirtual{}
	k.Parts(LaneBytes, func(part int) {
		s := sums[part]
		VADDPS(s[1], s[0], s[0])
		VADDPS(s[3], s[2], s[2])
		VADDPS(s[2], s[0], s[0])
		total[part] = s[0]
	})
	return total
}
