package gan

import (
	"errors"
	"fmt"
	"math"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// Generator is t patches of one ansatz, one per time step, each with angles of
// its own, and the law of the noise that they encode (DESIGN.md, section 1.2).
type Generator struct {
	Ansatz              circuit.Ansatz
	Timesteps           int     // t, patches, ≥ 1
	NoisePerPatch       bool    // every patch draws its own noise; otherwise all share one draw
	NoiseLow, NoiseHigh float64 // γ is uniform on [low, high), radians
	Kernel              circuit.Kernel
}

// Parameters is the number of trainable angles, t·layers·qubits·2. With
// encode_first and no final encoding the last layer's RZ are among them though
// they never change a probability.
func (g Generator) Parameters() int { return g.Timesteps * g.Ansatz.Angles() }

// Validate reports what is out of bounds.
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

// inputs is the number of bits of a window, n·t.
func (g Generator) inputs() int { return g.Ansatz.Neurons * g.Timesteps }

// patchAngles are the angles of one patch among those of all.
func (g Generator) patchAngles(angles []float64, step int) []float64 {
	n := g.Ansatz.Angles()
	return angles[step*n : (step+1)*n]
}

// startAngles draws the angles that a training starts from, [time][layer][qubit][RY, RZ].
func (s Settings) startAngles(draw random.Generator) []float64 {
	width := 1.0
	if s.InitialAngles == Uniform2Pi {
		width = 2 * math.Pi
	}
	angles := make([]float64, s.Parameters())
	for i := range angles {
		angles[i] = width * draw.Float64()
	}
	return angles
}

// finite says whether no value is infinite or NaN.
func finite[F float32 | float64](values ...F) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}
