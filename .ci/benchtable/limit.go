package main

import "math"

// layers of the circuits of BenchmarkCircuit.
const layers = 5

// pass is one of the two things that are done with a circuit. Its limits are
// the estimates that the project began with, in circuits a second, for n = 4 and
// n = 10 on one core of its reference processor.
type pass struct {
	name                string
	perAmplitude        func(n float64) float64 // multiply-adds
	limitOf4, limitOf10 float64
}

var passes = []pass{
	{"forward", forward, 23e6, 485e3},
	{"gradient", gradient, 10.4e6, 160e3},
}

// referenceRate is how many multiply-adds a second the reference processor makes.
const referenceRate = 59e9

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

// multiplyAdds of one circuit.
func (p pass) multiplyAdds(n int) float64 { return math.Exp2(float64(n)) * p.perAmplitude(float64(n)) }

// limit is the estimated limit of circuits a second on a core that makes so many
// multiply-adds. What the two estimates leave of the processor's rate, to tables
// and memory, is interpolated in n between them and the same beyond.
func (p pass) limit(n int, rate float64) float64 {
	at4, at10 := p.limitOf4*p.multiplyAdds(4), p.limitOf10*p.multiplyAdds(10)
	x := min(max(float64(n-4)/6, 0), 1)
	return (at4 + x*(at10-at4)) / p.multiplyAdds(n) * rate / referenceRate
}
