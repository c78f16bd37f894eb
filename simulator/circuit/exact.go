package circuit

import (
	"math"
	"math/cmplx"
	"slices"
)

// Exact simulates one sample at a time in complex128, gate by gate, for every
// ansatz. It serves as a reference for the fast engine, evaluates trained models,
// and runs the settings that the fast engine does not support. It is not safe for
// concurrent use; its methods do not allocate, but for those of a classical generator.
type Exact struct {
	ansatz    Ansatz
	columns   []column
	entangled []int // where the CNOTs take each basis state

	state   []complex128 // after run: the final state
	psi     []complex128 // backward: the state, undone gate by gate
	lambda  []complex128 // backward: the weighted state, undone with it
	scratch []complex128
	weights []float64 // backward: by word
}

// exactStates is the number of states that an Exact holds.
const exactStates = 4

// NewExact returns a simulator of the ansatz; it panics if the ansatz is not valid.
func (a Ansatz) NewExact() *Exact {
	if err := a.Validate(); err != nil {
		panic(err)
	}
	size := 1 << a.Qubits()
	return &Exact{
		ansatz: a, columns: a.columns(), entangled: a.entangled(),
		state: make([]complex128, size), psi: make([]complex128, size),
		lambda: make([]complex128, size), scratch: make([]complex128, size),
		weights: make([]float64, a.Words()),
	}
}

// Probabilities fills dst with the probabilities of the feature qubits' words:
// 2^Neurons numbers, bit q of the index is neuron q. The angles are
// [layer][qubit][RY, RZ] flattened, the noise has NoiseRows numbers; all in radians.
func (e *Exact) Probabilities(dst, angles, noise []float64) {
	switch e.ansatz.Model {
	case Mixture:
		e.ansatz.mixtureLaw(dst, angles, e.ansatz.component(noise[0]))
	case RBM:
		r := newRBM(e.ansatz)
		r.set(angles)
		r.law(dst, e.ansatz.component(noise[0]))
	default:
		e.run(angles, noise)
		e.law(dst)
	}
}

// Gradient adds ∂/∂angles Σ_x p(x)·weights[x] to gradient, which has the shape
// of the angles; weights has 2^Neurons numbers.
func (e *Exact) Gradient(gradient, angles, noise, weights []float64) {
	if e.ansatz.Model == Quantum {
		e.run(angles, noise)
		e.backward(gradient, angles, noise, weights)
		return
	}
	law, component := make([]float64, e.ansatz.Words()), e.ansatz.component(noise[0])
	e.Probabilities(law, angles, noise)
	if e.ansatz.Model == Mixture {
		e.ansatz.mixtureGradient(gradient, angles, component, law, slices.Clone(weights))
		return
	}
	byLog, byLevel := make([]float64, len(law)), make([]float64, len(law))
	e.ansatz.rbmPull(byLog, byLevel, law, weights, component)
	e.ansatz.rbmGradient(gradient, angles, byLog, byLevel, make([]float64, len(law)))
}

// run computes the circuit's final state in e.state.
func (e *Exact) run(angles, noise []float64) {
	clear(e.state)
	e.state[0] = 1
	for _, c := range e.columns {
		for q := range e.ansatz.Qubits() {
			e.gate(c, q, angles, noise).apply(e.state, q)
		}
		if c.layer != noLayer {
			for x, y := range e.entangled {
				e.scratch[y] = e.state[x]
			}
			e.state, e.scratch = e.scratch, e.state
		}
	}
}

// law fills dst with the probabilities of the words in e.state.
func (e *Exact) law(dst []float64) {
	clear(dst)
	for x, v := range e.keptStates() {
		dst[x&(len(dst)-1)] += norm2(v)
	}
	if e.ansatz.Readout == Postselect {
		kept := 0.0
		for _, p := range dst {
			kept += p
		}
		for x := range dst {
			dst[x] /= kept
		}
	}
}

// keptStates returns the amplitudes that the readout keeps: with postselection
// those whose auxiliary qubits, the high bits, are 0.
func (e *Exact) keptStates() []complex128 {
	if e.ansatz.Readout == Postselect {
		return e.state[:e.ansatz.Words()]
	}
	return e.state
}

