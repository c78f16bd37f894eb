package model

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// Format is the name and version of the format. A reader must reject any other.
const Format = "spiqsweep-model/1"

const qubitOrder = "qubit i is bit i (value 2^i) of a word; qubit i < neurons is neuron i, the recording's neuron neuron_ids[i]; auxiliary qubits follow"

// file is the content of a model file. That of a fitted model has parameters in the
// place of a circuit.
type file struct {
	Format     string               `json:"format"`
	Task       sweep.TaskID         `json:"task"`
	Model      string               `json:"model"`
	Data       string               `json:"data"`
	Neurons    int                  `json:"neurons"`
	Timesteps  int                  `json:"timesteps"`
	Seed       uint64               `json:"seed"`
	NeuronIDs  []int                `json:"neuron_ids"`
	BinMS      float64              `json:"bin_ms"`
	Parameters map[string][]float64 `json:"parameters,omitempty"`
	*trained
	Settings map[string]any `json:"settings"` // that the model's numbers depend on, and its preset
}

// trained is the part of the file that a trained generator alone has.
type trained struct {
	Auxiliary  int              `json:"auxiliary"`
	K          float64          `json:"k"`
	Replicate  int              `json:"replicate"`
	Circuit    map[string]any   `json:"circuit"`
	QubitOrder string           `json:"qubit_order"`
	Angles     [][][][2]float64 `json:"angles"`
	Tests      []test           `json:"tests"`
}

// maxTestWords bounds the words of a test: those of 16 neurons. Their probabilities take
// 1.5 MB.
const maxTestWords = 1 << 16

// test is a distribution, or its first maxTestWords words, that a reader must reproduce
// from the angles.
type test struct {
	Time          int         `json:"time"`
	Gamma         [][]float64 `json:"gamma"`
	Probabilities []float64   `json:"probabilities"`
}

// Write writes the model of a finished task with the angles or parameters of its
// result. The width of a time step, binMS, is in milliseconds.
func Write(w io.Writer, row table.Row, result sweep.Result, binMS float64) error {
	c := row.Configuration
	content := file{
		Format: Format, Task: row.Task, Model: c.Model, Data: row.Data, Neurons: c.Neurons, Timesteps: c.Timesteps,
		Seed: c.Seed, NeuronIDs: row.NeuronIDs, BinMS: binMS, Parameters: result.Parameters,
		Settings: settings(c, func(s sweep.Setting) bool { return s.ReadBy(c) }),
	}
	if !c.IsFitted() {
		if len(result.Angles) != c.Timesteps {
			return fmt.Errorf("write model of task %s: the result has angles of %d time steps: must be %d", row.Task, len(result.Angles), c.Timesteps)
		}
		tests, err := makeTests(c, result.Angles)
		if err != nil {
			return fmt.Errorf("write model of task %s: %w", row.Task, err)
		}
		content.trained = &trained{
			Auxiliary: c.Circuit.Auxiliary, K: c.K, Replicate: c.Replicate,
			Circuit: settings(c, func(s sweep.Setting) bool { return s.Block == "circuit" && s.ReadByModel(c.Model) }), QubitOrder: qubitOrder, Angles: result.Angles, Tests: tests,
		}
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("write model of task %s: %w", row.Task, err)
	}
	_, err = w.Write(append(body, '\n'))
	return err
}

// settings returns the values of the settings that has accepts, by name.
func settings(c sweep.Configuration, has func(sweep.Setting) bool) map[string]any {
	values := map[string]any{}
	for _, s := range sweep.Settings() {
		if has(s) {
			values[s.Name] = s.Value(c)
		}
	}
	return values
}

