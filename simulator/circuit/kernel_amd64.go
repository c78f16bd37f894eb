//go:build !noasm

package circuit

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd ../_asm/circuit && go run . -out ../../circuit/kernel_amd64.s -stubs ../../circuit/kernel_stubs_amd64.go -pkg circuit"

// simdClass is the class of all processors with AVX2 and FMA, with or without
// AVX-512.
const simdClass = "simd/amd64" + level

var avx2 = loops{
	phases: phasesAVX2, factors: factorsAVX2, powers: powersAVX2, tensor: tensorAVX2,
	scale:  scaleAVX2,
	rotate: rotations{1: rotate1AVX2, 2: rotate2AVX2, 3: rotate3AVX2},
	gather: gatherAVX2, gatherAdjoint: gatherAdjointAVX2,
	gatherBlock: gatherBlockAVX2, gatherBlockAdjoint: gatherBlockAdjointAVX2, join: joinAVX2,
	overlapXY:  overlaps{1: overlapXY1AVX2, 2: overlapXY2AVX2},
	overlapY:   overlaps{1: overlapY1AVX2, 2: overlapY2AVX2},
	overlapDot: overlapDotAVX2,
	marginals:  marginalsAVX2, contract: contractAVX2, sums: sumsAVX2,
	probabilities: probabilitiesAVX2, weigh: weighAVX2, sample: sampleAVX2,
}

// avx512 uses 512-bit vectors only in loops that read many rows and write few, which
// profit from the larger number of registers. For the others AVX2 is at least as
// fast on Zen 4, whose units are 256 bits wide.
var avx512 = func() loops {
	l := avx2
	l.overlapXY = overlaps{1: overlapXY1AVX512, 2: overlapXY2AVX512}
	l.contract, l.gatherBlockAdjoint = contractAVX512, gatherBlockAdjointAVX512
	return l
}()

// assemblyKernels lists the generated kernels that this processor can run, best first.
func assemblyKernels() (kernels []Kernel) {
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA {
		return nil
	}
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL {
		kernels = append(kernels, Kernel{Name: "avx512", Class: simdClass, loops: &avx512})
	}
	return append(kernels, Kernel{Name: "avx2", Class: simdClass, loops: &avx2})
}
