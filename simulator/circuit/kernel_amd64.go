//go:build !noasm

package circuit

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd _asm && go run . -out ../kernel_amd64.s -stubs ../kernel_stubs_amd64.go -pkg circuit"

// simdClass names the processors that give the same bits: those with AVX2 and
// FMA, whether or not they have AVX-512.
const simdClass = "simd/amd64" + level

var avx2 = loops{
	phases: phasesAVX2, factors: factorsAVX2, powers: powersAVX2, tensor: tensorAVX2,
	scale:  scaleAVX2,
	rotate: [4]func([]float32, []float32, span){1: rotate1AVX2, 2: rotate2AVX2, 3: rotate3AVX2},
	gather: gatherAVX2, gatherAdjoint: gatherAdjointAVX2,
	gatherBlock: gatherBlockAVX2, gatherBlockAdjoint: gatherBlockAdjointAVX2, join: joinAVX2,
	overlapXY: overlaps{1: overlapXY1AVX2, 2: overlapXY2AVX2}, overlapY: overlaps{1: overlapY1AVX2, 2: overlapY2AVX2},
	overlapDot: overlapDotAVX2,
	marginals:  marginalsAVX2, contract: contractAVX2, sums: sumsAVX2,
	probabilities: probabilitiesAVX2, weigh: weighAVX2, sample: sampleAVX2,
}

var avx512 = loops{
	phases: phasesAVX512, factors: factorsAVX512, powers: powersAVX512, tensor: tensorAVX512,
	scale:  scaleAVX512,
	rotate: [4]func([]float32, []float32, span){1: rotate1AVX512, 2: rotate2AVX512, 3: rotate3AVX512},
	gather: gatherAVX512, gatherAdjoint: gatherAdjointAVX512,
	gatherBlock: gatherBlockAVX512, gatherBlockAdjoint: gatherBlockAdjointAVX512, join: joinAVX512,
	overlapXY: overlaps{1: overlapXY1AVX512, 2: overlapXY2AVX512}, overlapY: overlaps{1: overlapY1AVX512, 2: overlapY2AVX512},
	overlapDot: overlapDotAVX512,
	marginals:  marginalsAVX512, contract: contractAVX512, sums: sumsAVX512,
	probabilities: probabilitiesAVX512, weigh: weighAVX512, sample: sampleAVX512,
}

// assemblyKernels lists the generated kernels that this processor can run, best first.
func assemblyKernels() (kernels []Kernel) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL {
		kernels = append(kernels, Kernel{Name: "avx512", Class: simdClass, loops: &avx512})
	}
	return append(kernels, Kernel{Name: "avx2", Class: simdClass, loops: &avx2})
}
