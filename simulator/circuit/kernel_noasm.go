//go:build !amd64 || noasm

package circuit

// assemblyKernels lists the generated kernels: none in this build.
func assemblyKernels() []Kernel { return nil }
