//go:build !noasm

package gan

import "spiqsweep/simulator/circuit"

//go:generate sh -c "cd ../_asm/gan && go run . -out ../../gan/kernel_amd64.s -stubs ../../gan/kernel_stubs_amd64.go -pkg gan"

var avx2 = loops{
	sumColumns: sumColumnsAVX2, addColumns: addColumnsAVX2,
	switchOn: switchOnAVX2, interpolate: interpolateAVX2, backSecond: backSecondAVX2,
	inputSlopes: inputSlopesAVX2, sumSquares: sumSquaresAVX2, spreadSlopes: spreadSlopesAVX2,
	sumWords: sumWordsAVX2, reach: reachAVX2,
	unitsOn: unitsOnAVX2, findSwitched: findSwitchedAVX2, bend: bendAVX2, enumerate: enumerateAVX2,
	transpose: transposeAVX2, addTranspose: addTransposeAVX2, addCounts: addCountsAVX2,
	adam32: adam32AVX2, adam64: adam64AVX2,
}

// avx512 uses 512-bit vectors only in loops where they are not slower than 256-bit
// ones on Zen 4, whose units are 256 bits wide: loops with many concurrent sums.
// The other loops broadcast, divide or wait for memory.
var avx512 = func() loops {
	l := avx2
	l.sumColumns, l.spreadSlopes = sumColumnsAVX512, spreadSlopesAVX512
	return l
}()

// loopsOf returns the inner loops that belong to a kernel of the circuits.
func loopsOf(k circuit.Kernel) *loops {
	switch k.Name {
	case "avx512":
		return &avx512
	case "avx2":
		return &avx2
	default:
		return &portable
	}
}
