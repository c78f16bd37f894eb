package circuit

import "fmt"

// Order selects whether a layer begins with the noise or with the angles.
type Order string

// The orders of noise encoding E and parametrised block P.
const (
	EncodeFirst     Order = "encode_first"     // (E P) × layers
	ParametersFirst Order = "parameters_first" // (P E) × layers
)

// Entangler is the network of CNOTs that ends every parametrised block.
type Entangler string

// The entanglers. A CNOT is written control→target.
const (
	Chain   Entangler = "chain" // q→q+1 for q = 0, 1, …, in this order
	Ring    Entangler = "ring"  // the chain, then last→0 (from three qubits on: two have one pair only)
	Brick   Entangler = "brick" // q→q+1 for even q, then for odd q
	NoCNOTs Entangler = "none"  // the classical control: a mixture of independent neurons
)

// Readout selects the treatment of the auxiliary qubits.
type Readout string

// The readouts. Postselection gives NaN if the kept outcome has probability 0.
const (
	Trace      Readout = "trace"      // summed out
	Postselect Readout = "postselect" // only outcomes 0…0 are kept, and renormalised
)

// Noise selects the angles of the noise encodings.
type Noise string

// The kinds of noise. Shared and PerQubit give the same circuit: for Shared, the
// caller repeats γ in every row.
const (
	Shared   Noise = "shared"
	PerQubit Noise = "per_qubit"
	NoNoise  Noise = "none" // every encoding is the identity, no rows are read
)

// Model selects the generator of a patch.
type Model string

// The models. Quantum is the zero value.
const (
	Quantum Model = ""        // the circuit
	Mixture Model = "mixture" // a mixture of independent neurons
	RBM     Model = "rbm"     // a conditional restricted Boltzmann machine
)

// MaxQubits bounds Neurons + Auxiliary: a state of 2²⁰ amplitudes in all lanes of a
// tile takes 128 MiB.
const MaxQubits = 20

// Ansatz describes the circuit of one patch (DESIGN.md, section 1.2).
type Ansatz struct {
	Neurons       int // feature qubits; qubit i is neuron i
	Auxiliary     int // further qubits after the feature qubits
	Layers        int // parametrised blocks
	Order         Order
	FinalEncoding bool // one more E at the very end
	Entangler     Entangler
	Readout       Readout
	Noise         Noise
	NoisePerLayer bool // every encoding has its own rows

	// Model replaces the circuit by a classical generator with as many angles. The first
	// noise row, γ on [0, 1), chooses one of its Components. It ignores the order, the
	// entangler and the readout, and has no auxiliary qubits.
	Model Model
}

// Validate returns an error for the first field out of bounds.
func (a Ansatz) Validate() error {
	switch {
	case a.Neurons < 1 || a.Neurons > MaxQubits:
		return fmt.Errorf("validate ansatz: neurons is %d, want 1 to %d", a.Neurons, MaxQubits)
	case a.Auxiliary < 0:
		return fmt.Errorf("validate ansatz: auxiliary is %d, want 0 or more", a.Auxiliary)
	case a.Qubits() > MaxQubits:
		return fmt.Errorf("validate ansatz: neurons and auxiliary are %d qubits, want at most %d", a.Qubits(), MaxQubits)
	case a.Layers < 1:
		return fmt.Errorf("validate ansatz: layers is %d, want 1 or more", a.Layers)
	case a.Order != EncodeFirst && a.Order != ParametersFirst:
		return fmt.Errorf("validate ansatz: order is %q, want %q or %q", a.Order, EncodeFirst, ParametersFirst)
	case a.Readout != Trace && a.Readout != Postselect:
		return fmt.Errorf("validate ansatz: readout is %q, want %q or %q", a.Readout, Trace, Postselect)
	case a.Noise != Shared && a.Noise != PerQubit && a.Noise != NoNoise:
		return fmt.Errorf("validate ansatz: noise is %q, want %q, %q or %q", a.Noise, Shared, PerQubit, NoNoise)
	case a.Entangler != Chain && a.Entangler != Ring && a.Entangler != Brick && a.Entangler != NoCNOTs:
		return fmt.Errorf("validate ansatz: entangler is %q, want %q, %q, %q or %q", a.Entangler, Chain, Ring, Brick, NoCNOTs)
	}
	return a.validateModel()
}

