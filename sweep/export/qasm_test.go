package export_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/cmplx"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/model"
)

// circuits are configurations whose circuits differ in every setting that decides gates.
var circuits = map[string]func(*sweep.Configuration){
	"three qubits": func(*sweep.Configuration) {},
	"ring, parameters first": func(c *sweep.Configuration) {
		c.Circuit.Entangler, c.Circuit.Order = "ring", "parameters_first"
	},
	"brick, five encodings, an angle for each": func(c *sweep.Configuration) {
		c.Circuit.Entangler, c.Circuit.FinalEncoding, c.Circuit.Noise, c.Circuit.NoisePerLayer = "brick", true, "per_qubit", true
	},
	"parameters first, five encodings, noise per patch": func(c *sweep.Configuration) {
		c.Circuit.Order, c.Circuit.FinalEncoding, c.Circuit.NoisePerPatch = "parameters_first", true, true
	},
	"no noise, no CNOTs": func(c *sweep.Configuration) { c.Circuit.Noise, c.Circuit.Entangler = "none", "none" },
	"a traced qubit": func(c *sweep.Configuration) {
		c.Neurons, c.Circuit.Auxiliary = 2, 1
	},
	"a postselected qubit": func(c *sweep.Configuration) {
		c.Neurons, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout = 2, 1, "postselect"
	},
}

// circuitRecord returns a record of two time steps whose angles differ for each qubit.
func circuitRecord(change func(*sweep.Configuration)) export.Record {
	c := sweep.Default()
	c.Neurons, c.Timesteps = 3, 2
	change(&c)
	if err := c.Validate(); err != nil {
		panic(err)
	}
	return recordOf(c, sweep.Done)
}

// TestCircuitsHaveTheLawOfTheModel simulates the files of every dialect, and compares the
// probabilities with those that package circuit computes from the angles and the noise,
// and, where the noise is not drawn, those of step 0 with the test vector of the model.
func TestCircuitsHaveTheLawOfTheModel(t *testing.T) {
	seed := uint64(7)
	for name, change := range circuits {
		for _, noise := range []*uint64{nil, &seed} {
			t.Run(fmt.Sprintf("%s, drawn %t", name, noise != nil), func(t *testing.T) {
				r := circuitRecord(change)
				s := sweepOf([]export.Record{r})
				s.Noise = noise
				var of [2][]float64 // the noise of each step
				for format, folders := range map[string][]string{"qasm2": {"."}, "qasm3": {"qiskit", "plain"}} {
					path := written(t, format, s)
					for _, folder := range folders {
						for step := range 2 {
							text := string(read(t, filepath.Join(path, folder, fmt.Sprintf("%s_t%d.qasm", r.Task, step))))
							p := interpret(t, text)
							of[step] = p.noise(r.Configuration)
							want := law(t, r, step, of[step])
							if noise == nil && step == 0 {
								want = testVector(t, r)
							}
							for word, got := range p.law(r.Configuration) {
								if math.Abs(got-want[word]) > 1e-12 {
									t.Fatalf("%s/%s, step %d: p(%0*b) = %v, want %v\n%s", format, folder, step, r.Configuration.Neurons, word, got, want[word], text)
								}
							}
						}
					}
				}
				if shared := slices.Equal(of[0], of[1]); shared == r.Configuration.Circuit.NoisePerPatch {
					t.Errorf("the steps share the noise: %t", shared)
				}
			})
		}
	}
}

// law returns the probabilities of the words of a step by package circuit.
func law(t *testing.T, r export.Record, step int, noise []float64) []float64 {
	t.Helper()
	c := r.Configuration
	a := circuit.Ansatz{
		Neurons: c.Neurons, Auxiliary: c.Circuit.Auxiliary, Layers: c.Circuit.Layers, Order: circuit.Order(c.Circuit.Order),
		FinalEncoding: c.Circuit.FinalEncoding, Entangler: circuit.Entangler(c.Circuit.Entangler),
		Readout: circuit.Readout(c.Circuit.AuxiliaryReadout), Noise: circuit.PerQubit, NoisePerLayer: true,
	}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	var angles []float64
	for _, layer := range r.Result.Angles[step] {
		for _, q := range layer {
			angles = append(angles, q[0], q[1])
		}
	}
	if len(noise) == 0 {
		noise = make([]float64, a.NoiseRows())
	}
	p := make([]float64, a.Words())
	a.NewExact().Probabilities(p, angles, noise)
	return p
}

// testVector returns the probabilities of the first test vector of the model's file.
func testVector(t *testing.T, r export.Record) []float64 {
	t.Helper()
	var body bytes.Buffer
	if err := model.Write(&body, r.Row, *r.Result, r.BinMS); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct{ Probabilities []float64 }
	}
	if err := json.Unmarshal(body.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	return file.Tests[0].Probabilities
}

