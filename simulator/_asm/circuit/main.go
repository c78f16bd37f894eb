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
	for _, v := range []kernel{{vector.AVX2}, {vector.AVX512}} {
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

		v.overlapXY1()
		v.overlapXY2()
		v.overlapY1()
		v.overlapY2()
		v.overlapDot()
		v.marginals()
		v.contract()

		v.probabilities()
		v.addProbabilities()
		v.weigh()
		v.sample()
	}
	narrow := kernel{vector.AVX2}
	narrow.sums()
	narrow.turns()
	narrow.gates()
	narrow.monomials()
	narrow.scalars()
	wide := kernel{vector.AVX512} // what needs 32 registers
	wide.rotate(4)
	wide.gatherRotate()
	wide.gatherBlockRotate()
	wide.scaleGatherRotate()
	for bits := 1; bits <= 3; bits++ {
		wide.rotateProbabilities(bits)
	}
	build.Generate()
}
