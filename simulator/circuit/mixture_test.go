package circuit

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func mixtureOf(neurons, layers int) Ansatz {
	return Ansatz{
		Neurons: neurons, Layers: layers, Order: EncodeFirst, Entangler: Chain, Readout: Trace,
		Noise: Shared, Model: Mixture,
	}
}

// naiveMixture returns the probabilities of the words under the component that γ
// chooses, each as a product over the neurons.
func naiveMixture(a Ansatz, angles []float64, gamma float64) []float64 {
	component := int(min(float64(2*a.Layers-1), max(0, math.Floor(gamma*float64(2*a.Layers)))))
	law := make([]float64, a.Words())
	for x := range law {
		law[x] = 1
		for q := range a.Neurons {
			rate := (1 - math.Cos(angles[2*(component/2*a.Neurons+q)+component%2])) / 2
			if x>>q&1 == 0 {
				rate = 1 - rate
			}
			law[x] *= rate
		}
	}
	return law
}

// TestMixtureAgreesWithItsDefinition compares laws with products, and gradients with
// differences of them.
func TestMixtureAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := mixtureOf(rapid.IntRange(1, 6).Draw(t, "neurons"), rapid.IntRange(1, 4).Draw(t, "layers"))
		compareDefinition(t, a, draws(t, anyAngle(), a.Angles(), "angles"), naiveMixture, 1e-14)
	})
}

// compareDefinition compares the law of a component with a naive one, and its gradient
// with differences of that.
func compareDefinition(t *rapid.T, a Ansatz, angles []float64, naive func(a Ansatz, angles []float64, gamma float64) []float64, tolerance float64) {
	t.Helper()
	gamma := rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 0.5, 1, -3, 7})).Draw(t, "gamma")
	weights := draws(t, rapid.Float64Range(-2, 2), a.Words(), "weights")
	noise := make([]float64, a.NoiseRows())
	noise[0] = gamma
	e := a.NewExact()
	law, gradient := make([]float64, a.Words()), make([]float64, a.Angles())
	e.Probabilities(law, angles, noise)
	if d := largestDifference(law, naive(a, angles, gamma)); d > tolerance {
		t.Errorf("probabilities off by %.2g", d)
	}
	e.Gradient(gradient, angles, noise, weights)
	mean := func(angles []float64) (sum float64) {
		for x, p := range naive(a, angles, gamma) {
			sum += p * weights[x]
		}
		return sum
	}
	for i := range angles {
		const step = 1e-5
		at := angles[i]
		angles[i] = at + step
		high := mean(angles)
		angles[i] = at - step
		low := mean(angles)
		angles[i] = at
		if want := (high - low) / (2 * step); math.Abs(gradient[i]-want) > 1e-6 {
			t.Errorf("angle %d: derivative %v, want %v", i, gradient[i], want)
		}
	}
}

// TestMixtureTileAgreesWithExact checks a tile in which the lanes choose different
// components.
func TestMixtureTileAgreesWithExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := mixtureOf(rapid.IntRange(1, 5).Draw(t, "neurons"), rapid.IntRange(1, 3).Draw(t, "layers"))
		b := drawBatch(t, a)
		for lane := range Lanes {
			b.noise[lane] = float32(lane) / Lanes
		}
		compareTile(t, a, DefaultKernel(), b, exactBoth(a))
	})
}

// TestMixtureChoosesEachComponentEqually counts the components over a grid of γ.
func TestMixtureChoosesEachComponentEqually(t *testing.T) {
	a := mixtureOf(2, 4)
	counts := make([]int, a.Components())
	for i := range 8000 {
		counts[a.component(float64(i)/8000)]++
	}
	for c, n := range counts {
		if n != 1000 {
			t.Errorf("component %d: %d of 8000", c, n)
		}
	}
	used := map[int]bool{}
	for c := range a.Components() {
		for q := range a.Neurons {
			used[a.angleOf(c, q)] = true
		}
	}
	if len(used) != a.Angles() {
		t.Errorf("%d of %d angles are used", len(used), a.Angles())
	}
}

func BenchmarkMixture(b *testing.B) { benchmarkComponents(b, mixtureOf(10, 4)) }

// benchmarkComponents measures an update of a classical generator: its angles are set, and
// every component is run forward and backward.
func benchmarkComponents(b *testing.B, a Ansatz) {
	c, err := Compile(a, DefaultKernel())
	if err != nil {
		b.Fatal(err)
	}
	patch, tile := c.NewPatch(), c.NewTile(true)
	angles := ramp(a.Angles(), 0.1)
	noise, weights, gradient := make([]float32, a.NoiseRows()*Lanes), make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
	for lane := range Lanes {
		noise[lane] = float32(lane) / Lanes
	}
	b.ReportAllocs()
	for b.Loop() {
		patch.Set(angles)
		tile.Forward(patch, noise)
		tile.Backward(patch, weights, gradient)
	}
}
