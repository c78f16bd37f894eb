package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// enumerate visits all units for several words together. It computes max(0, v − s)
// as v − min(v, s), because all lanes share the sum over v.
func (k kernel) enumerate() {
	k.Function("enumerate", "func(dst, switches, rows []float32, drawn *[16]uint32, low, reach, second []float32)")
	k.findSwitches()
	common, shared := AllocLocal(LaneBytes), GP64()
	for part, sum := range k.sumUnits() {
		VMOVUPS(sum, common.Offset(part))
	}
	LEAQ(common, shared)
	dst, low, words, sizes := Pointer("dst"), Pointer("low"), Length("dst"), []int{4, 2}
	if k.Wide() {
		sizes = []int{16, 4, 2}
	}
	SHRQ(U8(4), words)
	Tiles(words, sizes, func(size int) {
		sums := map[int][]reg.VecVirtual{}
		k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(size) })
		switches, row, second := Pointer("switches"), Copy(low), Pointer("second")
		Loop(Length("second"), func() {
			weight, s := k.Broadcast(At(second)), map[int]reg.VecVirtual{}
			k.Parts(LaneBytes, func(part int) { s[part] = k.Load(At(switches).Offset(part)) })
			for word := range size {
				added := k.Broadcast(At(row).Offset(4 * word))
				k.Parts(LaneBytes, func(part int) {
					below := k.Register()
					VMINPS(s[part], added, below)
					VFMADD231PS(weight, below, sums[part][word])
				})
			}
			Advance(4, second)
			Advance(LaneBytes, switches, row)
		})
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

// findSwitches subtracts the rows from the contributions of the drawn words, bounded
// below by the smallest contribution of any word.
func (k kernel) findSwitches() {
	switches, rows, low, reach, zero := Pointer("switches"), Pointer("rows"), Pointer("low"), Pointer("reach"), k.Zero()
	drawn := k.selection(Number("drawn"))
	Loop(Length("second"), func() {
		least := k.Register()
		VSUBPS(k.Broadcast(At(reach)), zero, least)
		k.Parts(LaneBytes, func(part int) {
			s := drawn(low, part)
			VSUBPS(At(rows).Offset(part), s, s)
			VMAXPS(least, s, s)
			VMOVUPS(s, At(switches).Offset(part))
		})
		Advance(4, reach)
		Advance(LaneBytes, switches, rows, low)
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

// sumUnits sums the contributions of all units, taken as linear, for each low word.
// It alternates between four sums to hide the latency of additions.
func (k kernel) sumUnits() map[int]reg.VecVirtual {
	const turns = 4
	sums := map[int][]reg.VecVirtual{}
	k.Parts(LaneBytes, func(part int) { sums[part] = k.Zeros(turns) })
	low, second, count := Pointer("low"), Pointer("second"), Length("second")
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
