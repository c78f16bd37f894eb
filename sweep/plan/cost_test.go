package plan

import (
	"math"
	"slices"
	"testing"

	"spiqsweep/sweep"
)

func configuration(neurons, timesteps int, changes ...func(*sweep.Configuration)) sweep.Configuration {
	c := sweep.Default()
	c.Neurons, c.Timesteps = neurons, timesteps
	for _, change := range changes {
		change(&c)
	}
	return c
}

// The processor time of gan.Trainer.Step in microseconds, the least of ten runs
// with the portable kernel on the project's machine.
func TestCostAgreesWithMeasurements(t *testing.T) {
	ring := func(c *sweep.Configuration) { c.Circuit.Entangler = "ring" }
	for _, test := range []struct {
		c        sweep.Configuration
		measured float64
	}{
		{configuration(2, 1), 60},
		{configuration(2, 30), 1262},
		{configuration(4, 1), 134},
		{configuration(4, 10), 1125},
		{configuration(6, 5), 1680},
		{configuration(8, 2), 2364},
		{configuration(10, 1), 4656},
		{configuration(10, 30), 151855},
		{configuration(10, 2, func(c *sweep.Configuration) { c.Circuit.Layers = 8 }), 18249},
		{configuration(10, 2, func(c *sweep.Configuration) { c.Circuit.Auxiliary = 2 }), 32838},
		{configuration(10, 30, func(c *sweep.Configuration) { c.Training.HiddenUnits = 128 }), 211009},
		{configuration(8, 5, func(c *sweep.Configuration) { c.Training.CriticUpdates = 4 }), 7351},
		{configuration(2, 30, func(c *sweep.Configuration) { c.Training.BatchSize = 64 }), 2614},
		{configuration(2, 30, func(c *sweep.Configuration) { c.Training.Constraint = "none" }), 1095},
		{configuration(10, 30, func(c *sweep.Configuration) { c.Training.Gradient = "straight_through" }), 91907},
		{configuration(4, 5, func(c *sweep.Configuration) { c.Training.Gradient = "parameter_shift" }), 4040},
		{configuration(2, 2, ring), 377},
		{configuration(6, 2, ring), 2532},
		{configuration(10, 2, ring), 37645},
		{configuration(4, 2, func(c *sweep.Configuration) {
			c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout = 1, "postselect"
		}), 1407},
	} {
		got := iteration(test.c) / 1000
		if off := math.Abs(math.Log(got / test.measured)); off > math.Log(1.25) {
			t.Errorf("%s: the model says %.0f µs, measured %.0f", test.c.Label(), got, test.measured)
		}
	}
}

// Whatever the constants: more work costs more.
func TestCostOrder(t *testing.T) {
	base := configuration(4, 4)
	for name, change := range map[string]func(*sweep.Configuration){
		"neurons":        func(c *sweep.Configuration) { c.Neurons++ },
		"timesteps":      func(c *sweep.Configuration) { c.Timesteps *= 2 },
		"auxiliary":      func(c *sweep.Configuration) { c.Circuit.Auxiliary = 1 },
		"layers":         func(c *sweep.Configuration) { c.Circuit.Layers = 5 },
		"ring":           func(c *sweep.Configuration) { c.Circuit.Entangler = "ring" },
		"steps":          func(c *sweep.Configuration) { c.Training.Steps++ },
		"batch":          func(c *sweep.Configuration) { c.Training.BatchSize++ },
		"critic updates": func(c *sweep.Configuration) { c.Training.CriticUpdates++ },
		"hidden units":   func(c *sweep.Configuration) { c.Training.HiddenUnits++ },
		"shifts":         func(c *sweep.Configuration) { c.Training.Gradient = "parameter_shift" },
		"history":        func(c *sweep.Configuration) { c.Evaluation.HistoryEvery = 1 },
		"encodings":      func(c *sweep.Configuration) { c.Circuit.FinalEncoding = true },
		"sampling":       func(c *sweep.Configuration) { c.Evaluation.Method = "samples" },
		"holdout":        func(c *sweep.Configuration) { c.Recording.Holdout = 0.5 },
	} {
		c := base
		change(&c)
		if Cost(c) <= Cost(base) {
			t.Errorf("%s: costs %v, without %v", name, Cost(c), Cost(base))
		}
	}
}

func TestCostIsFiniteAtTheLimits(t *testing.T) {
	c := configuration(sweep.MaxQubits, 1000, func(c *sweep.Configuration) {
		c.Training.Steps, c.Training.Gradient = 1e9, "parameter_shift"
	})
	if cost := Cost(c); math.IsInf(cost, 0) || math.IsNaN(cost) {
		t.Errorf("cost = %v", cost)
	}
	if cost := Cost(configuration(1, 1, func(c *sweep.Configuration) { c.Training.Steps = 1 })); cost <= 0 {
		t.Errorf("cost = %v", cost)
	}
}

// Of the sixty cells of Fig. S1 the largest runs first, the smallest last.
func TestFigureOrder(t *testing.T) {
	p := plan(t, `sweep "a" {
		grid {
			neurons   = [2, 4, 6, 8, 10]
			timesteps = [1, 2, 5, 10, 20, 30]
			k         = [0, 1]
		}
	}`)
	tasks := tasksOf(p)
	if first := tasks[0].Configuration.Label(); first != "n=10 t=30 k=0 replicate 0" {
		t.Errorf("first: %s", first)
	}
	if last := tasks[59].Configuration.Label(); last != "n=2 t=1 k=1 replicate 0" {
		t.Errorf("last: %s", last)
	}
	if !slices.IsSortedFunc(tasks, func(a, b Task) int {
		switch {
		case a.Cost > b.Cost:
			return -1
		case a.Cost < b.Cost:
			return 1
		}
		return 0
	}) {
		t.Error("not the longest first")
	}
}
