// Command peak generates the loops of package peak: multiply-adds, and additions that wait for each
// other. Run it with go generate ./simulator/internal/peak.
package main

import (
	. "github.com/mmcloughlin/avo/build" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// chains is the number of independent sums: more than two units with a latency of
// four cycles need, and few enough for the registers of AVX2.
const chains = 12

// additions is the number of additions of a round.
const additions = 64

func main() {
	ConstraintExpr("!noasm")
	TEXT("add", NOSPLIT, "func(rounds int)")
	Doc("add makes 64 additions a round, each of which needs the one before: a clock cycle each.")
	x := GP64()
	XORQ(x, x)
	Loop(Number("rounds"), func() {
		for range additions {
			ADDQ(x, x)
		}
	})
	RET()
	for _, v := range []Vector{AVX2, AVX512} {
		v.Function("halve", "func(dst []float32, rounds int)")
		half, one := v.Broadcast(Constant32(0.5)), v.Broadcast(Constant32(1))
		dst, sums := Pointer("dst"), []reg.VecVirtual(nil)
		for i := range chains {
			sums = append(sums, v.Load(At(dst).Offset(i*v.Bytes)))
		}
		Loop(Number("rounds"), func() {
			for _, s := range sums {
				VFMADD213PS(one, half, s)
			}
		})
		for i, s := range sums {
			VMOVUPS(s, At(dst).Offset(i*v.Bytes))
		}
		v.Ret()
	}
	Generate()
}