// TestTheSimulatorQuantumCircuitReadsQASM2 has quantum-circuit read and run a circuit of
// three qubits that no exchange of qubits leaves unchanged.
func TestTheSimulatorQuantumCircuitReadsQASM2(t *testing.T) {
	node, module := needs.NodeModule(t, "quantum-circuit")
	r := circuitRecord(circuits["three qubits"])
	file := filepath.Join(written(t, "qasm2", sweepOf([]export.Record{r})), string(r.Task)+"_t1.qasm")
	output := run(t, node, "--no-warnings", "-e", `
const QuantumCircuit = require(process.argv[2]);
const circuit = new QuantumCircuit();
const text = require("fs").readFileSync(process.argv[1], "utf8");
circuit.importQASM(text.replace(/^measure.*$/gm, ""), (errors) => {
  if (errors.length) throw new Error(JSON.stringify(errors));
  circuit.run();
  for (let word = 0; word < 8; word++) {
    const a = circuit.state[word] || { re: 0, im: 0 };
    console.log(a.re * a.re + a.im * a.im);
  }
});`, file, module)
	p := interpret(t, string(read(t, file)))
	want := law(t, r, 1, p.noise(r.Configuration))
	lines := strings.Fields(output)
	if len(lines) != len(want) {
		t.Fatalf("it prints %q", output)
	}
	for word, line := range lines {
		if got, err := strconv.ParseFloat(line, 64); err != nil || math.Abs(got-want[word]) > 1e-9 {
			t.Errorf("p(%03b) = %v, %v, want %v", word, got, err, want[word])
		}
	}
}

// program is a circuit in the subset of OpenQASM 2 and 3 that the exports use.
type program struct {
	t        *testing.T
	defined  map[string]definition
	state    []complex128
	measured []int // qubits, by classical bit
	rx       []float64
}

type definition struct {
	parameters, qubits []string
	body               string
}

var (
	define    = regexp.MustCompile(`(?m)^gate (\w+)(?:\((\w+)\))? ([\w, ]+) \{ (.*) \}\n`)
	comment   = regexp.MustCompile(`//[^\n]*\n`)
	statement = regexp.MustCompile(`^(ctrl @ )?(\w+)(?:\(([^)]*)\))? (.+)$`)
	register  = regexp.MustCompile(`^(?:qreg q\[(\d+)\]|qubit\[(\d+)\] q)$`)
	measure   = regexp.MustCompile(`^(?:measure q\[(\d+)\] -> c\[(\d+)\]|c\[(\d+)\] = measure q\[(\d+)\])$`)
	ignored   = regexp.MustCompile(`^(OPENQASM [23]\.0|include "(qelib1|stdgates)\.inc"|creg c\[\d+\]|bit\[\d+\] c)$`)
)

// interpret runs a program without its measurements.
func interpret(t *testing.T, text string) *program {
	t.Helper()
	p := &program{t: t, defined: map[string]definition{}}
	text = comment.ReplaceAllString(text, "")
	for _, d := range define.FindAllStringSubmatch(text, -1) {
		p.defined[d[1]] = definition{strings.Split(d[2], ", "), strings.Split(d[3], ", "), d[4]}
	}
	standard := strings.Contains(text, "include")
	if standard == (len(p.defined) > 0) {
		t.Fatalf("the gates must be included or defined:\n%s", text)
	}
	for line := range strings.SplitSeq(define.ReplaceAllString(text, ""), ";") {
		line = strings.TrimSpace(line)
		if m := register.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1] + m[2])
			p.state = make([]complex128, 1<<n)
			p.state[0] = 1
		} else if m := measure.FindStringSubmatch(line); m != nil {
			q, _ := strconv.Atoi(m[1] + m[4])
			bit, _ := strconv.Atoi(m[2] + m[3])
			if bit != len(p.measured) {
				t.Fatalf("%s: want bit %d", line, len(p.measured))
			}
			p.measured = append(p.measured, q)
		} else if line != "" && !ignored.MatchString(line) {
			p.apply(line, nil, nil)
		}
	}
	return p
}

