package statistics

import (
	"math"
	"strings"
	"testing"
)

// flips is a model whose neurons are independent given γ and spike with
// probability sin²(γ/2).
type flips struct{ neurons, timesteps int }

func (f flips) Neurons() int   { return f.neurons }
func (f flips) Timesteps() int { return f.timesteps }
func (f flips) Probabilities(_ int, gamma float64, dst []float64) {
	coins(f.neurons, math.Pow(math.Sin(gamma/2), 2), dst)
}

// TestExactKnownAnswers uses the means over [0, π]: 1/2 of sin²(γ/2) and 3/8 of
// sin⁴(γ/2).
func TestExactKnownAnswers(t *testing.T) {
	noise := func(kind NoiseKind) Noise {
		return Noise{Kind: kind, High: math.Pi, Degree: 2, Polynomial: true}
	}
	tests := []struct {
		name  string
		noise Noise
		want  Statistics
	}{
		{"shared", noise(Shared), Statistics{
			KProbability:     []float64{3. / 8, 1. / 4, 3. / 8},
			Rate:             []float64{1. / 2, 1. / 2},
			Covariance:       []float64{1. / 8},
			Autocorrelogram:  []float64{2 * 3. / 8 / 2},
			RateByStep:       []float64{1. / 2, 1. / 2, 1. / 2, 1. / 2},
			LaggedCovariance: []float64{1. / 8, 1. / 8},
			// E[p^k (1−p)^(4−k)] = B(k+1/2, 4−k+1/2)/π
			State: []float64{
				35. / 128, 5. / 128, 5. / 128, 3. / 128, 5. / 128, 3. / 128, 3. / 128, 5. / 128,
				5. / 128, 3. / 128, 3. / 128, 5. / 128, 3. / 128, 5. / 128, 5. / 128, 35. / 128,
			},
		}},
		{"per patch", noise(PerPatch), Statistics{
			KProbability:     []float64{3. / 8, 1. / 4, 3. / 8},
			Rate:             []float64{1. / 2, 1. / 2},
			Covariance:       []float64{1. / 8},
			Autocorrelogram:  []float64{2 * 1. / 4 / 2},
			RateByStep:       []float64{1. / 2, 1. / 2, 1. / 2, 1. / 2},
			LaggedCovariance: []float64{0, 0},
			// 3/8 for equal neurons and 1/8 for each of the others, at each step
			State: []float64{
				9. / 64, 3. / 64, 3. / 64, 9. / 64, 3. / 64, 1. / 64, 1. / 64, 3. / 64,
				3. / 64, 1. / 64, 1. / 64, 3. / 64, 9. / 64, 3. / 64, 3. / 64, 9. / 64,
			},
		}},
		{"none", noise(None), Statistics{ // γ = 0: no neuron ever spikes
			KProbability:     []float64{1, 0, 0},
			Rate:             []float64{0, 0},
			Covariance:       []float64{0},
			RateByStep:       []float64{0, 0, 0, 0},
			LaggedCovariance: []float64{0, 0},
			State:            []float64{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		}},
		{"a point", Noise{Kind: Shared, Low: math.Pi, High: math.Pi, Degree: 2, Polynomial: true}, Statistics{
			KProbability:     []float64{0, 0, 1},
			Rate:             []float64{1, 1},
			Covariance:       []float64{0},
			Autocorrelogram:  []float64{1. / 2},
			RateByStep:       []float64{1, 1, 1, 1},
			LaggedCovariance: []float64{0, 0},
			State:            []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Exact(flips{2, 2}, test.noise)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "exact statistics", got, test.want, 1e-14)
		})
	}
}

