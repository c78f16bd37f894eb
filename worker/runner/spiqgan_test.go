package runner

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/sweep"
)

func TestInvalidResultIsAFailure(t *testing.T) {
	task := smallTask(t, 2, 1)
	_, w, _ := runUntil(newTestRunner(), task, 3)
	forged, err := decodeCheckpoint(w.checkpoints[3], task.ID)
	if err != nil {
		t.Fatal(err)
	}
	forged.History[0].JSBits = 2
	if task.Checkpoint, err = forged.encode(); err != nil {
		t.Fatal(err)
	}
	_, _, err = runUntil(newTestRunner(), task, -1)
	if err == nil || !strings.Contains(err.Error(), "the result is invalid: history[0]") {
		t.Errorf("error %v", err)
	}
}

func TestConcurrentTasksGiveTheSameResults(t *testing.T) {
	tasks := variants(t)
	want := map[string][]byte{}
	for name, task := range tasks {
		want[name] = mustRun(t, newTestRunner(), task)
	}
	shared := newTestRunner()
	var wait sync.WaitGroup
	for name, task := range tasks {
		for range 2 {
			wait.Go(func() {
				outcome, _, err := runUntil(shared, task, -1)
				if err != nil {
					t.Error(err)
					return
				}
				if got, _ := outcome.Result.Encode(); !bytes.Equal(got, want[name]) {
					t.Errorf("%s: another result beside others", name)
				}
			})
		}
	}
	wait.Wait()
}

func TestResults(t *testing.T) {
	for name, task := range variants(t) {
		t.Run(name, func(t *testing.T) {
			var result sweep.Result
			if err := json.Unmarshal(mustRun(t, newTestRunner(), task), &result); err != nil {
				t.Fatal(err)
			}
			if err := result.Validate(task.Configuration); err != nil {
				t.Error(err)
			}
			var steps []int
			for _, p := range result.History {
				steps = append(steps, p.Step)
			}
			want := []int{0, 2, 4, 6}
			if !task.Configuration.HasState() {
				want = nil
			}
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("steps of the history: %s", diff)
			}
			if want != nil {
				if last := result.History[3].JSBits; abs(last-result.Errors["js_bits"]) > 1e-6 {
					t.Errorf("the history ends with %v, the evaluation is %v", last, result.Errors["js_bits"])
				}
			}
			if holdout := task.Configuration.HasHoldout(); holdout != (result.Heldout != nil) || holdout != (result.Likelihood != nil) {
				t.Errorf("held-out numbers %v, likelihood %v", result.Heldout, result.Likelihood)
			}
			requireIntervals(t, result.ErrorIntervals, result.Errors)
			requireIntervals(t, result.HeldoutErrorIntervals, result.HeldoutErrors)
			if l := result.Likelihood; l != nil {
				requireCrossEntropy(t, l.HeldoutBitsPerBin, result.Heldout["state"], result.Model["state"], task.Configuration.Timesteps)
			}
		})
	}
}

// requireIntervals requires an interval of every error that has one. Recordings of these
// tests have at least three repeats in each part.
func requireIntervals(t *testing.T, intervals map[string][2]float64, errors map[string]float64) {
	t.Helper()
	for _, name := range sweep.IntervalNames {
		ends, ok := intervals[name]
		if e, want := errors[name]; ok != want || ends[0] > e || ok && ends[1] <= 0 {
			t.Errorf("%s: error %v, interval %v", name, e, ends)
		}
	}
}

// requireCrossEntropy requires bits per bin to be the cross entropy of the held-out
// windows' words and the model's, where all units have the same number of windows.
func requireCrossEntropy(t *testing.T, got float64, data, model []float64, timesteps int) {
	t.Helper()
	want := 0.0
	for word, p := range data {
		if p > 0 {
			want -= p * math.Log2(model[word]) / float64(timesteps)
		}
	}
	if abs(got-want) > 1e-9 {
		t.Errorf("%v bits per bin, the cross entropy is %v", got, want)
	}
}

// TestNoLikelihoodForSeveralAngles uses noise whose windows have no
// probability by quadrature in one dimension.
func TestNoLikelihoodForSeveralAngles(t *testing.T) {
	for name, want := range map[string]bool{"shared": true, "none": true, "per_qubit": false} {
		outcome, _, err := runUntil(newTestRunner(), smallTask(t, 2, 2, "noise", name, "holdout", 0.25, "method", "samples"), -1)
		if err != nil {
			t.Fatal(err)
		}
		if l := outcome.Result.Likelihood; (l != nil) != want || want && l.HeldoutUnits != 3 {
			t.Errorf("%s: likelihood %+v", name, l)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestReplicatesShareFloors(t *testing.T) {
	floorsOf := func(task Task) map[string]float64 {
		outcome, _, err := runUntil(newTestRunner(), task, -1)
		if err != nil {
			t.Fatal(err)
		}
		return outcome.Result.Floors
	}
	first, second := smallTask(t, 2, 1), smallTask(t, 2, 1)
	second.Configuration.Replicate = 1
	if diff := cmp.Diff(floorsOf(first), floorsOf(second)); diff != "" {
		t.Error(diff)
	}
}

func TestInvalidTasksFail(t *testing.T) {
	tests := map[string]func(*Task){
		`fit a model named "ising"`:       func(t *Task) { t.Configuration.Model = "ising" },
		"has 2 neurons, the task needs 3": func(t *Task) { t.Configuration.Neurons = 3 },
		"windows of 61 time steps":        func(t *Task) { t.Configuration.Timesteps = 61 },
		"hold out a share of 1":           func(t *Task) { t.Configuration.Recording.Holdout = 1 },
		"constraint is":                   func(t *Task) { t.Configuration.Training.Constraint = "fetters" },
		"more than 32768":                 func(t *Task) { t.Configuration.Circuit.NoiseHigh = 1e5 },
	}
	for want, spoil := range tests {
		task := smallTask(t, 2, 1)
		spoil(&task)
		if _, _, err := runUntil(newTestRunner(), task, -1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
