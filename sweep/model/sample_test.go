package model_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

func always() error { return nil }

// trainedOn trains or fits a model of two neurons in two time steps.
func trainedOn(t *testing.T, change func(*sweep.Configuration)) (table.Row, sweep.Result) {
	t.Helper()
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.Training.Steps = 2, 2, 40
	change(&c)
	if c.IsBaseline() {
		b, err := c.Baseline(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		c = b
	}
	raster := recording.Surrogate(1).Raster([]int{11, 12})
	raster.Repeats = 40
	raster.Words = raster.Words[:raster.Repeats*raster.Bins]
	kernel := circuit.DefaultKernel()
	task := runner.Task{ID: sweep.NewTaskID(c, raster.Digest(), sweep.Numerics, "test"), Configuration: c, Raster: raster}
	outcome, err := runner.New(kernel, hclog.NewNullLogger()).Run(context.Background(), task, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	return table.Row{Task: task.ID, Configuration: c, Data: "surrogate", NeuronIDs: raster.NeuronIDs, Digest: "d1"}, outcome.Result
}

// TestSampleFollowsTheLaw compares the frequencies of all joint words in 200,000 windows
// with the state of the result, within five standard errors.
func TestSampleFollowsTheLaw(t *testing.T) {
	const windows = 200_000
	for name, change := range map[string]func(*sweep.Configuration){
		"circuit":         func(*sweep.Configuration) {},
		"noise per patch": func(c *sweep.Configuration) { c.Circuit.NoisePerPatch = true },
		"postselect":      func(c *sweep.Configuration) { c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout = 1, "postselect" },
		"no noise":        func(c *sweep.Configuration) { c.Circuit.Noise = "none" },
		"mixture":         func(c *sweep.Configuration) { c.Model = sweep.ModelMixture },
		"rbm":             func(c *sweep.Configuration) { c.Model = sweep.ModelRBM },
		"independent":     func(c *sweep.Configuration) { c.Model = "independent" },
		"pairwise":        func(c *sweep.Configuration) { c.Model = "pairwise" },
		"k_pairwise":      func(c *sweep.Configuration) { c.Model = "k_pairwise" },
	} {
		t.Run(name, func(t *testing.T) {
			row, result := trainedOn(t, change)
			s, err := model.NewSampler(row, result, 7)
			if err != nil {
				t.Fatal(err)
			}
			drawn, err := s.Windows(0, windows)
			if err != nil {
				t.Fatal(err)
			}
			frequency := make([]float64, 16)
			for _, w := range drawn {
				frequency[w[0]|w[1]<<2] += 1. / windows
			}
			for word, p := range result.Model["state"] {
				if f := frequency[word]; math.Abs(f-p) > 5*math.Sqrt(p*(1-p)/windows)+1e-9 {
					t.Errorf("joint word %04b has frequency %v and probability %v", word, f, p)
				}
			}
			if part, err := s.Windows(300, 5); err != nil || fmt.Sprint(part) != fmt.Sprint(drawn[300:305]) {
				t.Errorf("windows 300 to 304 are %v (%v), and %v in a larger sample", part, err, drawn[300:305])
			}
		})
	}
}

// TestSampleBits guards the bytes of samples of fixed angles, which must be the same on
// every machine.
func TestSampleBits(t *testing.T) {
	for name, want := range map[string]string{
		"patches": "0919ad26243bda81", "postselect, noise per layer and patch": "c68fc21bb1e45daa",
		"mixture, noise per patch": "5ce99c2f5e57dcb0", "rbm": "6ffc5e79b8028d52",
	} {
		row, angles := finished(variants[name])
		s, err := model.NewSampler(row, sweep.Result{Angles: angles}, 3)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		for _, format := range model.SampleFormats {
			if err := model.WriteSample(&body, format, s, s.Meta(700, 20, "v1"), always); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(body.Bytes()))[:16]; got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
}

// TestSampleIsARecording reads both formats with package recording, and compares the bits.
func TestSampleIsARecording(t *testing.T) {
	row, angles := finished(variants["patches"])
	s, err := model.NewSampler(row, sweep.Result{Angles: angles}, 3)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := s.Windows(0, 300)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range model.SampleFormats {
		file := writeSample(t, s, format, 300)
		r, err := recording.Open(t.Context(), file, recording.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Raster([]int{0, 1, 2}).Words; !slices.Equal(got, slices.Concat(drawn...)) || r.Bins() != 2 {
			t.Errorf("%s: %s with other bits", format, r.Shape())
		}
	}
}

func writeSample(t *testing.T, s *model.Sampler, format string, windows int) (file string) {
	t.Helper()
	var body bytes.Buffer
	if err := model.WriteSample(&body, format, s, s.Meta(windows, 12.5, "v1"), always); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "sample."+format)
	if err := os.WriteFile(file, body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// readNPZ checks a sample in argv[1] with NumPy, without pickle, and prints its bits.
const readNPZ = `
import json, sys
import numpy as np

z = np.load(sys.argv[1], allow_pickle=False)
assert sorted(z.files) == ["bin_ms", "meta_json", "neuron_ids", "samples", "seed"], z.files
x, meta = z["samples"], json.loads(str(z["meta_json"]))
assert x.dtype == np.uint8 and x.shape == (300, 3, 2) and x.max() == 1, (x.dtype, x.shape)
assert list(z["neuron_ids"]) == [50, 2, 16] == meta["neuron_ids"]
assert z["bin_ms"] == 12.5 and z["seed"] == 3 and z["seed"].dtype == np.uint64
assert meta["format"] == "spiqsweep-sample/1" and meta["task"] == "0123" and meta["program"] == "v1", meta
assert meta["configuration"]["neurons"] == 3, meta
print("".join(str(b) for b in x.ravel()))
`

func TestNumpyReadsASample(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	row, angles := finished(variants["patches"])
	s, err := model.NewSampler(row, sweep.Result{Angles: angles}, 3)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(python, "-c", readNPZ, writeSample(t, s, "npz", 300))
	run.Stderr = os.Stderr
	output, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := s.Windows(0, 300)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, window := range drawn {
		for neuron := range 3 {
			fmt.Fprint(&want, window[0]>>neuron&1, window[1]>>neuron&1)
		}
	}
	if got := strings.TrimSpace(string(output)); got != strings.ReplaceAll(want.String(), " ", "") {
		t.Error("NumPy reads other bits")
	}
}

// TestSampleOfManyNeuronsChecksOften draws windows whose laws take long, and counts the calls of check.
func TestSampleOfManyNeuronsChecksOften(t *testing.T) {
	row, angles := finished(func(c *sweep.Configuration) { c.Model, c.Neurons = sweep.ModelMixture, 20 })
	s, err := model.NewSampler(row, sweep.Result{Angles: angles}, 1)
	if err != nil {
		t.Fatal(err)
	}
	const windows = 10
	calls := 0
	check := func() error { calls++; return nil }
	if err := model.WriteSample(&bytes.Buffer{}, "csv", s, s.Meta(windows, 20, "v1"), check); err != nil || calls < windows/5 {
		t.Errorf("%d calls for %d windows, error %v", calls, windows, err)
	}
}

func TestSampleErrors(t *testing.T) {
	row, angles := finished(variants["default"])
	if _, err := model.NewSampler(row, sweep.Result{}, 1); err == nil || !strings.Contains(err.Error(), "angles of 0 time steps: must be 1") {
		t.Errorf("without angles: error %v", err)
	}
	fitted := row
	fitted.Configuration.Model = "psth"
	if _, err := model.NewSampler(fitted, sweep.Result{}, 1); err == nil || !strings.Contains(err.Error(), "the model psth keeps no law to draw from") {
		t.Errorf("psth: error %v", err)
	}
	s, err := model.NewSampler(row, sweep.Result{Angles: angles}, 1)
	if err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	for _, format := range model.SampleFormats {
		if err := model.WriteSample(&bytes.Buffer{}, format, s, s.Meta(10, 20, "v1"), func() error { return stopped }); !errors.Is(err, stopped) {
			t.Errorf("%s: error %v, want that of check", format, err)
		}
	}
	if err := model.WriteSample(&bytes.Buffer{}, "mat", s, s.Meta(10, 20, "v1"), always); err == nil || !strings.Contains(err.Error(), "must be npz or csv") {
		t.Errorf("format mat: error %v", err)
	}
	// The chance of silence of twelve auxiliary qubits that are turned by π underflows.
	none, _ := finished(func(c *sweep.Configuration) {
		c.Neurons, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout, c.Circuit.Noise, c.Circuit.Entangler, c.Circuit.Layers = 1, 12, "postselect", "none", "none", 1
	})
	turned := make([][2]float64, 13)
	for q := range turned {
		turned[q][0] = math.Pi
	}
	if s, err = model.NewSampler(none, sweep.Result{Angles: [][][][2]float64{{turned}}}, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Windows(0, 1); err == nil || !strings.Contains(err.Error(), "at time step 0 no outcome has a probability above 0") {
		t.Errorf("a circuit that keeps no outcome: error %v", err)
	}
}