// TestExactAgainstEnumeration compares with a reference that enumerates all
// windows and integrates by Simpson's rule.
func TestExactAgainstEnumeration(t *testing.T) {
	tests := []struct {
		name  string
		model circuit
		kinds []NoiseKind
	}{
		{"one neuron, one step", randomCircuit(1, 0, 1, 2, 1), []NoiseKind{Shared, PerPatch, None}},
		{"one neuron, seven steps", randomCircuit(1, 0, 7, 4, 2), []NoiseKind{Shared, PerPatch, None}},
		{"two neurons, four steps", randomCircuit(2, 0, 4, 4, 3), []NoiseKind{Shared, PerPatch, None}},
		{"two neurons, five steps", randomCircuit(2, 0, 5, 2, 7), []NoiseKind{Shared}},
		{"three neurons, two steps", randomCircuit(3, 0, 2, 3, 4), []NoiseKind{Shared, PerPatch, None}},
		{"five neurons, one step", randomCircuit(5, 0, 1, 2, 5), []NoiseKind{Shared}},
		{"auxiliary, traced", randomCircuit(2, 2, 2, 2, 6), []NoiseKind{Shared}},
	}
	for _, test := range tests {
		for _, kind := range test.kinds {
			t.Run(test.name+", "+string(kind), func(t *testing.T) {
				noise := test.model.noise(kind)
				got, err := Exact(test.model, noise)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, "exact statistics", got, enumerated(test.model, noise, 2000).statistics(), 1e-9)
			})
		}
	}
}

// TestExactPostselect uses laws that are not polynomials, for which Exact finds
// the number of nodes by doubling.
func TestExactPostselect(t *testing.T) {
	model := randomCircuit(2, 1, 2, 3, 9)
	model.postselect = true
	noise := model.noise(Shared)
	got, err := Exact(model, noise)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "exact statistics", got, enumerated(model, noise, 20000).statistics(), 1e-9)

	// Starting with far too few nodes gives the same numbers.
	noise.Degree = 0
	again, err := Exact(model, noise)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "from 32 nodes", again, got, 1e-11)
}

// TestExactWithoutJointWords checks that a model too large for joint words has
// the same moments as its parts.
func TestExactWithoutJointWords(t *testing.T) {
	model := randomCircuit(3, 0, 6, 2, 10)
	whole, err := Exact(model, model.noise(Shared))
	if err != nil {
		t.Fatal(err)
	}
	if whole.State != nil {
		t.Fatalf("18 bits have a state distribution of %d words", len(whole.State))
	}
	// Without joint words, doubling stops by the moments alone.
	wide := model.noise(Shared)
	wide.High = 20 * math.Pi
	want, err := Exact(model, wide)
	if err != nil {
		t.Fatal(err)
	}
	refined, err := Exact(model, Noise{Kind: Shared, High: wide.High})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "from 32 nodes", refined, want, 1e-11)

	model.angles = model.angles[:5]
	part, err := Exact(model, model.noise(Shared))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for s := range 5 {
			if a, b := whole.RateByStep[i*6+s], part.RateByStep[i*5+s]; math.Abs(a-b) > 1e-10 {
				t.Errorf("rate of neuron %d at step %d: %v of 6 steps, %v of 5", i, s, a, b)
			}
		}
	}
}

// TestExactEvaluations checks that Exact evaluates polynomials once at each node
// and, for other laws, doubles the nodes at least once and stops when no value
// changes.
func TestExactEvaluations(t *testing.T) {
	tests := []struct {
		noise Noise
		want  int // calls
	}{
		{Noise{Kind: Shared, High: math.Pi, Degree: 40, Polynomial: true}, 3 * (104 + 32)},
		{Noise{Kind: PerPatch, High: 1, Polynomial: true}, 3 * 32},
		{Noise{Kind: Shared, High: 1}, 3 * (32 + 64)},
		{Noise{Kind: None}, 3 * (1 + 1)},
		{Noise{Kind: None, Polynomial: true}, 3},
	}
	for _, test := range tests {
		calls := 0
		if _, err := Exact(counting{flips{2, 3}, &calls, math.MaxInt}, test.noise); err != nil {
			t.Fatal(err)
		}
		if calls != test.want {
			t.Errorf("%+v: %d evaluations, want %d", test.noise, calls, test.want)
		}
	}
}

