package circuit_test

import (
	"fmt"
	"math"

	"spiqsweep/simulator/circuit"
)

// The example computes the probabilities of the four words of two neurons, with two
// layers and shared noise, and the derivative of the probability of silence.
func Example() {
	ansatz := circuit.Ansatz{
		Neurons: 2, Layers: 2, Order: circuit.EncodeFirst, Entangler: circuit.Chain,
		Readout: circuit.Trace, Noise: circuit.Shared,
	}
	compiled, err := circuit.Compile(ansatz, circuit.DefaultKernel())
	if err != nil {
		fmt.Println(err)
		return
	}
	patch := compiled.NewPatch()
	patch.Set([]float64{0.3, 0.5, 1.2, 0.1, 0.7, 0, 0.2, 0}) // [layer][qubit][RY, RZ]

	noise := make([]float32, ansatz.NoiseRows()*circuit.Lanes) // [qubit][lane]
	for i := range noise {
		noise[i] = float32(i%circuit.Lanes) / circuit.Lanes * math.Pi
	}
	tile := compiled.NewTile(true)
	tile.Forward(patch, noise)

	law := make([]float32, ansatz.Words()*circuit.Lanes) // [word][lane]
	tile.Probabilities(law)
	for word := range ansatz.Words() {
		fmt.Printf("γ = 0: word %02b has probability %.3f\n", word, law[word*circuit.Lanes])
	}

	weights := make([]float32, len(law))
	weights[0] = 1 // word 0, lane 0
	gradient := make([]float64, ansatz.Angles())
	tile.Backward(patch, weights, gradient)
	fmt.Printf("P(silence) changes by %.3f per radian of the first angle\n", gradient[0])
	// Output:
	// γ = 0: word 00 has probability 0.477
	// γ = 0: word 01 has probability 0.112
	// γ = 0: word 10 has probability 0.311
	// γ = 0: word 11 has probability 0.100
	// P(silence) changes by -0.164 per radian of the first angle
}

// The exact simulator computes one sample at a time, in float64.
func ExampleExact() {
	ansatz := circuit.Ansatz{
		Neurons: 1, Layers: 1, Order: circuit.EncodeFirst, Entangler: circuit.Chain,
		Readout: circuit.Trace, Noise: circuit.Shared,
	}
	law := make([]float64, 2)
	ansatz.NewExact().Probabilities(law, []float64{math.Pi / 3, 0}, []float64{0})
	fmt.Printf("silent %.2f, spike %.2f\n", law[0], law[1])
	// Output: silent 0.75, spike 0.25
}
