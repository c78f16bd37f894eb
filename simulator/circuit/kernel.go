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
	// Class names the processors and builds whose results agree bit for bit
	// (DESIGN.md, section 3.3). It is part of a task's identity.
	Class string
	loops *loops
}

// KernelVariable is the environment variable that chooses the kernel by name.
const KernelVariable = "SPIQSWEEP_KERNEL"

// Kernels lists the kernels that this machine can run, best first.
func Kernels() []Kernel {
	return append(assemblyKernels(), Kernel{Name: "portable", Class: "portable/" + runtime.GOARCH + level, loops: &portable})
}

// NamedKernel returns the kernel of that name, or the best one for "".
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
		return Kernel{}, fmt.Errorf("choose kernel: this machine cannot run %q, only %s", name, strings.Join(names, ", "))
	}
	return kernels[i], nil
}

// DefaultKernel is the best kernel of this machine, or the one that
// SPIQSWEEP_KERNEL names. It panics if this machine cannot run that one: a
// program calls NamedKernel(os.Getenv(KernelVariable)) first to say so politely.
func DefaultKernel() Kernel {
	k, err := NamedKernel(os.Getenv(KernelVariable))
	if err != nil {
		panic(fmt.Errorf("%s: %w", KernelVariable, err))
	}
	return k
}
