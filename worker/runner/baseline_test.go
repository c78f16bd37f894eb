package runner

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/baseline"
	"spiqsweep/sweep"
)

// TestEveryBaselineHasARunner checks that the sweep and the simulator name the same
// models, with the same limits.
func TestEveryBaselineHasARunner(t *testing.T) {
	fitted := slices.DeleteFunc(slices.Clone(sweep.Baselines), func(name string) bool { return !sweep.Configuration{Model: name}.IsFitted() })
	if diff := cmp.Diff(baseline.Names(), fitted); diff != "" {
		t.Errorf("(-simulator +sweep):\n%s", diff)
	}
	for _, name := range fitted {
		for _, neurons := range []int{sweep.MaxEnumeratedNeurons, sweep.MaxEnumeratedNeurons + 1, sweep.MaxFittedNeurons, sweep.MaxFittedNeurons + 1} {
			c := sweep.Default()
			c.Neurons, c.Timesteps = neurons, 2
			_, err := c.Baseline(name)
			if planned := err == nil; planned != (neurons <= baseline.MaxNeurons(name)) {
				t.Errorf("%s of %d neurons is planned: %t, the simulator takes at most %d", name, neurons, planned, baseline.MaxNeurons(name))
			}
		}
	}
}

// TestBaselinesAreReproducible fits or trains every baseline twice, on data with held-out
// repeats or blocks. Their bits per bin are the cross entropy of the joint words.
func TestBaselinesAreReproducible(t *testing.T) {
	for i, name := range sweep.Baselines {
		task := longTask(t, 3, 2)
		if i%2 == 0 {
			task.Configuration.Recording.Holdout = 0.25
		} else {
			task.Configuration.Recording.HoldoutTime = 0.5
		}
		task.Configuration.Training.Steps = 3
		c, err := task.Configuration.Baseline(name)
		if err != nil {
			t.Fatal(err)
		}
		task.Configuration = c
		first, second := mustRun(t, newTestRunner(), task), mustRun(t, newTestRunner(), task)
		if !bytes.Equal(first, second) {
			t.Errorf("%s: two runs differ:\n%s\n%s", name, first, second)
		}
		result, err := sweep.DecodeResult(first)
		if err != nil || result.HeldoutErrors == nil || result.Likelihood == nil {
			t.Fatalf("%s: %v, held-out errors %v, likelihood %v", name, err, result.HeldoutErrors, result.Likelihood)
		}
		requireCrossEntropy(t, result.Likelihood.HeldoutBitsPerBin, result.Heldout["state"], result.Model["state"], 2)
	}
}
