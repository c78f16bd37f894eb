package circuit

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// Kernel is one implementation of the inner loops.
type Kernel struct {
	Name string // "avx512", "avx2" or "portable"
	// Class identifies the processors and builds whose results agree bit for bit
	// (DESIGN.md, section 3.3). It is part of a task's identity.
	Class string
}

// KernelVariable is the environment variable that selects the kernel by name.
const KernelVariable = "SPIQSWEEP_KERNEL"

// Kernels lists the kernels that this machine can run, best first.
func Kernels() []Kernel {
	return append(assemblyKernels(), Kernel{Name: "portable", Class: "portable/" + runtime.GOARCH + level})
}

// NamedKernel returns the kernel with this name, or the best one for "". It fails if
// this machine cannot run that kernel.
func NamedKernel(name string) (Kernel, error) {
	kernels := Kernels()
	if name == "" {
		return kernels[0], nil
	}
	var names []string
	for _, k := range kernels {
		names = append(names, k.Name)
	}
	i := slices.Index(names, name)
	if i < 0 {
		return Kernel{}, fmt.Errorf("kernel %q: must be one that this machine can run: %s", name, strings.Join(names, ", "))
	}
	return kernels[i], nil
}

// DefaultKernel returns the kernel named by SPIQSWEEP_KERNEL, or the best kernel of
// this machine. It panics if this machine cannot run the named kernel; programs
// that need an error call NamedKernel(os.Getenv(KernelVariable)).
func DefaultKernel() Kernel {
	k, err := NamedKernel(os.Getenv(KernelVariable))
	if err != nil {
		panic(fmt.Errorf("%s: %w", KernelVariable, err))
	}
	return k
}

// loops is a kernel's table of the inner loops of the fast engine. The portable
// loops, in plain Go, specify the results. Sizes are in rows; the blocks of a state
// are stride rows apart.
//
// Assembly may fuse multiplications with additions and split a sum over several
// accumulators, but must do so identically for every vector width, so that kernels
// of one class agree bit for bit.
type loops struct {
	turns     func(dst []turn, angles []float64) (near bool)
	gates     func(dst []gate, turns []turn)
	monomials func(products, factors []phasePair, scale float64)
	scalars   func(dst []float32, products []phasePair, from []int32, first int)
	phases    func(z, gamma []float32, rows int)
	factors   func(a, b, z, coefficients []float32, rows int)
	powers    func(dst, z []float32, bits int)
	tensor    func(dst, a, b []float32, bits int)
	scale     func(dst, src, scalars []float32, from []int32)

	rotate             rotations
	gather             func(dst, src, phases []float32, from []int32)
	gatherAdjoint      func(dst, src, phases []float32, from []int32)
	gatherBlock        func(dst, src, phases, phase []float32, from []int32)
	gatherBlockAdjoint func(dst, src, phases, phase []float32, from []int32)
	// These are gather, gatherBlock, and gather by phases as from scale, with rotate3 of the lowest
	// fusedBits bits of an index in the same pass. They are nil where there are too few registers.
	gatherRotate      func(dst, src, phases []float32, from []int32, t []float32)
	gatherBlockRotate func(dst, src, phases, phase []float32, from []int32, t []float32)
	scaleGatherRotate func(dst, src, noise, scalars []float32, noiseFrom, from []int32, t []float32)
	join              func(dst, low, high []float32, blocks, rows, stride, odd int)

	overlapXY  overlaps
	overlapY   overlaps
	overlapDot func(low, high, l, p []float32, blocks, rows, stride int)
	marginals  func(dst, v []float32, bits int)
	contract   func(pulledLow, pulledHigh, l, low, high []float32, blocks, rows, stride, odd int)
	sums       func(dst, v []float32)

	probabilities    func(dst, src []float32, words []int32, blocks, rows, stride int)
	addProbabilities func(dst, src []float32, words []int32, blocks, rows, stride int)
	// rotateProbabilities[n] is rotate[n] with probabilities in the same pass, which does not store the
	// state. words are those of the visited rows. It is nil where there are too few registers.
	rotateProbabilities [5]func(dst, src []float32, words []int32, t []float32, s *span)
	weigh               func(dst, src, weights []float32, words []int32, blocks, rows, stride int)
	sample              func(drawn *[Lanes]uint32, uniform *half, src []float32, words []int32, blocks, rows, stride int)
}
