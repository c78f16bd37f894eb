package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
	"spiqsweep/sweep/model"
	"spiqsweep/sweep/table"
)

// finished returns a row and random angles.
func finished(change func(*sweep.Configuration)) (table.Row, [][][][2]float64) {
	c := sweep.Default()
	change(&c)
	if err := c.Validate(); err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var angles [][][][2]float64
	for range c.Timesteps {
		var patch [][][2]float64
		for range c.Circuit.Layers {
			layer := make([][2]float64, c.Qubits())
			for q := range layer {
				layer[q] = [2]float64{random.Float64() * 7, random.Float64() * 7}
			}
			patch = append(patch, layer)
		}
		angles = append(angles, patch)
	}
	neurons := []int{50, 2, 16, 7}
	for len(neurons) < c.Neurons {
		neurons = append(neurons, 100+len(neurons))
	}
	return table.Row{Task: "0123", State: sweep.Done, Configuration: c, Data: "surrogate", NeuronIDs: neurons[:c.Neurons]}, angles
}

var variants = map[string]func(*sweep.Configuration){
	"default": func(c *sweep.Configuration) { c.Neurons = 1 },
	"patches": func(c *sweep.Configuration) { c.Neurons, c.Timesteps = 3, 2 },
	"ring, parameters first": func(c *sweep.Configuration) {
		c.Neurons, c.Circuit.Entangler, c.Circuit.Order = 3, "ring", "parameters_first"
	},
	"brick, five encodings, one angle per qubit": func(c *sweep.Configuration) {
		c.Neurons, c.Circuit.Entangler, c.Circuit.FinalEncoding, c.Circuit.Noise = 4, "brick", true, "per_qubit"
	},
	"postselect, noise per layer and patch": func(c *sweep.Configuration) {
		c.Timesteps, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout = 2, 2, "postselect"
		c.Circuit.NoisePerLayer, c.Circuit.NoisePerPatch, c.Circuit.NoiseHigh = true, true, 1
	},
	"traced, parameters first with a final encoding": func(c *sweep.Configuration) {
		c.Circuit.Auxiliary, c.Circuit.Order, c.Circuit.FinalEncoding = 1, "parameters_first", true
		c.Circuit.Noise, c.Circuit.NoisePerLayer = "per_qubit", true
	},
	"mixture, noise per patch": func(c *sweep.Configuration) {
		c.Model, c.Neurons, c.Timesteps, c.Circuit.NoisePerPatch = sweep.ModelMixture, 3, 2, true
	},
	"rbm":                func(c *sweep.Configuration) { c.Model, c.Neurons, c.Timesteps = sweep.ModelRBM, 3, 2 },
	"no noise, no CNOTs": func(c *sweep.Configuration) { c.Circuit.Noise, c.Circuit.Entangler = "none", "none" },
}

