package circuit

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// anyAnsatz draws every setting, of a size that the plain simulator can compute.
func anyAnsatz(maxQubits int) *rapid.Generator[Ansatz] {
	return rapid.Custom(func(t *rapid.T) Ansatz {
		qubits := rapid.IntRange(1, maxQubits).Draw(t, "qubits")
		auxiliary := rapid.IntRange(0, min(3, qubits-1)).Draw(t, "auxiliary")
		return Ansatz{
			Neurons:       qubits - auxiliary,
			Auxiliary:     auxiliary,
			Layers:        rapid.IntRange(1, 5).Draw(t, "layers"),
			Order:         rapid.SampledFrom([]Order{EncodeFirst, ParametersFirst}).Draw(t, "order"),
			FinalEncoding: rapid.Bool().Draw(t, "final_encoding"),
			Entangler:     rapid.SampledFrom([]Entangler{Chain, Ring, Brick, NoCNOTs}).Draw(t, "entangler"),
			Readout:       rapid.SampledFrom([]Readout{Trace, Postselect}).Draw(t, "readout"),
			Noise:         rapid.SampledFrom([]Noise{Shared, PerQubit, NoNoise}).Draw(t, "noise"),
			NoisePerLayer: rapid.Bool().Draw(t, "noise_per_layer"),
		}
	})
}

// anyAngle draws angles of all sizes, among them those at which gates degenerate.
func anyAngle() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-2*math.Pi, 2*math.Pi),
		rapid.SampledFrom([]float64{0, math.Pi / 2, -math.Pi / 2, math.Pi, -math.Pi, 3 * math.Pi / 2, 2 * math.Pi, 1e-9, math.Pi / 4}),
		rapid.Float64Range(-100, 100),
	)
}

func draws(t *rapid.T, g *rapid.Generator[float64], n int, label string) []float64 {
	return rapid.SliceOfN(g, n, n).Draw(t, label)
}

func largestDifference(a, b []float64) float64 {
	worst := 0.0
	for i := range a {
		if d := math.Abs(a[i] - b[i]); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

func TestExactAgreesWithPlainSimulator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAnsatz(6).Draw(t, "ansatz")
		angles := draws(t, anyAngle(), a.Angles(), "angles")
		noise := draws(t, anyAngle(), a.NoiseRows(), "noise")
		weights := draws(t, rapid.Float64Range(-2, 2), a.Words(), "weights")
		want := plainLaw(a, angles, noise)
		if a.Readout == Postselect && keptProbability(a, angles, noise) < 1e-2 {
			t.Skip("the kept outcome is too unlikely for a quotient of differences")
		}
		e := a.NewExact()
		got := make([]float64, a.Words())
		e.Probabilities(got, angles, noise)
		if d := largestDifference(got, want); d > 1e-12 {
			t.Errorf("probabilities off by %.2g: got %v, want %v", d, got, want)
		}
		gradient := make([]float64, a.Angles())
		e.Gradient(gradient, angles, noise, weights)
		tolerance := 1e-11
		if a.Readout == Postselect {
			tolerance = 1e-5
		}
		if d := largestDifference(gradient, plainGradient(a, angles, noise, weights)); d > tolerance {
			t.Errorf("gradient off by %.2g", d)
		}
	})
}

// keptProbability returns the share of outcomes that postselection keeps.
func keptProbability(a Ansatz, angles, noise []float64) float64 {
	words := a.Words()
	a.Neurons, a.Auxiliary, a.Readout = a.Qubits(), 0, Trace
	kept := 0.0
	for _, p := range plainLaw(a, angles, noise)[:words] {
		kept += p
	}
	return kept
}

func TestGradientAddsAndKeepsTheState(t *testing.T) {
	a := Ansatz{Neurons: 3, Layers: 2, Order: EncodeFirst, Entangler: Ring, Readout: Trace, Noise: PerQubit}
	angles, noise, weights := ramp(a.Angles(), 0.3), ramp(3, 0.5), ramp(8, 0.1)
	e := a.NewExact()
	once, twice := make([]float64, a.Angles()), make([]float64, a.Angles())
	e.Gradient(once, angles, noise, weights)
	e.Gradient(twice, angles, noise, weights)
	e.backward(twice, angles, noise, weights)
	for i := range once {
		if math.Abs(twice[i]-2*once[i]) > 1e-14 {
			t.Fatalf("angle %d: two calls give %g, one gives %g", i, twice[i], once[i])
		}
	}
}

func ramp(n int, step float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = step * float64(i+1)
	}
	return v
}

func TestExactDoesNotAllocate(t *testing.T) {
	a := Ansatz{Neurons: 3, Auxiliary: 1, Layers: 2, Order: ParametersFirst, Entangler: Brick, Readout: Postselect, Noise: PerQubit, NoisePerLayer: true}
	angles, noise, weights := ramp(a.Angles(), 0.3), ramp(a.NoiseRows(), 0.5), ramp(8, 0.1)
	e, law, gradient := a.NewExact(), make([]float64, 8), make([]float64, a.Angles())
	if n := testing.AllocsPerRun(10, func() {
		e.Probabilities(law, angles, noise)
		e.Gradient(gradient, angles, noise, weights)
	}); n != 0 {
		t.Errorf("%v allocations a run, want 0", n)
	}
}
