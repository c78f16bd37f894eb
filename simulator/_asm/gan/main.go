// Command gan generates the AVX2 and AVX-512 loops of package gan.
//
// A loop of both widths has one description: both visit the terms of a sum in the
// same order with the same roundings, so they give the same bits. The Go function
// named in its comment specifies each loop. Run it with
// go generate ./simulator/gan.
package main

import (
	"github.com/mmcloughlin/avo/build"

	"spiqsweep/simulator/_asm/vector"
)

func main() {
	build.ConstraintExpr("!noasm")
	for _, k := range []kernel{{vector.AVX2}, {vector.AVX512}} {
		k.sumRows("sumRows", false)
		k.sumRows("addRows", true)
		k.transposeSets()
		k.switchOn()
		k.backSecond()
		k.unitsOn()
		k.unitsBetween()
		k.inputSlopes()
		k.sumSquares()
		k.penaltyScale()
		k.spreadSlopes()

		k.sumWords("sumWords", true)
		k.sumWords("sumSubsets", false)
		k.reach()
		k.findSwitched()
		k.bend()
		k.enumerate()
		k.transpose("transpose", false)
		k.transpose("addTranspose", true)
		k.addCounts()

		k.adam("adam32", single)
		k.adam("adam64", double)
	}
	wide := kernel{vector.AVX512}
	wide.fillSets()
	wide.float32s()
	build.Generate()
}

// kernel describes the loops in one width.
type kernel struct{ vector.Vector }

// groupBytes is the size of 64 hidden units, which loops process together.
const groupBytes = 256