func written(t *testing.T, row table.Row, angles [][][][2]float64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := model.Write(&b, row, sweep.Result{Angles: angles}, 20); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestNumpyReadsEveryVariant runs model.py, which checks the test vectors.
func TestNumpyReadsEveryVariant(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			row, angles := finished(change)
			path := filepath.Join(t.TempDir(), "model.json")
			if err := os.WriteFile(path, written(t, row, angles), 0o600); err != nil {
				t.Fatal(err)
			}
			output, err := exec.Command(python, "-B", "model.py", path).CombinedOutput()
			if err != nil || !strings.HasPrefix(string(output), "[[") {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// TestLargeModelHasSomeProbabilities has model.py check a model of 17 neurons, whose test
// vectors are those of the words of 16.
func TestLargeModelHasSomeProbabilities(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	row, angles := finished(func(c *sweep.Configuration) { c.Neurons, c.Circuit.Layers = 17, 1 })
	body := written(t, row, angles)
	var file struct {
		Tests []struct{ Probabilities []float64 }
	}
	if err := json.Unmarshal(body, &file); err != nil {
		t.Fatal(err)
	}
	for _, test := range file.Tests {
		if len(test.Probabilities) != 1<<16 {
			t.Errorf("a test vector has %d probabilities", len(test.Probabilities))
		}
	}
	path := filepath.Join(t.TempDir(), "model.json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(python, "-B", "model.py", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestLoadNamesAFolderThatHasNoSweep checks that a wrong folder is an error, and no empty sweep.
func TestLoadNamesAFolderThatHasNoSweep(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	output, err := exec.Command(python, "-B", "-c", `import spiqsweep; spiqsweep.load("runs/typo")`).CombinedOutput()
	if want := "FileNotFoundError: runs/typo: it is not the output folder of a sweep: it has no results.csv"; err == nil || !strings.Contains(string(output), want) {
		t.Errorf("%v, want %q:\n%s", err, want, output)
	}
}

// TestGatesGiveTheProbabilities applies the gates that spiqsweep.py lists for other
// simulators, and compares with the test vectors.
func TestGatesGiveTheProbabilities(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	const program = `
import json, sys
import numpy as np
import model as models, spiqsweep
model = json.load(open(sys.argv[1]))
qubits = model["neurons"] + model["auxiliary"]
index = np.arange(2**qubits)
for test in model["tests"]:
    state = np.eye(1, 2**qubits, dtype=complex)
    for name, on, angle in spiqsweep.gates(model, test["time"], test["gamma"]):
        if name == "cx":
            state = state[:, index ^ ((index >> on[0] & 1) << on[1])]
        else:
            state = models.rotate(state, on[0], name[1], angle)
    got = (abs(state) ** 2).reshape(-1, 2 ** model["neurons"]).sum(axis=0)
    assert abs(got - test["probabilities"]).max() < 1e-12, (got, test["probabilities"])
`
	for name, change := range variants {
		row, angles := finished(change)
		if row.Configuration.IsBaseline() || row.Configuration.Circuit.AuxiliaryReadout == "postselect" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.json")
			if err := os.WriteFile(path, written(t, row, angles), 0o600); err != nil {
				t.Fatal(err)
			}
			if output, err := exec.Command(python, "-B", "-c", program, path).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// TestTheScriptOfREADMERuns runs it in the root folder of the repository.
func TestTheScriptOfREADMERuns(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(readme), "```python\n")
	script, _, found := strings.Cut(script, "```")
	models := filepath.Join(t.TempDir(), "*.json")
	if !found || !strings.Contains(script, "runs/figure-s1/models/*.json") {
		t.Fatalf("README has no script that reads models:\n%s", script)
	}
	row, angles := finished(variants["patches"])
	if err := os.WriteFile(filepath.Join(filepath.Dir(models), "b.json"), written(t, row, angles), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(models), "a.json"), []byte(`{"model": "independent", "parameters": {"rates": [0.1]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(python, "-B", "-c", strings.ReplaceAll(script, "runs/figure-s1/models/*.json", filepath.ToSlash(models)))
	run.Dir = "../.."
	if output, err := run.CombinedOutput(); err != nil || !strings.Contains(string(output), "Hz") {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestTheFileKeepsEveryDigit(t *testing.T) {
	row, angles := finished(variants["patches"])
	var got struct {
		Format    string
		Angles    [][][][2]float64
		NeuronIDs []int   `json:"neuron_ids"`
		BinMS     float64 `json:"bin_ms"`
		Tests     []struct {
			Time          int
			Gamma         [][]float64
			Probabilities []float64
		}
		Circuit map[string]any
	}
	if err := json.Unmarshal(written(t, row, angles), &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "spiqsweep-model/1" || got.BinMS != 20 {
		t.Errorf("format %q, bin_ms %v", got.Format, got.BinMS)
	}
	if diff := cmp.Diff(angles, got.Angles); diff != "" {
		t.Errorf("angles (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(row.NeuronIDs, got.NeuronIDs); diff != "" {
		t.Errorf("neuron_ids (-want +got):\n%s", diff)
	}
	for _, s := range sweep.Settings() {
		if _, ok := got.Circuit[s.Name]; ok != (s.Block == "circuit") {
			t.Errorf("setting %s of block %q: present is %v", s.Name, s.Block, ok)
		}
	}
	if len(got.Tests) != 2 || got.Tests[0].Time != 0 || got.Tests[1].Time != 1 {
		t.Fatalf("tests: %+v", got.Tests)
	}
	for _, test := range got.Tests {
		sum := 0.0
		for _, p := range test.Probabilities {
			sum += p
		}
		if math.Abs(sum-1) > 1e-12 || len(test.Probabilities) != 8 {
			t.Errorf("%d probabilities sum to %v", len(test.Probabilities), sum)
		}
		for _, encoding := range test.Gamma {
			for _, gamma := range encoding {
				if gamma != test.Gamma[0][0] || gamma <= 0 || gamma >= math.Pi {
					t.Errorf("gamma %v is not one shared angle in (0, π)", test.Gamma)
				}
			}
		}
	}
}

// TestAModelNamesItsReading checks that the file has the preset, and each setting that the
// model's numbers depend on, but no other.
func TestAModelNamesItsReading(t *testing.T) {
	for name, test := range map[string]struct {
		objective string
		k         float64
		want      map[string]any // nil: no such setting
	}{
		"K-loss":        {"wgan", 1, map[string]any{"preset": "population", "k": 1.0, "k_loss": "population", "constraint": "one_sided", "steps": 2000.0, "entangler": "chain"}},
		"standard loss": {"wgan", 0, map[string]any{"preset": "population", "k": 0.0, "k_loss": nil, "constraint": "one_sided"}},
		"likelihood":    {"likelihood", 1, map[string]any{"objective": "likelihood", "k": nil, "k_loss": nil, "constraint": nil}},
	} {
		row, angles := finished(func(c *sweep.Configuration) {
			for _, p := range sweep.Presets() {
				if p.Name == "population" {
					if err := p.Apply(c); err != nil {
						t.Fatal(err)
					}
				}
			}
			c.Objective, c.K = test.objective, test.k
		})
		var got struct{ Settings map[string]any }
		if err := json.Unmarshal(written(t, row, angles), &got); err != nil {
			t.Fatal(err)
		}
		for setting, want := range test.want {
			if value := got.Settings[setting]; value != want {
				t.Errorf("%s: %s is %v, want %v", name, setting, value, want)
			}
		}
	}
}

func TestAnUnfinishedTaskHasNoModel(t *testing.T) {
	row, _ := finished(variants["default"])
	if err := model.Write(&bytes.Buffer{}, row, sweep.Result{}, 20); err == nil || !strings.Contains(err.Error(), "0123") {
		t.Errorf("error is %v, want one that names the task", err)
	}
}

func ExampleWrite() {
	row := table.Row{
		Task: "0123", Configuration: sweep.Default(), Data: "surrogate", NeuronIDs: []int{50, 2},
	}
	angles := [][][][2]float64{{{{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}}}
	var b bytes.Buffer
	if err := model.Write(&b, row, sweep.Result{Angles: angles}, 20); err != nil {
		panic(err)
	}
	text, _, _ := strings.Cut(b.String(), `,"circuit"`)
	fmt.Println(text)
	// Output: {"format":"spiqsweep-model/1","task":"0123","model":"spiqgan","data":"surrogate","neurons":2,"timesteps":1,"seed":1,"neuron_ids":[50,2],"bin_ms":20,"auxiliary":0,"k":0,"replicate":0
}
