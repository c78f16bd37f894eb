//go:build !amd64 || noasm

package gan

import "spiqsweep/simulator/circuit"

// loopsOf are the inner loops that belong to a kernel of the circuits: in this
// build there is one.
func loopsOf(circuit.Kernel) *loops { return &portable }
