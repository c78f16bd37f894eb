package circuit

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// knownAnswers is the output of the tests' plain complex128 simulator, which shares
// no code with the kernels: go test -run TestKnownAnswers -update.
//
//go:embed known.json
var knownAnswers []byte

// known is one case of a file of known answers, with words as integers.
type known struct {
	ansatz                 Ansatz
	angles, noise          []float64
	probabilities, weights []float64 // by word
	gradient               []float64 // shaped like the angles
}

// knownFile is the format of a file of known answers. A word is written as a
// string of 0 and 1, neuron 1 first; the noise is one angle per qubit.
type knownFile struct {
	Convention string      `json:"convention"`
	Cases      []knownCase `json:"cases"`
}

type knownCase struct {
	Neurons       int                `json:"neurons"`
	Auxiliary     int                `json:"auxiliary"`
	Layers        int                `json:"layers"`
	Theta         [][][2]float64     `json:"theta"` // [layer][qubit] = RY, RZ
	Gamma         []float64          `json:"gamma"`
	Probabilities map[string]float64 `json:"probabilities"`
	Weights       map[string]float64 `json:"weights"`
	Gradient      [][][2]float64     `json:"gradient"`
}

func parseKnown(data []byte) ([]known, error) {
	var file knownFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if len(file.Cases) == 0 {
		return nil, errors.New("the file has no cases")
	}
	var cases []known
	for i, c := range file.Cases {
		k, err := c.known()
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", i, err)
		}
		cases = append(cases, k)
	}
	return cases, nil
}

func (c knownCase) known() (k known, err error) {
	k.ansatz = Ansatz{
		Neurons: c.Neurons, Auxiliary: c.Auxiliary, Layers: c.Layers,
		Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: PerQubit,
	}
	if err := k.ansatz.Validate(); err != nil {
		return k, err
	}
	k.noise = c.Gamma
	if len(c.Gamma) != k.ansatz.Qubits() {
		return k, fmt.Errorf("gamma has %d angles, want %d", len(c.Gamma), k.ansatz.Qubits())
	}
	if k.angles, err = flatten("theta", c.Theta, k.ansatz); err != nil {
		return k, err
	}
	if k.gradient, err = flatten("gradient", c.Gradient, k.ansatz); err != nil {
		return k, err
	}
	if k.probabilities, err = byWord("probabilities", c.Probabilities, c.Neurons); err != nil {
		return k, err
	}
	k.weights, err = byWord("weights", c.Weights, c.Neurons)
	return k, err
}

func flatten(name string, v [][][2]float64, a Ansatz) ([]float64, error) {
	if len(v) != a.Layers {
		return nil, fmt.Errorf("%s has %d layers, want %d", name, len(v), a.Layers)
	}
	flat := make([]float64, 0, a.Angles())
	for l, qubits := range v {
		if len(qubits) != a.Qubits() {
			return nil, fmt.Errorf("%s has %d qubits in layer %d, want %d", name, len(qubits), l, a.Qubits())
		}
		for _, angles := range qubits {
			flat = append(flat, angles[:]...)
		}
	}
	return flat, nil
}

func byWord(name string, v map[string]float64, neurons int) ([]float64, error) {
	words := make([]float64, 1<<neurons)
	if len(v) != len(words) {
		return nil, fmt.Errorf("%s has %d words, want %d", name, len(v), len(words))
	}
	for text, value := range v {
		if len(text) != neurons || strings.Trim(text, "01") != "" {
			return nil, fmt.Errorf("%s: %q is not a word of %d zeros and ones", name, text, neurons)
		}
		x := 0
		for q := range neurons {
			x |= int(text[q]-'0') << q
		}
		words[x] = value
	}
	return words, nil
}
