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

// rbm makes a configuration one of a restricted Boltzmann machine.
func rbm(c *sweep.Configuration) {
	b, err := c.Baseline(sweep.ModelRBM)
	if err != nil {
		panic(err)
	}
	*c = b
}

const (
	simdClass     = "simd/amd64"
	portableClass = "portable/amd64"
)

// TestCostAgreesWithMeasurements compares with the processor time of
// gan.Trainer.Step in microseconds, the lower quartile of many runs on the
// project's machine.
func TestCostAgreesWithMeasurements(t *testing.T) {
	ring := func(c *sweep.Configuration) { c.Circuit.Entangler = "ring" }
	for _, test := range []struct {
		c              sweep.Configuration
		simd, portable float64
	}{
		{configuration(2, 1), 13.3, 84.2},
		{configuration(2, 5), 41.2, 319},
		{configuration(2, 30), 183, 1392},
		{configuration(4, 1), 19.7, 143},
		{configuration(4, 5), 66.4, 600},
		{configuration(4, 30), 324, 2888},
		{configuration(6, 1), 37.7, 367},
		{configuration(6, 5), 145, 1555},
		{configuration(6, 30), 782, 7046},
		{configuration(8, 1), 114, 1386},
		{configuration(8, 5), 480, 5412},
		{configuration(8, 30), 2845, 25953},
		{configuration(10, 1), 419, 5402},
		{configuration(10, 5), 1751, 19420},
		{configuration(10, 30), 11304, 108027},
		{configuration(10, 2, func(c *sweep.Configuration) { c.Circuit.Layers = 8 }), 1730, 17679},
		{configuration(8, 2, func(c *sweep.Configuration) { c.Circuit.Auxiliary = 2 }), 625, 6479},
		{configuration(10, 20, func(c *sweep.Configuration) { c.Training.HiddenUnits = 128 }), 8244, 80345},
		{configuration(8, 5, func(c *sweep.Configuration) { c.Training.CriticUpdates = 5 }), 729, 7338},
		{configuration(2, 5, func(c *sweep.Configuration) { c.Training.BatchSize = 64 }), 73.7, 634},
		{configuration(2, 5, func(c *sweep.Configuration) { c.Training.Constraint = "none" }), 37.2, 277},
		{configuration(10, 20, func(c *sweep.Configuration) { c.Training.Gradient = "straight_through" }), 7193, 61706},
		{configuration(4, 5, func(c *sweep.Configuration) { c.Training.Gradient = "parameter_shift" }), 659, 3694},
		{configuration(2, 2, ring), 322, 431},
		{configuration(6, 2, ring), 2138, 2488},
		{configuration(4, 2, func(c *sweep.Configuration) {
			c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout = 1, "postselect"
		}), 1243, 1438},
	} {
		for class, measured := range map[string]float64{simdClass: test.simd, portableClass: test.portable} {
			got := model{test.c, ratesOf(class)}.iteration() / 1000
			if off := math.Abs(math.Log(got / measured)); off > math.Log(1.25) {
				t.Errorf("%s, %s: predicted %.0f µs, measured %.0f", test.c.Label(), class, got, measured)
			}
		}
	}
}

// TestCostOfLargeCircuits compares with the processor time of a step in milliseconds on a busy AMD
// EPYC (Zen 5), whose states beyond 16 qubits exceed the caches.
func TestCostOfLargeCircuits(t *testing.T) {
	for neurons, measured := range map[int]float64{16: 37.9, 17: 159, 18: 431, 19: 865, 20: 1742} {
		got := model{configuration(neurons, 1), ratesOf(simdClass)}.iteration() / 1e6
		if off := math.Abs(math.Log(got / measured)); off > math.Log(1.25) {
			t.Errorf("n=%d: predicted %.0f ms, measured %.0f", neurons, got, measured)
		}
	}
}

// TestCostOfAnRBM compares with the processor time of a step in microseconds: the ratio to
// that of the circuit of the same size, from the same run of BenchmarkCost, times that of
// TestCostAgreesWithMeasurements.
func TestCostOfAnRBM(t *testing.T) {
	for _, test := range []struct {
		neurons, timesteps int
		measured           float64
	}{{2, 1, 20.3}, {2, 5, 79}, {6, 5, 456}, {10, 1, 1388}, {10, 5, 5298}} {
		c := configuration(test.neurons, test.timesteps, rbm)
		got := model{c, ratesOf(simdClass)}.iteration() / 1e3
		if ratio := got / test.measured; ratio < 0.75 || ratio > 1.33 {
			t.Errorf("n=%d t=%d: a step costs %.0f µs, measured %v", test.neurons, test.timesteps, got, test.measured)
		}
	}
}

