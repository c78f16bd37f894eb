package statistics

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
)

// circuit is a minimal model: per time step, layers times RX(γ), RY(θ), RZ(φ) on
// every qubit, then a chain of CNOTs (DESIGN.md, section 1.2).
type circuit struct {
	neurons, auxiliary, layers int
	postselect                 bool
	angles                     [][]float64 // [step][layer, qubit, axis]
}

func randomCircuit(neurons, auxiliary, timesteps, layers int, seed uint64) circuit {
	r := rand.New(rand.NewPCG(seed, 1))
	c := circuit{neurons: neurons, auxiliary: auxiliary, layers: layers, angles: make([][]float64, timesteps)}
	for step := range c.angles {
		c.angles[step] = make([]float64, 2*layers*(neurons+auxiliary))
		for i := range c.angles[step] {
			c.angles[step][i] = 2 * math.Pi * r.Float64()
		}
	}
	return c
}

func (c circuit) Neurons() int   { return c.neurons }
func (c circuit) Timesteps() int { return len(c.angles) }

func (c circuit) noise(kind NoiseKind) Noise {
	return Noise{Kind: kind, High: math.Pi, Degree: c.layers * (c.neurons + c.auxiliary), Polynomial: !c.postselect}
}

func (c circuit) Probabilities(step int, gamma float64, dst []float64) {
	qubits := c.neurons + c.auxiliary
	state := make([]complex128, 1<<qubits)
	state[0] = 1
	angles := c.angles[step]
	for range c.layers {
		for q := range qubits {
			theta, phi := angles[2*q]/2, angles[2*q+1]/2
			turn(state, q, complex(math.Cos(gamma/2), 0), complex(0, -math.Sin(gamma/2)), complex(0, -math.Sin(gamma/2)))
			turn(state, q, complex(math.Cos(theta), 0), complex(-math.Sin(theta), 0), complex(math.Sin(theta), 0))
			for word := range state {
				sign := float64(1 - 2*(word>>q&1))
				state[word] *= cmplx.Exp(complex(0, -phi*sign))
			}
		}
		for q := range qubits - 1 {
			for word := range state {
				if other := word ^ 2<<q; word>>q&1 == 1 && word < other {
					state[word], state[other] = state[other], state[word]
				}
			}
		}
		angles = angles[2*qubits:]
	}
	clear(dst)
	var kept float64
	for word, a := range state {
		p := real(a)*real(a) + imag(a)*imag(a)
		if !c.postselect || word>>c.neurons == 0 {
			dst[word&(1<<c.neurons-1)] += p
			kept += p
		}
	}
	for word := range dst {
		dst[word] /= kept
	}
}

// turn applies [[d, a], [b, d]] to qubit q.
func turn(state []complex128, q int, d, a, b complex128) {
	for word := range state {
		if word>>q&1 == 0 {
			x, y := state[word], state[word|1<<q]
			state[word], state[word|1<<q] = d*x+a*y, b*x+d*y
		}
	}
}
