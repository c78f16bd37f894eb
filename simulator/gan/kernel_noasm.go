//go:build !amd64 || noasm

package gan

import "spiqsweep/simulator/circuit"

// loopsOf returns the portable loops, the only ones in this build.
func loopsOf(circuit.Kernel) *loops { return &portable }
