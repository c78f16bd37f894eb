package circuit

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

var update = flag.Bool("update", false, "rewrite known.json, and add missing classes to testdata/digests.json")

// wordText formats a word as in the files of known answers: neuron 1 first.
func wordText(x, neurons int) string {
	text := []byte(fmt.Sprintf("%0*b", neurons, x))
	slices.Reverse(text)
	return string(text)
}

// plainKnown computes the embedded answers by the plain simulator.
func plainKnown() knownFile {
	file := knownFile{Convention: "Words are strings of 0 and 1, neuron 1 first; the auxiliary qubits follow the neurons and are summed out. " +
		"Each layer: RX(gamma[q]), RY(theta[l][q][0]), RZ(theta[l][q][1]) on every qubit q, then CNOT(q to q+1) for q = 0, 1, … in this order. " +
		"R_P(x) = exp(-i x P / 2). Start: all qubits in |0>. gradient = d/d theta of the sum of weights times probabilities, by the parameter shift."}
	r := rand.New(rand.NewPCG(2024, 9125))
	angle := func() float64 { return math.Round((2*r.Float64()-1)*math.Pi*1e4) / 1e4 }
	for _, size := range [][3]int{{1, 0, 1}, {1, 0, 3}, {2, 0, 1}, {2, 0, 4}, {3, 0, 2}, {2, 1, 4}, {4, 0, 4}, {5, 0, 3}, {4, 2, 2}} {
		a := Ansatz{
			Neurons: size[0], Auxiliary: size[1], Layers: size[2],
			Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: PerQubit,
		}
		c := knownCase{
			Neurons: a.Neurons, Auxiliary: a.Auxiliary, Layers: a.Layers,
			Probabilities: map[string]float64{}, Weights: map[string]float64{},
		}
		angles, weights := make([]float64, a.Angles()), make([]float64, a.Words())
		for i := range angles {
			angles[i] = angle()
		}
		for range a.Qubits() {
			c.Gamma = append(c.Gamma, math.Abs(angle()))
		}
		for x := range weights {
			weights[x] = angle()
			c.Weights[wordText(x, a.Neurons)] = weights[x]
		}
		for x, p := range plainLaw(a, angles, c.Gamma) {
			c.Probabilities[wordText(x, a.Neurons)] = p
		}
		c.Theta, c.Gradient = unflatten(angles, a), unflatten(plainGradient(a, angles, c.Gamma, weights), a)
		file.Cases = append(file.Cases, c)
	}
	return file
}

func unflatten(v []float64, a Ansatz) [][][2]float64 {
	shaped := make([][][2]float64, a.Layers)
	for l := range shaped {
		for q := range a.Qubits() {
			i := 2 * (l*a.Qubits() + q)
			shaped[l] = append(shaped[l], [2]float64{v[i], v[i+1]})
		}
	}
	return shaped
}

func TestKnownAnswers(t *testing.T) {
	if *update {
		data, err := json.Marshal(plainKnown())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("known.json", append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		t.SkipNow() // the next build embeds it
	}
	t.Run("embedded", func(t *testing.T) { selfTest(t, nil) })
	t.Run("reference", func(t *testing.T) {
		reference, err := os.ReadFile(needs.Shared(t, "reference", "circuit.json"))
		if err != nil {
			t.Fatal(err)
		}
		selfTest(t, reference)
	})
}

func selfTest(t *testing.T, reference []byte) {
	report, err := SelfTest(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Passed || len(report.Engines) != len(Kernels())+1 {
		t.Errorf("self-test failed: %+v", report)
	}
	for _, e := range report.Engines {
		t.Logf("%s: probabilities within %.1e, gradients within %.1e over %d cases", e.Name, e.ProbabilityError, e.GradientError, report.Cases)
	}
}

func TestSelfTestFailsOnWrongAnswers(t *testing.T) {
	for _, spoil := range []func(*knownCase){
		func(c *knownCase) { c.Probabilities["01"] += 1e-5 },
		func(c *knownCase) { c.Gradient[3][1][0] += 1e-4 },
		func(c *knownCase) { c.Theta[0][0][1] += 1e-3 },
	} {
		var file knownFile
		if err := json.Unmarshal(knownAnswers, &file); err != nil {
			t.Fatal(err)
		}
		spoil(&file.Cases[3])
		data, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		report, err := SelfTest(data)
		if err != nil {
			t.Fatal(err)
		}
		if report.Passed || report.Engines[0].Passed {
			t.Errorf("passed wrong answers: %+v", report)
		}
	}
}

func TestSelfTestRejectsInvalidFiles(t *testing.T) {
	good := `{"neurons":1,"auxiliary":0,"layers":1,"theta":[[[0,0]]],"gamma":[0],"probabilities":{"0":1,"1":0},"weights":{"0":1,"1":0},"gradient":[[[0,0]]]}`
	for _, c := range []struct{ old, new, want string }{
		{`"neurons":1`, `"neurons":0`, "neurons is 0"},
		{`"layers":1`, `"layers":2`, "theta has 1 layers, want 2"},
		{`"theta":[[[0,0]]]`, `"theta":[[[0,0],[0,0]]]`, "theta has 2 qubits in layer 0, want 1"},
		{`"gamma":[0]`, `"gamma":[]`, "gamma has 0 angles, want 1"},
		{`"gradient":[[[0,0]]]`, `"gradient":[]`, "gradient has 0 layers"},
		{`"probabilities":{"0":1,"1":0}`, `"probabilities":{"0":1}`, "probabilities has 1 words, want 2"},
		{`"weights":{"0":1,"1":0}`, `"weights":{"0":1,"2":0}`, `"2" is not a word`},
		{good, ``, "no cases"},
		{`{"n`, `{n`, "invalid character"},
	} {
		file := `{"cases":[` + strings.Replace(good, c.old, c.new, 1) + `]}`
		if _, err := SelfTest([]byte(file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s instead of %s: error %v, want %q", c.new, c.old, err, c.want)
		}
	}
	if _, err := SelfTest([]byte(`{"cases":[` + good + `]}`)); err != nil {
		t.Errorf("the good file: %v", err)
	}
}

func FuzzKnownAnswers(f *testing.F) {
	f.Add([]byte(`{"cases":[{"neurons":1,"auxiliary":0,"layers":1,"theta":[[[0,0]]],"gamma":[0],"probabilities":{"0":1,"1":0},"weights":{"0":1,"1":0},"gradient":[[[0,0]]]}]}`))
	f.Add(knownAnswers)
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := parseKnown(data)
		if err != nil {
			return
		}
		for _, k := range cases {
			if len(k.angles) != k.ansatz.Angles() || len(k.noise) != k.ansatz.NoiseRows() || len(k.weights) != k.ansatz.Words() {
				t.Errorf("accepted a case of the wrong shape: %+v", k)
			}
		}
	})
}
