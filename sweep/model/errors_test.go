package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
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

// TestNumpyComputesTheErrors trains or fits ten random models of every kind and objective
// on a part of the surrogate, and compares the errors of their results with those that
// errors.py computes from the model files and the recording.
func TestNumpyComputesTheErrors(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	kernel := circuit.DefaultKernel()
	runners := runner.New(kernel, hclog.NewNullLogger())
	surrogate := recording.Surrogate(1)
	for neurons := 1; neurons <= mostNeurons; neurons++ {
		raster := surrogate.Raster([]int{3, 10, 11, 12}[:neurons])
		raster.Repeats = 40
		raster.Words = raster.Words[:raster.Repeats*raster.Bins]
		folder := t.TempDir()
		spikes := filepath.Join(folder, "recording.npy")
		if err := os.WriteFile(spikes, npy(raster), 0o600); err != nil {
			t.Fatal(err)
		}
		files := []string{"-B", "errors.py", spikes}
		var configurations []sweep.Configuration
		var results []sweep.Result
		for i, c := range randomConfigurations(t, neurons) {
			task := runner.Task{ID: sweep.NewTaskID(c, raster.Digest(), sweep.Numerics, kernel.Class), Configuration: c, Raster: raster}
			outcome, err := runners.Run(context.Background(), task, quiet{})
			if err != nil {
				t.Fatalf("%s: %v", sweep.Canonical(c), err)
			}
			row := table.Row{Task: task.ID, Configuration: c, Data: "surrogate", NeuronIDs: raster.NeuronIDs}
			var body bytes.Buffer
			if err := model.Write(&body, row, outcome.Result, raster.BinMS); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, fmt.Sprintf("model%d.json", i))
			if err := os.WriteFile(file, body.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			files, configurations, results = append(files, file), append(configurations, c), append(results, outcome.Result)
		}
		run := exec.Command(python, files...)
		run.Stderr = os.Stderr
		output, err := run.Output()
		if err != nil {
			t.Fatal(err)
		}
		computed := json.NewDecoder(bytes.NewReader(output))
		for i, c := range configurations {
			var got map[string]float64
			if err := computed.Decode(&got); err != nil {
				t.Fatal(err)
			}
			compareErrors(t, c, got, results[i].Errors)
		}
	}
}

func compareErrors(t *testing.T, c sweep.Configuration, got, want map[string]float64) {
	for _, name := range sweep.ErrorNames {
		want, defined := want[name]
		error, found := got[name]
		rounding := 1e-15 // of a squared difference
		if strings.HasPrefix(name, "legacy_") {
			rounding = 1e-12
		}
		if defined != found || math.Abs(error-want) > numpyAgreement*want+rounding {
			t.Errorf("%s: %s is %v (%t), the program has %v (%t)", sweep.Canonical(c), name, error, found, want, defined)
		}
	}
}

// mostNeurons and mostBits bound the models of TestNumpyComputesTheErrors.
const mostNeurons, mostBits = 4, 21

// randomConfigurations returns configurations of every model and objective with a number
// of neurons: ten of each for all numbers of neurons together.
func randomConfigurations(t *testing.T, neurons int) []sweep.Configuration {
	random := rand.New(rand.NewPCG(uint64(neurons), 11))
	var all []sweep.Configuration
	add := func(model, objective string) {
		for count := []int{2, 2, 3, 3}[neurons-1]; count > 0; {
			c := sweep.Default()
			c.Neurons, c.Objective, c.Seed = neurons, objective, random.Uint64N(1000)
			c.Timesteps = 1 + random.IntN(mostBits/mostNeurons+2)
			c.K = float64(random.IntN(2))
			c.Training.Steps, c.Training.Restarts = 10+random.IntN(20), 1+random.IntN(3)
			for _, name := range []string{
				"order", "final_encoding", "entangler", "auxiliary", "noise", "noise_per_patch", "initial_angles",
				"constraint", "gradient", "k_loss", "schedule",
			} {
				s, _ := sweep.Lookup(name)
				choices := []any{0.0, 1.0}
				if s.Kind() == sweep.Boolean {
					choices = []any{false, true}
				}
				if len(s.Values) > 0 {
					choices = nil
				}
				for _, v := range s.Values {
					choices = append(choices, v)
				}
				if err := s.Set(&c, choices[random.IntN(len(choices))]); err != nil {
					t.Fatal(err)
				}
			}
			if model != sweep.ModelSpiQGAN {
				b, err := c.Baseline(model)
				if err != nil {
					continue
				}
				c = b
			}
			if c.Validate() == nil && !c.Sampled() && c.Neurons*c.Timesteps <= mostBits {
				all = append(all, c)
				count--
			}
		}
	}
	for _, model := range append([]string{sweep.ModelSpiQGAN}, sweep.Baselines...) {
		if (sweep.Configuration{Model: model}).IsFitted() {
			add(model, "wgan")
			continue
		}
		for _, objective := range []string{"wgan", "likelihood", "mmd"} {
			add(model, objective)
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
