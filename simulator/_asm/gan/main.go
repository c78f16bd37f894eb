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
	narrow, wide := kernel{vector.AVX2}, kernel{vector.AVX512}
	narrow.addColumns()
	narrow.switchOn()
	narrow.interpolate()
	narrow.backSecond()
	narrow.inputSlopes()
	narrow.sumSquares()

	narrow.sumWords()
	narrow.reach()
	narrow.unitsOn()
	narrow.findSwitched()
	narrow.bend()
	narrow.enumerate()
	narrow.transpose("transpose", false)
	narrow.transpose("addTranspose", true)
	narrow.addCounts()

	narrow.adam("adam32", single)
	narrow.adam("adam64", double)

	for _, k := range []kernel{narrow, wide} {
		k.sumColumns()
		k.spreadSlopes()
	}
	build.Generate()
}

// kernel describes the loops in one width.
type kernel struct{ vector.Vector }

// groupBytes is the size of 64 hidden units, which loops process together.
const groupBytes = 256
