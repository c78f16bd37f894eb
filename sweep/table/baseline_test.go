package table

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"spiqsweep/sweep"
)

// withBaselines appends to the example a baseline for each value of t. Those of t = 1
// have errors a tenth, those of t = 6 ten times those of replicate 0 with k = 0.
func withBaselines(t *testing.T) Rows {
	return func(yield func(Row, error) bool) {
		for row := range example() { //nolint:errcheck // the example has no errors
			if !yield(row, nil) {
				return
			}
		}
		for i, timesteps := range []int{1, 6} {
			trained := sweep.Default()
			trained.Neurons, trained.Timesteps, trained.Circuit.Entangler = 2, timesteps, "none"
			c, err := trained.Baseline("pairwise")
			if err != nil {
				t.Fatal(err)
			}
			measures := exampleMeasures(timesteps, 0, 0)
			measures.FittedParameters = 3
			for name := range measures.Errors {
				measures.Errors[name] *= []float64{0.1, 10}[i]
			}
			row := Row{
				Task: sweep.TaskID("b"), ConfigurationIndex: 4 + i, State: sweep.Done,
				Configuration: c, Data: "surrogate", NeuronIDs: []int{7, 3}, Measures: measures,
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func TestBaselineRowsLeaveEmptyWhatTheyDoNotRead(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"results": func(b *bytes.Buffer) error {
			return WriteResults(b, Shape{Axes: []string{"entangler"}}, withBaselines(t))
		},
		"summary": func(b *bytes.Buffer) error {
			return WriteSummary(b, Shape{Axes: []string{"entangler"}}, withBaselines(t))
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		last := lines[len(lines)-1]
		want := map[string]string{
			"results": "b,done,pairwise,2,6,,0,,surrogate,7 3,3,,",
			"summary": "pairwise,2,6,,,surrogate,7 3,3,,",
		}[name]
		if !strings.HasPrefix(last, want) {
			t.Errorf("%s: %s\nhas not the prefix %s", name, last, want)
		}
	}
}

// TestLevelsOfModels checks the geometric means, and the pairs of every training with
// the baseline on its data.
func TestLevelsOfModels(t *testing.T) {
	trainings, err := Gather(Shape{Axes: []string{"timesteps", "k"}}, withBaselines(t))
	if err != nil {
		t.Fatal(err)
	}
	most := map[string]int{"timesteps": 4, "k": 8} // trainings of a value
	var found []Level
	for _, level := range trainings.Levels() {
		if level.Error != "mse_k_probability" {
			continue
		}
		if level.Axis == "model" {
			found = append(found, level)
		} else if level.Models > most[level.Axis] {
			t.Errorf("a baseline counts as a training: %+v", level)
		}
	}
	if len(found) != 4 || found[0].Value != "spiqgan" || found[1].Value != "pairwise" || found[2].K != 1 {
		t.Fatalf("levels: %+v", found)
	}
	pairwise := found[1]
	if want := 1e-3 * math.Sqrt(6); math.Abs(pairwise.GeometricMean-want) > 1e-15 || pairwise.Models != 2 || pairwise.Reference != "spiqgan" {
		t.Errorf("%+v, want a geometric mean of %v", pairwise, want)
	}
	ratios := pairwise.pair.logRatios()
	if len(ratios) != 8 || math.Abs(ratios[0]-math.Log(10)) > 1e-12 || math.Abs(ratios[4]+math.Log(10)) > 1e-12 {
		t.Errorf("log ratios %v", ratios)
	}
}
