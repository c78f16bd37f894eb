package model_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/model"
	"spiqsweep/sweep/table"
	"spiqsweep/worker/runner"
)

// quiet is a reporter that discards everything.
type quiet struct{}

func (quiet) Progress(int)           {}
func (quiet) Checkpoint(int, []byte) {}

// compareLaw compares the distributions that model.py computes for the model in
// argv[1] with the program's statistics in argv[2], within argv[3], and the mean over
// quasi-random points with the quadrature.
const compareLaw = `
import json, sys
import numpy as np
from model import bits, law, noise_shape

model, vectors, allowed = json.load(open(sys.argv[1])), json.load(open(sys.argv[2])), float(sys.argv[3])
laws = np.array([law(model, t) for t in range(model["timesteps"])])
assert abs(laws.sum(axis=1) - 1).max() < 1e-12, laws.sum(axis=1)
word = bits(model)
def compare(name, got, scale):
    error = abs(np.ravel(got) - vectors[name]).max() / scale
    assert error < allowed, f"{name}: {np.ravel(got)}, the program has {vectors[name]}"
hz = 1 / (model["bin_ms"] / 1000)
compare("rate_by_step_hz", (laws @ word * hz).T, hz)
compare("firing_rate_hz", laws.mean(axis=0) @ word * hz, hz)
compare("k_probability", [laws.mean(axis=0)[word.sum(axis=1) == k].sum() for k in range(model["neurons"] + 1)], 1)
if noise_shape(model)[1] != (1, 1):
    error = abs(law(model, 0, points=1) - laws[0]).max()
    assert error < 5e-3, f"quasi-random points are off by {error}"
`

// TestLawMatchesTheStatistics trains a model for every kind of noise, and compares
// the distributions that model.py computes from its file with the statistics of the
// result: exact ones, or frequencies in 20,000 windows.
func TestLawMatchesTheStatistics(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	noisy := map[string]func(*sweep.Configuration){
		"an angle for each qubit":           func(c *sweep.Configuration) { c.Circuit.Noise = "per_qubit" },
		"an angle for each layer":           func(c *sweep.Configuration) { c.Neurons, c.Circuit.NoisePerLayer = 2, true },
		"an angle for each patch":           func(c *sweep.Configuration) { c.Circuit.NoisePerPatch = true },
		"an angle for each qubit and patch": func(c *sweep.Configuration) { c.Circuit.Noise, c.Circuit.NoisePerPatch = "per_qubit", true },
		"an angle for each qubit and layer": func(c *sweep.Configuration) {
			c.Neurons, c.Circuit.Layers, c.Circuit.Noise, c.Circuit.NoisePerLayer = 2, 2, "per_qubit", true
		},
		"a traced qubit, an angle for each": func(c *sweep.Configuration) {
			c.Neurons, c.Circuit.Auxiliary, c.Circuit.Noise, c.Circuit.NoiseLow, c.Circuit.NoiseHigh = 2, 1, "per_qubit", -1, 2.5
		},
		"postselected, parameters first": func(c *sweep.Configuration) {
			c.Neurons, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout, c.Circuit.Order = 2, 1, "postselect", "parameters_first"
		},
		"postselected, an angle for each": func(c *sweep.Configuration) {
			c.Neurons, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout, c.Circuit.Noise = 2, 1, "postselect", "per_qubit"
		},
		"five encodings":      func(c *sweep.Configuration) { c.Circuit.FinalEncoding = true },
		"parameters first":    func(c *sweep.Configuration) { c.Circuit.Order, c.Circuit.FinalEncoding = "parameters_first", true },
		"no noise":            func(c *sweep.Configuration) { c.Circuit.Noise = "none" },
		"no noise, per layer": func(c *sweep.Configuration) { c.Circuit.Noise, c.Circuit.NoisePerLayer = "none", true },
	}
	for name, change := range noisy {
		t.Run(name, func(t *testing.T) {
			c := sweep.Default()
			c.Neurons, c.Timesteps, c.Training.Steps, c.Circuit.Entangler = 3, 2, 5, "ring"
			change(&c)
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			neurons := []int{10, 11, 12}[:c.Neurons]
			kernel := circuit.DefaultKernel()
			raster := recording.Surrogate(1).Raster(neurons)
			task := runner.Task{ID: sweep.NewTaskID(c, raster.Digest(), sweep.Numerics, kernel.Class), Configuration: c, Raster: raster}
			outcome, err := runner.New(kernel, hclog.NewNullLogger()).Run(context.Background(), task, quiet{})
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			file, err := os.Create(filepath.Join(folder, "model.json"))
			if err != nil {
				t.Fatal(err)
			}
			row := table.Row{Task: task.ID, Configuration: c, Data: "surrogate", NeuronIDs: neurons}
			if err := model.Write(file, row, outcome.Result, raster.BinMS); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			vectors, err := json.Marshal(outcome.Result.Model)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "vectors.json"), vectors, 0o600); err != nil {
				t.Fatal(err)
			}
			allowed := "1e-9"
			if c.Sampled() {
				allowed = "0.018" // five standard deviations of a share of 20,000 windows
			}
			run := exec.Command(python, "-c", compareLaw, filepath.Join(folder, "model.json"), filepath.Join(folder, "vectors.json"), allowed)
			run.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1") // it imports model.py from this folder
			if output, err := run.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}