// validateModel is the part of Validate that concerns Model.
func (a Ansatz) validateModel() error {
	switch {
	case a.Model == Quantum:
		return nil
	case a.Model != Mixture && a.Model != RBM:
		return fmt.Errorf("validate ansatz: model is %q, want %q, %q or %q", a.Model, Quantum, Mixture, RBM)
	case a.Auxiliary > 0 || a.Noise != Shared:
		return fmt.Errorf("validate ansatz: model %q has %d auxiliary qubits and noise %q, want none and %q", a.Model, a.Auxiliary, a.Noise, Shared)
	}
	return nil
}

// Qubits returns the number of feature and auxiliary qubits.
func (a Ansatz) Qubits() int { return a.Neurons + a.Auxiliary }

// Words returns the number of outcomes of the feature qubits, 2^Neurons.
func (a Ansatz) Words() int { return 1 << a.Neurons }

// Angles returns the number of trainable angles: RY and RZ per layer and qubit.
func (a Ansatz) Angles() int { return a.Layers * a.Qubits() * 2 }

// Encodings returns the number of noise encodings E.
func (a Ansatz) Encodings() int {
	if a.FinalEncoding {
		return a.Layers + 1
	}
	return a.Layers
}

// NoiseRows returns the number of noise angles of one sample. Row q belongs to
// qubit q; with NoisePerLayer, row e·Qubits+q belongs to qubit q in encoding e. It
// is 0 without noise.
func (a Ansatz) NoiseRows() int {
	switch {
	case a.Noise == NoNoise:
		return 0
	case a.NoisePerLayer:
		return a.Encodings() * a.Qubits()
	}
	return a.Qubits()
}

// column is the part of the circuit between two entanglers: some encodings, then
// the angles of a layer, then its CNOTs. The column after the last entangler has no
// layer.
type column struct {
	encodings []int
	layer     int // noLayer: encodings only
}

const noLayer = -1

// columns divides the circuit into columns. The orders and the final encoding
// differ only in the column of an encoding.
func (a Ansatz) columns() []column {
	cols := make([]column, a.Layers+1)
	for k := range cols {
		cols[k].layer = k
	}
	cols[a.Layers].layer = noLayer
	first := 0
	if a.Order == ParametersFirst {
		first = 1
	}
	for e := range a.Encodings() {
		k := min(e+first, a.Layers)
		cols[k].encodings = append(cols[k].encodings, e)
	}
	return cols
}

// CNOTs lists the entangler's gates as {control, target} in temporal order.
func (a Ansatz) CNOTs() [][2]int {
	var gates [][2]int
	from := func(start, step int) {
		for q := start; q+1 < a.Qubits(); q += step {
			gates = append(gates, [2]int{q, q + 1})
		}
	}
	switch a.Entangler {
	case Chain:
		from(0, 1)
	case Ring:
		from(0, 1)
		if a.Qubits() > 2 {
			gates = append(gates, [2]int{a.Qubits() - 1, 0})
		}
	case Brick:
		from(0, 2)
		from(1, 2)
	case NoCNOTs:
	}
	return gates
}

// entangled lists the basis state to which the CNOTs map each basis state.
func (a Ansatz) entangled() []int {
	to, gates := make([]int, 1<<a.Qubits()), a.CNOTs()
	for x := range to {
		y := x
		for _, g := range gates {
			y ^= y >> g[0] & 1 << g[1]
		}
		to[x] = y
	}
	return to
}
