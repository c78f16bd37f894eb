package circuit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func paper(neurons int) Ansatz {
	return Ansatz{Neurons: neurons, Layers: 4, Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: Shared}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Ansatz)
		want   string // part of the error; "" for none
	}{
		{"paper", func(*Ansatz) {}, ""},
		{"most neurons", func(a *Ansatz) { a.Neurons = 20 }, ""},
		{"most qubits", func(a *Ansatz) { a.Neurons, a.Auxiliary = 16, 4 }, ""},
		{"no neurons", func(a *Ansatz) { a.Neurons = 0 }, "neurons is 0, want 1 to 20"},
		{"many neurons", func(a *Ansatz) { a.Neurons = 21 }, "neurons is 21, want 1 to 20"},
		{"negative auxiliary", func(a *Ansatz) { a.Auxiliary = -1 }, "auxiliary is -1"},
		{"many qubits", func(a *Ansatz) { a.Neurons, a.Auxiliary = 16, 5 }, "21 qubits, want at most 20"},
		{"no layers", func(a *Ansatz) { a.Layers = 0 }, "layers is 0"},
		{"order", func(a *Ansatz) { a.Order = "backwards" }, `order is "backwards"`},
		{"entangler", func(a *Ansatz) { a.Entangler = "" }, `entangler is ""`},
		{"readout", func(a *Ansatz) { a.Readout = "x" }, `readout is "x"`},
		{"noise", func(a *Ansatz) { a.Noise = "white" }, `noise is "white"`},
		{"model", func(a *Ansatz) { a.Model = "ising" }, `model is "ising", want "", "mixture" or "rbm"`},
		{"mixture", func(a *Ansatz) { a.Model = Mixture }, ""},
		{"mixture with auxiliary qubits", func(a *Ansatz) { a.Model, a.Auxiliary = Mixture, 1 }, `model "mixture" has 1 auxiliary qubits`},
		{"RBM with noise per qubit", func(a *Ansatz) { a.Model, a.Noise = RBM, PerQubit }, `model "rbm" has 0 auxiliary qubits and noise "per_qubit", want none and "shared"`},
	} {
		a := paper(4)
		c.change(&a)
		err := a.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestCounts(t *testing.T) {
	a := paper(10)
	if a.Angles() != 80 || a.NoiseRows() != 10 || a.Encodings() != 4 || a.Words() != 1024 {
		t.Errorf("the paper's circuit has %d angles, %d noise rows, %d encodings, %d words; want 80, 10, 4, 1024",
			a.Angles(), a.NoiseRows(), a.Encodings(), a.Words())
	}
	a.Auxiliary, a.FinalEncoding, a.NoisePerLayer = 2, true, true
	if a.Angles() != 96 || a.NoiseRows() != 60 || a.Encodings() != 5 {
		t.Errorf("with two auxiliary qubits, a final encoding and noise per layer: %d angles, %d noise rows, %d encodings; want 96, 60, 5",
			a.Angles(), a.NoiseRows(), a.Encodings())
	}
	a.Noise = NoNoise
	if a.NoiseRows() != 0 {
		t.Errorf("without noise: %d noise rows, want 0", a.NoiseRows())
	}
}

func TestEntanglers(t *testing.T) {
	for _, c := range []struct {
		entangler Entangler
		qubits    int
		want      [][2]int
	}{
		{Chain, 1, nil},
		{Chain, 4, [][2]int{{0, 1}, {1, 2}, {2, 3}}},
		{Ring, 2, [][2]int{{0, 1}}},
		{Ring, 3, [][2]int{{0, 1}, {1, 2}, {2, 0}}},
		{Brick, 5, [][2]int{{0, 1}, {2, 3}, {1, 2}, {3, 4}}},
		{NoCNOTs, 3, nil},
	} {
		a := Ansatz{Neurons: c.qubits, Entangler: c.entangler}
		if d := cmp.Diff(c.want, a.CNOTs()); d != "" {
			t.Errorf("%s on %d qubits (-want +got):\n%s", c.entangler, c.qubits, d)
		}
	}
}
