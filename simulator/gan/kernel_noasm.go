//go:build !amd64 || noasm

package gan

import "spiqsweep/simulator/circuit"

// loopsOf returns the portable loops, the only ones in this build.
func loopsOf(circuit.Kernel) *loops { return &portable }

// WideLoops returns nothing: no loop of this build uses vectors of 512 bits.
func WideLoops(circuit.Kernel) []string { return nil }