func TestNear(t *testing.T) {
	tests := []struct {
		a, b float64
		want bool
	}{
		{0.5, 0.5 + 0.9e-12, true},
		{0.5, 0.5 - 1.1e-12, false},
		{1000, 1000 + 0.9e-9, true},
		{1000, 1000 - 1.1e-9, false},
		{math.NaN(), math.NaN(), false},
	}
	for _, test := range tests {
		if got := near([]float64{0, test.a}, []float64{0, test.b}); got != test.want {
			t.Errorf("near(%v, %v) is %v", test.a, test.b, got)
		}
	}
}

// jump is a discontinuous law, for which doubling the nodes does not converge.
type jump struct{ flips }

func (j jump) Probabilities(_ int, gamma float64, dst []float64) {
	if gamma < 1 {
		coins(j.neurons, 0, dst)
	} else {
		coins(j.neurons, 1, dst)
	}
}

// broken is a law with one wrong probability.
type broken struct {
	flips
	spoilt float64
}

func (b broken) Probabilities(step int, gamma float64, dst []float64) {
	b.flips.Probabilities(step, gamma, dst)
	if step == 1 {
		dst[0] = b.spoilt
	}
}

func TestExactErrors(t *testing.T) {
	polynomial := Noise{Kind: Shared, High: 1, Degree: 2, Polynomial: true}
	with := func(change func(*Noise)) Noise {
		n := polynomial
		change(&n)
		return n
	}
	tests := []struct {
		name  string
		model Patches
		noise Noise
		want  string
	}{
		{"kind", flips{1, 1}, with(func(n *Noise) { n.Kind = "per_qubit" }), `kind "per_qubit"`},
		{"interval", flips{1, 1}, with(func(n *Noise) { n.Low = 2 }), "[2, 1]"},
		{"not a number", flips{1, 1}, with(func(n *Noise) { n.Low = math.NaN() }), "[NaN, 1]"},
		{"infinite", flips{1, 1}, with(func(n *Noise) { n.High = math.Inf(1) }), "[0, +Inf]"},
		{"degree", flips{1, 1}, with(func(n *Noise) { n.Degree = -1 }), "degree -1"},
		{"too wide", flips{1, 1}, with(func(n *Noise) { n.High = 1e6 }), "more than 32768"},
		{"NaN", broken{flips{1, 2}, math.NaN()}, polynomial, "patch 1 at γ = "},
		{"sum", broken{flips{1, 2}, 2}, polynomial, "add up to "},
		{"not smooth", jump{flips{1, 1}}, with(func(n *Noise) { n.High = 3; n.Polynomial = false }), "still change by more than 1e-12"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Exact(test.model, test.noise)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "evaluate the model: ") {
				t.Fatalf("got %v, %v; want an error with %q", got, err, test.want)
			}
		})
	}
}

// TestExactErrorsWhileRefining uses a law that is wrong only in later calls, at
// the nodes of finer rules.
func TestExactErrorsWhileRefining(t *testing.T) {
	calls := 0
	model := counting{flips{1, 1}, &calls, 32}
	_, err := Exact(model, Noise{Kind: Shared, High: 1})
	if err == nil || !strings.Contains(err.Error(), "add up to NaN") {
		t.Fatalf("got %v, want an error about NaN", err)
	}
}

// counting counts the calls and returns NaN after a given number of them.
type counting struct {
	flips
	calls *int
	good  int
}

func (c counting) Probabilities(step int, gamma float64, dst []float64) {
	c.flips.Probabilities(step, gamma, dst)
	if *c.calls++; *c.calls > c.good {
		dst[0] = math.NaN()
	}
}

// BenchmarkExact measures the cost of quadrature without that of the circuits: it
// reads the laws of ten neurons and thirty steps from a table.
func BenchmarkExact(b *testing.B) {
	model := table{flips{10, 30}, make([]float64, 1<<10)}
	model.flips.Probabilities(0, 1, model.law)
	for b.Loop() {
		if _, err := Exact(model, Noise{Kind: Shared, High: math.Pi, Degree: 40, Polynomial: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// table is a model with the same law at all steps and γ.
type table struct {
	flips
	law []float64
}

func (t table) Probabilities(_ int, _ float64, dst []float64) { copy(dst, t.law) }
