package export

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/sweep/model"
)

// dialect is a version of OpenQASM: its declarations and its form of a measurement.
type dialect struct {
	folder  string // in the exported one; "" is that one itself
	header  string
	declare func(register, bits string, qubits, measured int) string
	measure func(qubit, bit string) string
}

var (
	qasm2 = dialect{
		header: "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n",
		declare: func(register, bits string, qubits, measured int) string {
			return fmt.Sprintf("qreg %s[%d];\ncreg %s[%d];\n", register, qubits, bits, measured)
		},
		measure: func(qubit, bit string) string { return fmt.Sprintf("measure %s -> %s;\n", qubit, bit) },
	}
	// Qiskit knows the gates of stdgates.inc.
	qasm3Qiskit = dialect{
		folder: "qiskit", header: "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n",
		declare: declare3, measure: measure3,
	}
	// PennyLane includes no file. The gates are defined by U up to a global phase, and cx by
	// a controlled U(0, 0, pi), which is the same gate in every convention of the phase of U.
	qasm3Plain = dialect{
		folder: "plain", header: `OPENQASM 3.0;
gate rx(theta) q { U(theta, -pi/2, pi/2) q; }
gate ry(theta) q { U(theta, 0, 0) q; }
gate rz(phi) q { U(0, 0, phi) q; }
gate cx c, t { U(pi/2, 0, pi) t; ctrl @ U(0, 0, pi) c, t; U(pi/2, 0, pi) t; }
`,
		declare: declare3, measure: measure3,
	}
)

func declare3(register, bits string, qubits, measured int) string {
	return fmt.Sprintf("qubit[%d] %s;\nbit[%d] %s;\n", qubits, register, measured, bits)
}

func measure3(qubit, bit string) string { return fmt.Sprintf("%s = measure %s;\n", bit, qubit) }

// writeCircuits returns the folder writer of some dialects: a file TASK_tSTEP.qasm for
// each time step of each circuit, with the noise bound. Classical models have none.
func writeCircuits(dialects ...dialect) func(string, Sweep) error {
	return func(folder string, s Sweep) error {
		for _, d := range dialects {
			if err := os.MkdirAll(filepath.Join(folder, d.folder), 0o777); err != nil {
				return err
			}
		}
		for r, err := range s.Records {
			if err != nil {
				return err
			}
			if r.Result == nil || r.Repeated || r.Configuration.IsBaseline() {
				continue
			}
			for step, patch := range r.Result.Angles {
				gates := gatesOf(r.Configuration, patch, noiseAt(r.Configuration, step, s.Noise))
				for _, d := range dialects {
					name := fmt.Sprintf("%s_t%d.qasm", r.Task, step)
					if err := writeIn(filepath.Join(folder, d.folder), name, func(w io.Writer) error { return d.write(w, r, step, s.Noise, gates) }); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
}

// noiseAt returns the noise angles of a time step, [encoding][qubit]. With a seed they are
// drawn as one sample of the generator is. Without one, nil, they are those of the first
// test vector of the model's file, which has the probabilities of step 0; with
// noise_per_patch, later steps have further angles of the same sequence.
func noiseAt(c sweep.Configuration, step int, seed *uint64) [][]float64 {
	if !c.Circuit.NoisePerPatch {
		step = 0
	}
	share := model.SpreadNoise(step)
	if seed != nil {
		drawn := rand.New(rand.NewPCG(*seed, uint64(step)))
		all := make([]float64, c.Encodings()*c.Qubits())
		for i := range all {
			all[i] = drawn.Float64()
		}
		share = func(i int) float64 { return all[i] }
	}
	return model.NoiseAngles(c.Circuit, c.Encodings(), c.Qubits(), share)
}

// gate is a rotation of a qubit, or a CNOT of two.
type gate struct {
	name   string
	angle  float64 // of a rotation, radians
	qubits []int
}

// gatesOf returns the gates of a patch in temporal order (DESIGN.md, section 1.2): noise
// encodings by RX, and layers of RY and RZ with the CNOTs of the entangler.
func gatesOf(c sweep.Configuration, patch [][][2]float64, noise [][]float64) []gate {
	var gates []gate
	encode := func(encoding int) {
		if c.Circuit.Noise == string(circuit.NoNoise) {
			return
		}
		for q, gamma := range noise[encoding] {
			gates = append(gates, gate{"rx", gamma, []int{q}})
		}
	}
	cnots := circuit.Ansatz{Neurons: c.Neurons, Auxiliary: c.Circuit.Auxiliary, Entangler: circuit.Entangler(c.Circuit.Entangler)}.CNOTs()
	encodeFirst := c.Circuit.Order == string(circuit.EncodeFirst)
	for layer, qubits := range patch {
		if encodeFirst {
			encode(layer)
		}
		for q, angles := range qubits {
			gates = append(gates, gate{"ry", angles[0], []int{q}}, gate{"rz", angles[1], []int{q}})
		}
		for _, pair := range cnots {
			gates = append(gates, gate{name: "cx", qubits: pair[:]})
		}
		if !encodeFirst {
			encode(layer)
		}
	}
	if c.Circuit.FinalEncoding {
		encode(len(patch))
	}
	return gates
}

// write writes one circuit.
func (d dialect) write(out io.Writer, r Record, step int, seed *uint64, gates []gate) error {
	w := bufio.NewWriter(out)
	c := r.Configuration
	fmt.Fprintf(w, "%s// spiqsweep task %s, %s, time step %d of %d (from 0)\n", d.header, r.Task, c.Label(), step, c.Timesteps)
	fmt.Fprintf(w, "// Qubit i is neuron i; neurons 0 to %d are numbers %s of the recording.\n", c.Neurons-1, strings.Trim(fmt.Sprint(r.NeuronIDs), "[]"))
	switch {
	case c.Circuit.Noise == string(circuit.NoNoise):
		fmt.Fprintln(w, "// The circuit has no noise.")
	case seed == nil:
		fmt.Fprintln(w, "// The noise, the angles of rx, is that of the first test vector of the model file; --noise SEED draws it.")
	default:
		fmt.Fprintf(w, "// The noise, the angles of rx, is one draw with the seed %d.\n", *seed)
	}
	if n := c.Circuit.Auxiliary; n > 0 {
		rule := "traced out: do not measure them"
		if c.Circuit.AuxiliaryReadout == string(circuit.Postselect) {
			rule = "postselected: keep the shots in which all of them give 0"
		}
		fmt.Fprintf(w, "// The last %d qubits are auxiliary, and %s.\n", n, rule)
	}
	measured := c.Neurons
	if c.Circuit.AuxiliaryReadout == string(circuit.Postselect) {
		measured = c.Qubits()
	}
	fmt.Fprint(w, d.declare("q", "c", c.Qubits(), measured))
	for _, g := range gates {
		fmt.Fprint(w, g.name)
		if g.name != "cx" {
			fmt.Fprintf(w, "(%s)", strconv.FormatFloat(g.angle, 'e', 16, 64))
		}
		fmt.Fprintf(w, " q[%d]", g.qubits[0])
		for _, target := range g.qubits[1:] {
			fmt.Fprintf(w, ", q[%d]", target)
		}
		fmt.Fprintln(w, ";")
	}
	for q := range measured {
		fmt.Fprint(w, d.measure(fmt.Sprintf("q[%d]", q), fmt.Sprintf("c[%d]", q)))
	}
	return w.Flush()
}
