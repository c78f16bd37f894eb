// Command _asm generates the AVX2 and AVX-512 kernels of package circuit.
//
// Every function comes in both widths from one description, and every width
// visits the terms of a sum in the same order with the same roundings, so both
// give the same bits. What each must compute is the Go function named in its
// comment. Run it with `go generate ./simulator/circuit`.
package main

import "github.com/mmcloughlin/avo/build"

func main() {
	build.ConstraintExpr("!noasm")
	for _, v := range []vector{avx2, avx512} {
		v.phases()
		v.factors()
		v.powers()
		v.tensor()
		v.scale()

		for bits := 1; bits <= 3; bits++ {
			v.rotate(bits)
		}
		v.gather()
		v.gatherAdjoint()
		v.gatherBlock()
		v.gatherBlockAdjoint()
		v.join()
		v.contract()

		v.overlapXY1()
		v.overlapXY2()
		v.overlapY1()
		v.overlapY2()
		v.overlapDot()
		v.marginals()
		v.sums()

		v.probabilities()
		v.weigh()
		v.sample()
	}
	build.Generate()
}
