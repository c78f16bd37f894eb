// Command circuit generates the AVX2 and AVX-512 loops of package circuit.
//
// A loop of both widths has one description: both visit the terms of a sum in the
// same order with the same roundings, so they give the same bits. The Go function
// named in its comment specifies each loop. Run it with
// go generate ./simulator/circuit.
package main

import (
	"github.com/mmcloughlin/avo/build"

	"spiqsweep/simulator/_asm/vector"
)

func main() {
	build.ConstraintExpr("!noasm")
	avx2, avx512 := kernel{vector.AVX2}, kernel{vector.AVX512}
	avx2.phases()
	avx2.factors()
	avx2.powers()
	avx2.tensor()
	avx2.scale()

	for bits := 1; bits <= 3; bits++ {
		avx2.rotate(bits)
	}
	avx2.gather()
	avx2.gatherAdjoint()
	avx2.gatherBlock()
	avx2.join()

	avx2.overlapY1()
	avx2.overlapY2()
	avx2.overlapDot()
	avx2.marginals()
	avx2.sums()

	avx2.probabilities()
	avx2.weigh()
	avx2.sample()

	for _, v := range []kernel{avx2, avx512} {
		v.gatherBlockAdjoint()
		v.overlapXY1()
		v.overlapXY2()
		v.contract()
	}
	build.Generate()
}
