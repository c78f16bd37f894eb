package gan

import (
	"errors"
	"fmt"
	"math"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
)

// Generator describes a generator: t patches of one ansatz, one per time step,
// each with its own angles, and the distribution of the noise that they encode
// (DESIGN.md, section 1.2).
type Generator struct {
	Ansatz              circuit.Ansatz
	Timesteps           int     // t, patches, ≥ 1
	NoisePerPatch       bool    // each patch draws its own noise; otherwise all share one draw
	NoiseLow, NoiseHigh float64 // γ is uniform on [low, high), radians
	Kernel              circuit.Kernel
}

// Parameters returns the number of trainable angles, t·layers·qubits·2. It counts
// the RZ angles of the last layer even with encode_first and no final encoding,
// where they do not affect any probability.
func (g Generator) Parameters() int { return g.Timesteps * g.Ansatz.Angles() }

// Validate returns an error that lists every field out of bounds.
func (g Generator) Validate() error {
	var faults []error
	if err := g.Ansatz.Validate(); err != nil {
		faults = append(faults, err)
	}
	if g.Timesteps < 1 {
		faults = append(faults, fmt.Errorf("timesteps is %d, want 1 or more", g.Timesteps))
	}
	if !finite(g.NoiseLow, g.NoiseHigh) || g.NoiseLow > g.NoiseHigh {
		faults = append(faults, fmt.Errorf("noise is from %v to %v, want two numbers in order", g.NoiseLow, g.NoiseHigh))
	}
	return errors.Join(faults...)
}

// Noise describes γ for the quadratures of package statistics. It applies where
// OneAngle is true.
func (g Generator) Noise() statistics.Noise {
	n := statistics.Noise{
		Kind: statistics.Shared, Low: g.NoiseLow, High: g.NoiseHigh,
		Degree:     g.Ansatz.Encodings() * g.Ansatz.Qubits(),
		Polynomial: g.Ansatz.Readout != circuit.Postselect || g.Ansatz.Auxiliary == 0,
	}
	if g.Ansatz.Model != circuit.Quantum {
		n.Parts = g.Ansatz.Components()
	}
	switch {
	case g.Ansatz.Noise == circuit.NoNoise:
		n.Kind = statistics.None
	case g.NoisePerPatch:
		n.Kind = statistics.PerPatch
	}
	return n
}

// OneAngle reports whether a patch depends on at most one noise angle, so that its
// statistics are integrals over one variable.
func (g Generator) OneAngle() bool {
	return g.Ansatz.Noise == circuit.NoNoise || g.Ansatz.Noise == circuit.Shared && !g.Ansatz.NoisePerLayer
}

// integrable reports whether the probabilities of windows are integrals of polynomials
// of one noise angle, which a quadrature with a known number of nodes computes.
func (g Generator) integrable() bool { return g.OneAngle() && g.Noise().Polynomial }

// inputs returns the number of bits of a window, n·t.
func (g Generator) inputs() int { return g.Ansatz.Neurons * g.Timesteps }

// patchAngles returns the angles of one patch, a sub-slice of angles.
func (g Generator) patchAngles(angles []float64, step int) []float64 {
	n := g.Ansatz.Angles()
	return angles[step*n : (step+1)*n]
}

// startAngles draws the initial angles, [time][layer][qubit][RY, RZ], in radians. Those
// of an RBM are biases and weights: they are uniform on [−1, 1), whatever InitialAngles.
func (s Settings) startAngles(draw random.Generator) []float64 {
	low, width := 0.0, 1.0
	switch {
	case s.Ansatz.Model == circuit.RBM:
		low, width = -1, 2
	case s.InitialAngles == Uniform2Pi:
		width = 2 * math.Pi
	}
	angles := make([]float64, s.Parameters())
	for i := range angles {
		angles[i] = low + width*draw.Float64()
	}
	return angles
}

// finite reports whether no value is infinite or NaN.
func finite[F float32 | float64](values ...F) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}
