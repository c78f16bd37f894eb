package circuit

import "math"

// Law computes the law of one patch in float64 with the same bits on every machine,
// whatever its kernel. [Exact] computes the same law faster, but its bits depend on how
// the compiler fuses operations. It is not safe for concurrent use.
type Law struct {
	ansatz    Ansatz
	columns   []column
	entangled []int
	angles    []float64
	gates     [][]matrix // [layer][qubit] RZ·RY

	state, scratch []complex128
	rates          []float64 // of a mixture: [component·n + neuron]
	logs, factors  []float64 // of an RBM: the weight of word x at level 0 is e^logs[x]·factors[x]
}

// NewLaw returns the law of a patch with these angles, [layer][qubit][RY, RZ] flattened,
// in radians. It panics if the ansatz is not valid.
func (a Ansatz) NewLaw(angles []float64) *Law {
	if err := a.Validate(); err != nil {
		panic(err)
	}
	l := &Law{ansatz: a, angles: angles}
	switch a.Model {
	case Mixture:
		for component := range a.Components() {
			for q := range a.Neurons {
				sin, _ := roundedSincos(angles[a.angleOf(component, q)] / 2)
				l.rates = append(l.rates, float64(sin*sin))
			}
		}
	case RBM:
		l.prepareRBM()
	default:
		l.columns, l.entangled = a.columns(), a.entangled()
		l.state, l.scratch = make([]complex128, len(l.entangled)), make([]complex128, len(l.entangled))
		l.gates = make([][]matrix, a.Layers)
		for layer := range l.gates {
			l.gates[layer] = make([]matrix, a.Qubits())
			for q := range l.gates[layer] {
				k := 2 * (layer*a.Qubits() + q)
				l.gates[layer][q] = roundedTimes(roundedRZ(angles[k+1]), roundedRY(angles[k]))
			}
		}
	}
	return l
}

// Weights fills dst with numbers in proportion to the probabilities of the 2^Neurons
// words given the noise, NoiseRows angles in radians; bit q of the index is neuron q. All
// are 0 if the readout keeps no outcome.
func (l *Law) Weights(dst, noise []float64) {
	switch l.ansatz.Model {
	case Mixture:
		l.mixture(dst, l.ansatz.component(noise[0]))
	case RBM:
		l.rbm(dst, l.ansatz.component(noise[0]))
	default:
		l.run(noise)
		kept := l.state
		if l.ansatz.Readout == Postselect {
			kept = kept[:l.ansatz.Words()]
		}
		clear(dst)
		for x, v := range kept {
			dst[x&(len(dst)-1)] += float64(real(v)*real(v)) + float64(imag(v)*imag(v))
		}
	}
}

// run computes the final state of the circuit in l.state.
func (l *Law) run(noise []float64) {
	clear(l.state)
	l.state[0] = 1
	qubits := l.ansatz.Qubits()
	// Qubits that share γ share its gate.
	before, encoding := math.NaN(), matrix{1, 0, 0, 1}
	for _, c := range l.columns {
		for q := range qubits {
			m := matrix{1, 0, 0, 1}
			for _, enc := range c.encodings {
				row := q
				switch {
				case l.ansatz.Noise == NoNoise:
					continue
				case l.ansatz.NoisePerLayer:
					row += enc * qubits
				}
				if noise[row] != before {
					before, encoding = noise[row], roundedRX(noise[row])
				}
				m = roundedTimes(encoding, m)
			}
			if c.layer != noLayer {
				m = roundedTimes(l.gates[c.layer][q], m)
			}
			roundedApply(m, l.state, q)
		}
		if c.layer != noLayer {
			for x, y := range l.entangled {
				l.scratch[y] = l.state[x]
			}
			l.state, l.scratch = l.scratch, l.state
		}
	}
}

// mixture is mixtureLaw.
func (l *Law) mixture(dst []float64, component int) {
	dst[0] = 1
	for q, rate := range l.rates[component*l.ansatz.Neurons:][:l.ansatz.Neurons] {
		silent, spiking := dst[:1<<q], dst[1<<q:2<<q]
		for x, p := range silent {
			spiking[x] = float64(p * rate)
			silent[x] = p - spiking[x]
		}
	}
}

// prepareRBM computes the weights of the words without the level. A hidden unit with the
// activation a gives the factor 1 + eᵃ = e^max(a, 0)·(1 + e^−|a|).
func (l *Law) prepareRBM() {
	a := l.ansatz
	l.logs, l.factors = make([]float64, a.Words()), make([]float64, a.Words())
	spread(l.logs, 0, l.angles[:a.Neurons])
	activations := make([]float64, a.Words())
	for x := range l.factors {
		l.factors[x] = 1
	}
	for j := range a.HiddenUnits() {
		unit := a.hiddenUnit(l.angles, j)
		spread(activations, unit[0], unit[1:])
		for x, activation := range activations {
			l.logs[x] += max(activation, 0)
			l.factors[x] = float64(l.factors[x] * (1 + roundedExp(-math.Abs(activation))))
		}
	}
}

// rbm is rbm.law, up to a factor. The largest weight is at least 1.
func (l *Law) rbm(dst []float64, component int) {
	spread(dst, 0, l.angles[l.ansatz.Neurons:2*l.ansatz.Neurons])
	level, most := l.ansatz.level(component), math.Inf(-1)
	for x, log := range l.logs {
		dst[x] = log + float64(level*dst[x])
		most = max(most, dst[x])
	}
	for x, log := range dst {
		dst[x] = float64(roundedExp(log-most) * l.factors[x])
	}
}

func roundedRX(x float64) matrix {
	s, c := roundedSincos(x / 2)
	return matrix{complex(c, 0), complex(0, -s), complex(0, -s), complex(c, 0)}
}

func roundedRY(x float64) matrix {
	s, c := roundedSincos(x / 2)
	return matrix{complex(c, 0), complex(-s, 0), complex(s, 0), complex(c, 0)}
}

func roundedRZ(x float64) matrix {
	s, c := roundedSincos(x / 2)
	return matrix{complex(c, -s), 0, 0, complex(c, s)}
}

// combine returns a·b + c·d, each operation rounded by itself.
func combine(a, b, c, d complex128) complex128 {
	return complex(
		float64(float64(real(a)*real(b))-float64(imag(a)*imag(b)))+float64(float64(real(c)*real(d))-float64(imag(c)*imag(d))),
		float64(float64(real(a)*imag(b))+float64(imag(a)*real(b)))+float64(float64(real(c)*imag(d))+float64(imag(c)*real(d))),
	)
}

func roundedTimes(m, n matrix) matrix {
	return matrix{
		combine(m[0], n[0], m[1], n[2]), combine(m[0], n[1], m[1], n[3]),
		combine(m[2], n[0], m[3], n[2]), combine(m[2], n[1], m[3], n[3]),
	}
}

// roundedApply multiplies qubit q of the state by the matrix.
func roundedApply(m matrix, state []complex128, q int) {
	bit := 1 << q
	for base := 0; base < len(state); base += 2 * bit {
		zeros, ones := state[base:base+bit], state[base+bit:base+2*bit]
		for i, a := range zeros {
			b := ones[i]
			zeros[i], ones[i] = combine(m[0], a, m[1], b), combine(m[2], a, m[3], b)
		}
	}
}
