//go:build !noasm

package circuit

import (
	"time"

	"golang.org/x/sys/cpu"

	"spiqsweep/simulator/internal/tuning"
)

//go:generate sh -c "cd ../_asm/circuit && go run . -out ../../circuit/kernel_amd64.s -stubs ../../circuit/kernel_stubs_amd64.go -pkg circuit"

// simdClass is the class of all processors with AVX2 and FMA, with or without
// AVX-512.
const simdClass = "simd/amd64" + level

var avx2 = asBuilt(loops{
	turns: turnsAVX2, gates: gatesAVX2, monomials: monomialsAVX2, scalars: scalarsAVX2,
	phases: phasesAVX2, factors: factorsAVX2, powers: powersAVX2, tensor: tensorAVX2,
	scale:  scaleAVX2,
	rotate: rotations{1: rotate1AVX2, 2: rotate2AVX2, 3: rotate3AVX2},
	gather: gatherAVX2, gatherAdjoint: gatherAdjointAVX2,
	gatherBlock: gatherBlockAVX2, gatherBlockAdjoint: gatherBlockAdjointAVX2, join: joinAVX2,
	overlapXY:  overlaps{1: overlapXY1AVX2, 2: overlapXY2AVX2},
	overlapY:   overlaps{1: overlapY1AVX2, 2: overlapY2AVX2},
	overlapDot: overlapDotAVX2,
	marginals:  marginalsAVX2, contract: contractAVX2, sums: sumsAVX2,
	probabilities: probabilitiesAVX2, addProbabilities: addProbabilitiesAVX2, weigh: weighAVX2, sample: sampleAVX2,
})

var avx512 = asBuilt(loops{
	turns: turnsAVX2, gates: gatesAVX2, monomials: monomialsAVX2, scalars: scalarsAVX2,
	phases: phasesAVX512, factors: factorsAVX512, powers: powersAVX512, tensor: tensorAVX512,
	scale:  scaleAVX512,
	rotate: rotations{1: rotate1AVX512, 2: rotate2AVX512, 3: rotate3AVX512, 4: rotate4AVX512},
	gather: gatherAVX512, gatherAdjoint: gatherAdjointAVX512,
	gatherBlock: gatherBlockAVX512, gatherBlockAdjoint: gatherBlockAdjointAVX512, join: joinAVX512,
	gatherRotate: gatherRotateAVX512, gatherBlockRotate: gatherBlockRotateAVX512, scaleGatherRotate: scaleGatherRotateAVX512,
	overlapXY:  overlaps{1: overlapXY1AVX512, 2: overlapXY2AVX512},
	overlapY:   overlaps{1: overlapY1AVX512, 2: overlapY2AVX512},
	overlapDot: overlapDotAVX512,
	marginals:  marginalsAVX512, contract: contractAVX512, sums: sumsAVX2,
	probabilities: probabilitiesAVX512, addProbabilities: addProbabilitiesAVX512, weigh: weighAVX512, sample: sampleAVX512,
	rotateProbabilities: [5]func(dst, src []float32, words []int32, t []float32, s *span){
		1: rotateProbabilities1AVX512, 2: rotateProbabilities2AVX512, 3: rotateProbabilities3AVX512,
	},
})

// asBuilt returns loops whose float64 steps round like compiled ones, so that a class has one set
// of bits: from GOAMD64=v3 on, the compiler fuses operations, which the assembly does not.
func asBuilt(l loops) loops {
	if level >= ".v3" {
		l.turns, l.gates, l.monomials, l.scalars = turns, gates, monomials, scalars
	}
	return l
}

// assemblyKernels lists the generated kernels that this processor can run, best first.
func assemblyKernels() (kernels []Kernel) {
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA {
		return nil
	}
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL && x.HasBMI1 && x.HasBMI2 {
		kernels = append(kernels, Kernel{Name: "avx512", Class: simdClass})
	}
	return append(kernels, Kernel{Name: "avx2", Class: simdClass})
}

// loopsOf returns the inner loops of a kernel, or nil for the zero Kernel.
func loopsOf(k Kernel) *loops {
	switch k.Name {
	case "avx512":
		return &fastest().Table
	case "avx2":
		return &avx2
	case "portable":
		return &portable
	}
	return nil
}

// WideLoops returns the names of the loops in which this kernel uses vectors of 512 bits: those in
// which they were faster on this processor.
func (k Kernel) WideLoops() []string {
	if k.Name != "avx512" {
		return nil
	}
	return fastest().Taken
}

// choice holds the loops of the kernel "avx512".
var choice tuning.Choice[loops]

// fastest chooses each loop by its share of a small circuit's time. Processors differ: 512-bit
// vectors double the throughput where the units have that width, and cost some where they have half
// of it.
func fastest() *tuning.Choice[loops] {
	return choice.Once(func(c *tuning.Choice[loops]) {
		c.Table = avx2 // with which uses set their patches
		var uses []func()
		for auxiliary := range 2 { // one block, and several
			a := Ansatz{Neurons: wholeBits, Auxiliary: auxiliary, Layers: 3, Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: PerQubit}
			uses = append(uses, a.use(&c.Table))
		}
		c.Between(avx2, avx512, func() {
			for _, use := range uses {
				use()
			}
		}, time.Now)
	})
}

// use returns a function that calls every method of tiles.
func (a Ansatz) use(l *loops) func() {
	c := &Circuit{ansatz: a, loops: l, plan: newPlan(a)}
	patch, plain, keeping := c.NewPatch(), c.NewTile(false), c.NewTile(true)
	noise, weights, gradient := make([]float32, a.NoiseRows()*Lanes), make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
	var uniform [Lanes]float32
	var words [Lanes]uint32
	for i := range weights {
		weights[i] = 1
	}
	return func() {
		plain.Forward(patch, noise)
		plain.Probabilities(weights)
		keeping.Forward(patch, noise)
		keeping.Sample(&uniform, &words)
		keeping.Backward(patch, weights, gradient)
	}
}