// ansatzOf returns the ansatz of a configuration of a trained generator.
func ansatzOf(c sweep.Configuration) circuit.Ansatz {
	if c.IsBaseline() { // a classical generator
		return circuit.Ansatz{
			Neurons: c.Neurons, Layers: c.Circuit.Layers, Order: circuit.EncodeFirst, Entangler: circuit.NoCNOTs,
			Readout: circuit.Trace, Noise: circuit.Shared, Model: circuit.Model(c.Model),
		}
	}
	return circuit.Ansatz{
		Neurons: c.Neurons, Auxiliary: c.Circuit.Auxiliary, Layers: c.Circuit.Layers,
		Order: circuit.Order(c.Circuit.Order), FinalEncoding: c.Circuit.FinalEncoding,
		Entangler: circuit.Entangler(c.Circuit.Entangler), Readout: circuit.Readout(c.Circuit.AuxiliaryReadout),
		Noise: circuit.Noise(c.Circuit.Noise), NoisePerLayer: c.Circuit.NoisePerLayer,
	}
}

// makeTests computes the distributions of the first and the last patch, each for one
// set of noise angles.
func makeTests(c sweep.Configuration, angles [][][][2]float64) ([]test, error) {
	ansatz := ansatzOf(c)
	if c.IsBaseline() { // a classical generator
		c.Circuit.NoiseLow, c.Circuit.NoiseHigh = 0, 1
	} else { // one row for each encoding and qubit can represent any kind of noise
		ansatz.Noise, ansatz.NoisePerLayer = circuit.PerQubit, true
	}
	if err := ansatz.Validate(); err != nil {
		return nil, err
	}
	exact, law := ansatz.NewExact(), make([]float64, ansatz.Words())
	tests := []test{{Time: 0}, {Time: c.Timesteps - 1}}
	for i := range tests {
		rows := noise(c.Circuit, ansatz, i)
		exact.Probabilities(law, flat(angles[tests[i].Time]), rows)
		tests[i].Probabilities = slices.Clone(law[:min(len(law), maxTestWords)])
		for q := ansatz.Qubits(); len(rows) > 0; rows = rows[q:] {
			tests[i].Gamma = append(tests[i].Gamma, rows[:q:q])
		}
	}
	return tests, nil
}

// noise returns the noise angles of a test, flat.
func noise(c sweep.CircuitSettings, a circuit.Ansatz, number int) []float64 {
	encodings := a.NoiseRows() / a.Qubits()
	return slices.Concat(NoiseAngles(c, encodings, a.Qubits(), SpreadNoise(number))...)
}

// NoiseAngles returns noise angles of a patch, [encoding][qubit], in radians: share(i) of
// the interval of the settings, in [0, 1), for the angle i = encoding·qubits + qubit.
// Angles that the settings share are equal, and those of the first that shares them;
// without noise all are 0.
func NoiseAngles(c sweep.CircuitSettings, encodings, qubits int, share func(i int) float64) [][]float64 {
	angles := make([][]float64, encodings)
	for encoding := range angles {
		angles[encoding] = make([]float64, qubits)
		for qubit := range angles[encoding] {
			e, q := encoding, qubit
			if c.Noise == "shared" {
				q = 0
			}
			if !c.NoisePerLayer {
				e = 0
			}
			if c.Noise != "none" {
				angles[encoding][qubit] = c.NoiseLow + share(e*qubits+q)*(c.NoiseHigh-c.NoiseLow)
			}
		}
	}
	return angles
}

// SpreadNoise returns the shares for NoiseAngles of a test vector, by multiples of the
// golden ratio: number 0 is the first test vector of a model file, 1 the last.
func SpreadNoise(number int) func(i int) float64 {
	return func(i int) float64 {
		_, share := math.Modf(float64(1+number+2*i) * math.Phi)
		return share
	}
}

// flat returns the angles of a patch in the order [layer][qubit][RY, RZ].
func flat(patch [][][2]float64) []float64 {
	var angles []float64
	for _, layer := range patch {
		for _, qubit := range layer {
			angles = append(angles, qubit[0], qubit[1])
		}
	}
	return angles
}
