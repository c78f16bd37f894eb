package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// numpyAgreement is the largest relative difference between an error of the program
// and that of errors.py.
const numpyAgreement = 1e-6

// TestNumpyComputesTheErrors trains or fits models of every kind on the surrogate, and
// compares the errors of their results with those that errors.py computes from the model
// files and the recording.
func TestNumpyComputesTheErrors(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	kernel := circuit.DefaultKernel()
	runners := runner.New(kernel, hclog.NewNullLogger())
	surrogate := recording.Surrogate(1)
	for name, c := range configurationsOfEveryKind(t) {
		t.Run(name, func(t *testing.T) {
			raster := surrogate.Raster([]int{3, 10, 11, 12}[:c.Neurons])
			raster.Repeats = 40
			raster.Words = raster.Words[:raster.Repeats*raster.Bins]
			task := runner.Task{ID: sweep.NewTaskID(c, raster.Digest(), sweep.Numerics, kernel.Class), Configuration: c, Raster: raster}
			outcome, err := runners.Run(context.Background(), task, quiet{})
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			file := filepath.Join(folder, "model.json")
			row := table.Row{Task: task.ID, Configuration: c, Data: "surrogate", NeuronIDs: raster.NeuronIDs}
			var body bytes.Buffer
			if err := model.Write(&body, row, outcome.Result, raster.BinMS); err != nil {
				t.Fatal(err)
			}
			spikes := filepath.Join(folder, "recording.npy")
			for path, content := range map[string][]byte{file: body.Bytes(), spikes: npy(raster)} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			output, err := exec.Command(python, "-B", "errors.py", spikes, file).Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
			}
			var got map[string]float64
			if err := json.Unmarshal(output, &got); err != nil {
				t.Fatal(err)
			}
			for _, name := range sweep.ErrorNames {
				want, defined := outcome.Result.Errors[name]
				error, found := got[name]
				rounding := 1e-15 // of a squared difference
				if strings.HasPrefix(name, "legacy_") {
					rounding = 1e-12
				}
				if defined != found || math.Abs(error-want) > numpyAgreement*want+rounding {
					t.Errorf("%s is %v (%t), the program has %v (%t)", name, error, found, want, defined)
				}
			}
		})
	}
}

// configurationsOfEveryKind returns small configurations of every model and objective.
func configurationsOfEveryKind(t *testing.T) map[string]sweep.Configuration {
	all := map[string]sweep.Configuration{}
	for name, change := range map[string]func(*sweep.Configuration){
		"one neuron":       func(c *sweep.Configuration) { c.Neurons = 1 },
		"one step":         func(c *sweep.Configuration) { c.Timesteps = 1 },
		"seven steps":      func(c *sweep.Configuration) { c.Timesteps = 7 },
		"noise per patch":  func(c *sweep.Configuration) { c.Circuit.NoisePerPatch = true },
		"no noise":         func(c *sweep.Configuration) { c.Circuit.Noise = "none" },
		"K-loss, five":     func(c *sweep.Configuration) { c.K, c.Circuit.FinalEncoding = 1, true },
		"an auxiliary one": func(c *sweep.Configuration) { c.Circuit.Auxiliary = 1 },
	} {
		c := sweep.Default()
		c.Neurons, c.Timesteps, c.Training.Steps = 3, 2, 30
		change(&c)
		all[name] = c
	}
	for _, name := range sweep.Baselines {
		for _, timesteps := range []int{4, 7} {
			c := sweep.Default()
			c.Neurons, c.Timesteps = 4, timesteps
			b, err := c.Baseline(name)
			if err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%s, %d steps", name, timesteps)] = b
		}
	}
	return all
}

// npy returns a raster as a NumPy file of bytes, [repeat, neuron, bin].
func npy(r *recording.Raster) []byte {
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d), }\n", r.Repeats, r.Neurons, r.Bins)
	body := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	body = append(body, header...)
	for repeat := range r.Repeats {
		for neuron := range r.Neurons {
			for _, word := range r.Words[repeat*r.Bins : (repeat+1)*r.Bins] {
				body = append(body, byte(word>>neuron&1))
			}
		}
	}
	return body
}
