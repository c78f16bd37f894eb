package plan

import "strings"

// rates are what the parts of a training cost on one core of the project's
// machine, in nanoseconds for each operation that the model counts. They were
// fitted to the processor time of gan.Trainer.Step by least squares of the
// relative error, over n = 2 … 11, t = 1 … 30, all gradients, other batches,
// critics, layers and constraints: root mean square 7 %, largest error 20 %
// (TestCostAgreesWithMeasurements has a selection, BenchmarkCost shows how they
// fare on this machine).
type rates struct {
	fast engine
	// Of the local gradient, for each sample and patch.
	perBend float64 // word and hidden unit, at t = 1; the more steps, the fewer units a patch can switch
	perWord float64 // word
	perUnit float64 // hidden unit
	// Of the critic, for each pair of windows.
	perInput   float64 // hidden unit and bit: both passes, Adam
	perPenalty float64 // hidden unit
	perPair    float64 // … with the draws
	perGate    float64 // rotation of a patch: its tables, once an iteration
}

// engine is what one circuit costs, by amplitude that a rotation turns and by
// rotation.
type engine struct {
	forward, forwardRotation   float64
	gradient, gradientRotation float64 // forward and backward together
}

var (
	simd = rates{
		fast:    engine{forward: 0.054, forwardRotation: 3.1, gradient: 0.21, gradientRotation: 1.2},
		perBend: 0.029, perWord: 1.04, perUnit: 1.0, perInput: 0.037, perPenalty: 0.36, perPair: 120, perGate: 110,
	}
	portable = rates{
		fast:    engine{forward: 0.545, forwardRotation: 11.7, gradient: 1.87, gradientRotation: 28.5},
		perBend: 1.13, perWord: 0.2, perUnit: 10.7, perInput: 1.62, perPenalty: 6.3,
	}
	// general is the engine of the settings that the fast one leaves out, for
	// which all kernels are the same.
	general = engine{forward: 2.3, forwardRotation: 170, gradient: 8.3, gradientRotation: 310}
)

// ratesOf are those of a kernel class (see circuit.Kernel).
func ratesOf(kernelClass string) rates {
	if strings.HasPrefix(kernelClass, "simd/") {
		return simd
	}
	return portable
}