// TestCostOfOtherObjectives compares with single measurements on a busy machine, where
// a step takes about 1.6 times as long as on a quiet one. The estimate may be off by a
// factor of 2 besides.
func TestCostOfOtherObjectives(t *testing.T) {
	const busy = 1.6
	for _, test := range []struct {
		objective          string
		neurons, timesteps int
		simd, portable     float64 // microseconds
	}{
		{"likelihood", 4, 1, 10.2, 63.2},
		{"likelihood", 10, 1, 1689, 8635},
		{"likelihood", 2, 8, 38060, 37719},
		{"likelihood", 4, 4, 24073, 24363},
		{"likelihood", 4, 5, 219.7, 900},
		{"likelihood", 10, 10, 61282, 488805},
		{"likelihood", 6, 30, 23132, 145619},
		{"mmd", 2, 1, 40.9, 47.2},
		{"mmd", 10, 1, 1923, 3021},
		{"mmd", 4, 5, 364, 376},
		{"mmd", 2, 30, 1742, 2043},
		{"mmd", 10, 10, 18546, 62790},
		{"mmd", 6, 30, 3194, 13110},
	} {
		c := configuration(test.neurons, test.timesteps, func(c *sweep.Configuration) { c.Objective = test.objective })
		for class, measured := range map[string]float64{simdClass: test.simd, portableClass: test.portable} {
			got := model{c, ratesOf(class)}.iteration() / 1000
			if off := math.Abs(math.Log(got * busy / measured)); off > math.Log(2) {
				t.Errorf("%s, %s, %s: predicted %.0f µs, measured %.0f", test.objective, c.Label(), class, got*busy, measured)
			}
		}
	}
}

// TestCostOrder checks that more work costs more.
func TestCostOrder(t *testing.T) {
	base := configuration(4, 2)
	for name, change := range map[string]func(*sweep.Configuration){
		"neurons":         func(c *sweep.Configuration) { c.Neurons++ },
		"timesteps":       func(c *sweep.Configuration) { c.Timesteps *= 2 },
		"auxiliary":       func(c *sweep.Configuration) { c.Circuit.Auxiliary = 1 },
		"layers":          func(c *sweep.Configuration) { c.Circuit.Layers = 5 },
		"ring":            func(c *sweep.Configuration) { c.Circuit.Entangler = "ring" },
		"steps":           func(c *sweep.Configuration) { c.Training.Steps++ },
		"batch":           func(c *sweep.Configuration) { c.Training.BatchSize++ },
		"critic updates":  func(c *sweep.Configuration) { c.Training.CriticUpdates++ },
		"hidden units":    func(c *sweep.Configuration) { c.Training.HiddenUnits++ },
		"shifts":          func(c *sweep.Configuration) { c.Training.Gradient = "parameter_shift" },
		"history":         func(c *sweep.Configuration) { c.Evaluation.HistoryEvery = 1 },
		"encodings":       func(c *sweep.Configuration) { c.Circuit.FinalEncoding = true },
		"sampling":        func(c *sweep.Configuration) { c.Evaluation.Method = "samples" },
		"holdout":         func(c *sweep.Configuration) { c.Recording.Holdout = 0.5 },
		"holdout of time": func(c *sweep.Configuration) { c.Recording.HoldoutTime = 0.5 },
	} {
		c := base
		change(&c)
		for _, class := range []string{simdClass, portableClass} {
			if with, without := Cost(c, class), Cost(base, class); with <= without {
				t.Errorf("%s, %s: costs %v, without %v", name, class, with, without)
			}
		}
	}
}

func TestCostIsFiniteAtTheLimits(t *testing.T) {
	c := configuration(sweep.MaxQubits, 1000, func(c *sweep.Configuration) {
		c.Training.Steps, c.Training.Gradient = 1e9, "parameter_shift"
	})
	if cost := Cost(c, simdClass); math.IsInf(cost, 0) || math.IsNaN(cost) {
		t.Errorf("cost = %v", cost)
	}
	if cost := Cost(configuration(1, 1, func(c *sweep.Configuration) { c.Training.Steps = 1 }), simdClass); cost <= 0 {
		t.Errorf("cost = %v", cost)
	}
}

// TestFigureOrder checks that the largest configuration of Fig. S1 runs first and the
// smallest last.
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
		t.Error("the tasks are not in descending order of cost")
	}
}