// apply applies a gate, whose parameters and qubits may be names of a definition.
func (p *program) apply(line string, values map[string]float64, qubits map[string]int) {
	m := statement.FindStringSubmatch(line)
	if m == nil {
		p.t.Fatalf("%q is no statement", line)
	}
	var angles []float64
	for word := range strings.SplitSeq(m[3], ", ") {
		if m[3] != "" {
			angles = append(angles, p.value(word, values))
		}
	}
	var on []int
	for word := range strings.SplitSeq(strings.ReplaceAll(m[4], " ", ""), ",") {
		q, named := qubits[word]
		if !named {
			if _, err := fmt.Sscanf(word, "q[%d]", &q); err != nil {
				p.t.Fatalf("%q: %v", line, err)
			}
		}
		on = append(on, q)
	}
	if m[2] == "rx" {
		p.rx = append(p.rx, angles[0])
	}
	if d, found := p.defined[m[2]]; found {
		inner, names := map[string]float64{}, map[string]int{}
		for i, angle := range angles {
			inner[d.parameters[i]] = angle
		}
		for i, q := range on {
			names[d.qubits[i]] = q
		}
		for s := range strings.SplitSeq(strings.TrimSuffix(d.body, ";"), "; ") {
			p.apply(s, inner, names)
		}
		return
	}
	c, s := 0.0, 0.0
	if len(angles) > 0 {
		s, c = math.Sincos(angles[0] / 2)
	}
	var u [4]complex128 // row-major
	switch m[2] {
	case "rx":
		u = [4]complex128{complex(c, 0), complex(0, -s), complex(0, -s), complex(c, 0)}
	case "ry":
		u = [4]complex128{complex(c, 0), complex(-s, 0), complex(s, 0), complex(c, 0)}
	case "rz":
		u = [4]complex128{complex(c, -s), 0, 0, complex(c, s)}
	case "cx":
		u = [4]complex128{0, 1, 1, 0}
	case "U":
		// with the phase exp(iθ/2) of OpenQASM 3, which a controlled gate shows
		phase, left, right := cmplx.Rect(1, angles[0]/2), cmplx.Rect(1, angles[1]), cmplx.Rect(1, angles[2])
		u = [4]complex128{phase * complex(c, 0), -phase * right * complex(s, 0), phase * left * complex(s, 0), phase * left * right * complex(c, 0)}
	default:
		p.t.Fatalf("%q: the gate is unknown", line)
	}
	control := 0
	if m[1] != "" || m[2] == "cx" {
		control, on = 1<<on[0], on[1:]
	}
	for x := range p.state {
		if y := x | 1<<on[0]; y != x && x&control == control {
			a, b := p.state[x], p.state[y]
			p.state[x], p.state[y] = u[0]*a+u[1]*b, u[2]*a+u[3]*b
		}
	}
}

// value evaluates a number, a parameter, or a multiple of pi.
func (p *program) value(word string, values map[string]float64) float64 {
	if v, found := values[word]; found {
		return v
	}
	if v, found := map[string]float64{"pi": math.Pi, "pi/2": math.Pi / 2, "-pi/2": -math.Pi / 2}[word]; found {
		return v
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// noise returns the angles of rx, by encoding and qubit, which all dialects have.
func (p *program) noise(c sweep.Configuration) []float64 {
	if want := c.Encodings() * c.Qubits(); c.Circuit.Noise != "none" && len(p.rx) != want {
		p.t.Fatalf("%d noise angles, want %d", len(p.rx), want)
	}
	return p.rx
}

// law returns the probabilities of the words of the neurons.
func (p *program) law(c sweep.Configuration) []float64 {
	post := c.Circuit.AuxiliaryReadout == "postselect"
	want := c.Neurons
	if post {
		want = c.Qubits()
	}
	if len(p.measured) != want {
		p.t.Fatalf("%d qubits are measured, want %d", len(p.measured), want)
	}
	sum, law := 0.0, make([]float64, 1<<c.Neurons)
	for x, a := range p.state {
		word := 0
		for bit, q := range p.measured {
			word |= x >> q & 1 << bit
		}
		if word < len(law) {
			law[word] += real(a)*real(a) + imag(a)*imag(a)
			sum += real(a)*real(a) + imag(a)*imag(a)
		}
	}
	for word := range law {
		law[word] /= sum
	}
	return law
}

// TestCircuitFiles checks which files there are, and their comments and numbers.
func TestCircuitFiles(t *testing.T) {
	s := example()
	names := files(t, written(t, "qasm2", s))
	want := 0
	for _, r := range recordsIn(t, s) {
		if r.Result == nil || r.Configuration.IsBaseline() {
			continue
		}
		for step, patch := range r.Result.Angles {
			want++
			text := names[fmt.Sprintf("%s_t%d.qasm", r.Task, step)]
			for _, line := range []string{
				"// Qubit i is neuron i;",
				fmt.Sprintf("ry(%.16e) q[1];\n", patch[3][1][0]),
				fmt.Sprintf("rz(%.16e) q[1];\n", patch[3][1][1]),
			} {
				if !strings.Contains(text, line) {
					t.Errorf("no %q in\n%s", line, text)
				}
			}
		}
	}
	if len(names) != want {
		t.Errorf("%d files, want %d", len(names), want)
	}
}
