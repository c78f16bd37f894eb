//go:build !amd64 || noasm

package circuit

// assemblyKernels lists the generated kernels: none in this build.
func assemblyKernels() []Kernel { return nil }

// loopsOf returns the portable loops, the only ones in this build, or nil for the zero Kernel.
func loopsOf(k Kernel) *loops {
	if k.Name == "" {
		return nil
	}
	return &portable
}

// WideLoops returns nothing: no loop of this build uses vectors of 512 bits.
func (Kernel) WideLoops() []string { return nil }