// backward adds the gradient of Σ p·weights at the state computed by run, by
// adjoint differentiation (Jones & Gacon 2020): it undoes the gates on state and
// weighted state together, and their overlap gives the derivative by each angle.
// It does not modify e.state.
func (e *Exact) backward(gradient, angles, noise, weights []float64) {
	copy(e.psi, e.state)
	clear(e.lambda)
	e.effective(weights)
	for x, v := range e.keptStates() {
		e.lambda[x] = complex(e.weights[x&(len(e.weights)-1)], 0) * v
	}
	for i := len(e.columns) - 1; i >= 0; i-- {
		c := e.columns[i]
		if c.layer != noLayer {
			e.psi, e.scratch = e.disentangle(e.scratch, e.psi)
			e.lambda, e.scratch = e.disentangle(e.scratch, e.lambda)
		}
		for q := range e.ansatz.Qubits() {
			if c.layer != noLayer {
				k := 2 * (c.layer*e.ansatz.Qubits() + q)
				ry, rz := derivatives(e.lambda, e.psi, q, angles[k+1])
				gradient[k] += ry
				gradient[k+1] += rz
			}
			undo := e.gate(c, q, angles, noise).adjoint()
			undo.apply(e.psi, q)
			undo.apply(e.lambda, q)
		}
	}
}

// effective fills e.weights with the weights of the kept amplitudes. A postselected
// law p(x) = P(x)/P has dp(x) = (dP(x) − p(x)·dP)/P.
func (e *Exact) effective(weights []float64) {
	copy(e.weights, weights)
	if e.ansatz.Readout == Trace {
		return
	}
	kept, mean := 0.0, 0.0
	for x, v := range e.keptStates() {
		kept += norm2(v)
		mean += norm2(v) * weights[x]
	}
	for x, w := range weights {
		e.weights[x] = (w - mean/kept) / kept
	}
}

// disentangle undoes the CNOTs of src into dst and returns (dst, src).
func (e *Exact) disentangle(dst, src []complex128) (undone, free []complex128) {
	for x, y := range e.entangled {
		dst[x] = src[y]
	}
	return dst, src
}

// gate returns the product of all gates of one column on one qubit.
func (e *Exact) gate(c column, q int, angles, noise []float64) matrix {
	m := matrix{1, 0, 0, 1}
	for _, enc := range c.encodings {
		switch {
		case e.ansatz.Noise == NoNoise:
		case e.ansatz.NoisePerLayer:
			m = rx(noise[enc*e.ansatz.Qubits()+q]).times(m)
		default:
			m = rx(noise[q]).times(m)
		}
	}
	if c.layer != noLayer {
		k := 2 * (c.layer*e.ansatz.Qubits() + q)
		m = rz(angles[k+1]).times(ry(angles[k])).times(m)
	}
	return m
}

// derivatives returns ∂/∂RY and ∂/∂RZ of Σ p·w for a qubit whose gates
// RZ(phi)·RY were the last to act on psi. With m_ab = Σ conj(λ_a)·ψ_b over the
// other qubits and the generators −iZ/2 and RZ·(−iY/2)·RZ†, they are
// Im(m_00 − m_11) and Re(e^{iφ}·m_10 − e^{−iφ}·m_01).
func derivatives(lambda, psi []complex128, q int, phi float64) (ry, rz float64) {
	var m00, m01, m10, m11 complex128
	bit := 1 << q
	for x, p0 := range psi {
		if x&bit != 0 {
			continue
		}
		p1 := psi[x|bit]
		l0, l1 := cmplx.Conj(lambda[x]), cmplx.Conj(lambda[x|bit])
		m00 += l0 * p0
		m01 += l0 * p1
		m10 += l1 * p0
		m11 += l1 * p1
	}
	turn := cmplx.Rect(1, phi)
	return real(turn*m10 - cmplx.Conj(turn)*m01), imag(m00 - m11)
}

// matrix is a gate on one qubit: [[m0, m1], [m2, m3]].
type matrix [4]complex128

func rx(x float64) matrix {
	s, c := math.Sincos(x / 2)
	return matrix{complex(c, 0), complex(0, -s), complex(0, -s), complex(c, 0)}
}

func ry(x float64) matrix {
	s, c := math.Sincos(x / 2)
	return matrix{complex(c, 0), complex(-s, 0), complex(s, 0), complex(c, 0)}
}

func rz(x float64) matrix {
	s, c := math.Sincos(x / 2)
	return matrix{complex(c, -s), 0, 0, complex(c, s)}
}

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
	}
}

func (m matrix) adjoint() matrix {
	return matrix{cmplx.Conj(m[0]), cmplx.Conj(m[2]), cmplx.Conj(m[1]), cmplx.Conj(m[3])}
}

// apply multiplies qubit q of the state by the matrix.
func (m matrix) apply(state []complex128, q int) {
	bit := 1 << q
	for base := 0; base < len(state); base += 2 * bit {
		zeros, ones := state[base:base+bit], state[base+bit:base+2*bit]
		for i, a := range zeros {
			b := ones[i]
			zeros[i], ones[i] = m[0]*a+m[1]*b, m[2]*a+m[3]*b
		}
	}
}

func norm2(v complex128) float64 { return real(v)*real(v) + imag(v)*imag(v) }
