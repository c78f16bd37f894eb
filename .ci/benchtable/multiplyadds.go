package main

// layers of the circuits of BenchmarkCircuit.
const layers = 5

// passes are the two things that are done with a circuit, with the multiply-adds per amplitude of n
// qubits.
var passes = []struct {
	name         string
	perAmplitude func(n float64) float64
}{{"forward", forward}, {"gradient", gradient}}

// forward counts what the algebra of package circuit needs at least: complex
// numbers are turned by 2 multiply-adds a qubit, multiplied by a phase by 4 (8
// where it comes as one of the row and one of the block). All rotations but the
// first act on the state; above four qubits the second acts on its factors
// instead, which costs nearly nothing, and 8 write the state out. Probabilities
// cost 2. Tables are not counted, which are most of the work of the smallest.
func forward(n float64) float64 {
	if n <= 4 {
		return (layers-1)*(2*n+4) + 2
	}
	return (layers-2)*(2*n+phase(n)) + 8 + 2
}

// gradient adds the way back: weights instead of probabilities; the overlap Y of
// the last rotation, 2 a qubit, and X, Y and Z of the others, 4 a qubit and 2;
// each rotation and boundary undone; and above four qubits, instead of all that
// on the first two rotations, 16 for a contraction with their factors.
func gradient(n float64) float64 {
	onStates, contraction := float64(layers-3), 16.0
	if n <= 4 {
		onStates, contraction = layers-1, 0
	}
	undone := forward(n) - 2
	if n > 4 {
		undone -= 8
	}
	return forward(n) + 2*n + onStates*(4*n+2) + undone + contraction
}

func phase(n float64) float64 {
	if n <= 7 {
		return 4
	}
	return 8
}
