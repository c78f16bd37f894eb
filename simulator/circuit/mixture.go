package circuit

import "math"

// A mixture of independent neurons is a classical generator with as many parameters as
// a circuit (Model). It has no entanglement, and no superposition that matters: γ on [0, 1) chooses one of 2·Layers components with equal probability, and
// neuron q of component c then spikes with probability sin²(θ/2), as a qubit does after
// RY(θ) on |0⟩. The angles of component c are those of the circuit's layer c/2, RY if c
// is even, RZ if it is odd.

// angleOf returns the index of the angle of a neuron in a component.
func (a Ansatz) angleOf(component, q int) int {
	return 2*(component/2*a.Qubits()+q) + component%2
}

// mixtureLaw fills dst with the probabilities of the words under a component.
func (a Ansatz) mixtureLaw(dst, angles []float64, component int) {
	dst[0] = 1
	for q := range a.Neurons {
		sin := math.Sin(angles[a.angleOf(component, q)] / 2)
		rate, silent := sin*sin, dst[:1<<q]
		spiking := dst[1<<q : 2<<q]
		for x, p := range silent {
			spiking[x] = p * rate
			silent[x] = p - spiking[x]
		}
	}
}

// mixtureGradient adds ∂/∂angles Σ_x p(x)·weights[x] of a component to gradient. law
// holds p. It overwrites the weights: with those summed out from the highest neuron
// down, the derivative by the rate of neuron q is the mean difference between the
// words with and without its spike.
func (a Ansatz) mixtureGradient(gradient, angles []float64, component int, law, weights []float64) {
	for q := a.Neurons - 1; q >= 0; q-- {
		angle := angles[a.angleOf(component, q)]
		sin, cos := math.Sincos(angle / 2)
		rate, slope := sin*sin, 0.0
		silent, spiking := weights[:1<<q], weights[1<<q:2<<q]
		for x, w := range silent {
			law[x] += law[x|1<<q] // the law of the lower neurons
			difference := spiking[x] - w
			slope += law[x] * difference
			silent[x] = w + rate*difference
		}
		gradient[a.angleOf(component, q)] += slope * sin * cos
	}
}

// mixtureTile is the Tile of a mixture.
type mixtureTile struct {
	componentTile
	law, weights []float64 // scratch
}

func newMixtureTile(a Ansatz) *mixtureTile {
	t := &mixtureTile{componentTile: componentTile{ansatz: a}, law: make([]float64, a.Words()), weights: make([]float64, a.Words())}
	for lane := range t.laws {
		t.laws[lane] = make([]float64, a.Words())
	}
	return t
}

// Forward implements Tile.
func (t *mixtureTile) Forward(p *Patch, noise []float32) {
	for lane, law := range t.laws {
		t.components[lane] = t.ansatz.component(float64(noise[lane]))
		t.ansatz.mixtureLaw(law, p.angles, t.components[lane])
	}
}

// Backward implements Tile.
func (t *mixtureTile) Backward(p *Patch, weights []float32, gradient []float64) {
	for lane, law := range t.laws {
		copy(t.law, law)
		for x := range t.weights {
			t.weights[x] = float64(weights[x*Lanes+lane])
		}
		t.ansatz.mixtureGradient(gradient, p.angles, t.components[lane], t.law, t.weights)
	}
}
