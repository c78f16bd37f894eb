package circuit

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func rbmOf(neurons, layers int) Ansatz {
	a := mixtureOf(neurons, layers)
	a.Model = RBM
	return a
}

// naiveRBM returns the probabilities of the words at γ by the sum over all states of
// the neurons and the hidden units.
func naiveRBM(a Ansatz, angles []float64, gamma float64) []float64 {
	n, count := a.Neurons, float64(2*a.Layers)
	level := (2*min(count-1, max(0, math.Floor(gamma*count)))+1)/count - 1
	law, sum := make([]float64, a.Words()), 0.0
	for x := range law {
		for h := range 1 << a.HiddenUnits() {
			energy := 0.0
			for q := range n {
				energy -= float64(x>>q&1) * (angles[q] + level*angles[n+q])
			}
			for j := range a.HiddenUnits() {
				unit := angles[2*n+j*(n+1):]
				energy -= float64(h>>j&1) * unit[0]
				for q := range n {
					energy -= float64(h>>j&1) * float64(x>>q&1) * unit[1+q]
				}
			}
			law[x] += math.Exp(-energy)
		}
		sum += law[x]
	}
	for x := range law {
		law[x] /= sum
	}
	return law
}

// TestRBMAgreesWithItsDefinition compares laws with sums over all states, and gradients
// with differences of them.
func TestRBMAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rbmOf(rapid.IntRange(1, 4).Draw(t, "neurons"), rapid.IntRange(1, 3).Draw(t, "layers"))
		compareDefinition(t, a, draws(t, rapid.Float64Range(-4, 4), a.Angles(), "angles"), naiveRBM, 1e-13)
	})
}

// TestRBMTileAgreesWithExact checks a tile in which some lanes share a component, for
// any angles.
func TestRBMTileAgreesWithExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rbmOf(rapid.IntRange(1, 5).Draw(t, "neurons"), rapid.IntRange(1, 10).Draw(t, "layers"))
		b := drawBatch(t, a)
		for lane := range Lanes {
			b.noise[lane] = float32(lane*7%Lanes) / Lanes
		}
		compareTile(t, a, DefaultKernel(), b, exactBoth(a))
	})
}

// TestRBMOfAnyAngles requires a law without NaN where the weights of words are beyond
// the range of float64.
func TestRBMOfAnyAngles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rbmOf(16, 2)
		size := math.Pow(10, rapid.Float64Range(0, 12).Draw(t, "exponent"))
		angles := draws(t, rapid.Float64Range(-size, size), a.Angles(), "angles")
		r, law, sum := newRBM(a), make([]float64, a.Words()), 0.0
		r.set(angles)
		r.law(law, 3)
		for _, p := range law {
			sum += p
		}
		if !(math.Abs(sum-1) < 1e-12) {
			t.Errorf("angles up to %.1g: the probabilities add up to %v", size, sum)
		}
	})
}

// TestRBMUsesItsAngles counts the hidden units, and requires that the law depends on
// exactly the angles before the last ones.
func TestRBMUsesItsAngles(t *testing.T) {
	for _, test := range []struct{ neurons, layers, hidden int }{{1, 1, 0}, {4, 1, 0}, {2, 4, 4}, {4, 4, 4}, {10, 4, 5}, {16, 4, 5}, {1, 3, 2}} {
		a := rbmOf(test.neurons, test.layers)
		if got := a.HiddenUnits(); got != test.hidden {
			t.Errorf("%d neurons, %d layers: %d hidden units, want %d", test.neurons, test.layers, got, test.hidden)
		}
		angles, gradient := ramp(a.Angles(), 0.01), make([]float64, a.Angles())
		weights := make([]float64, a.Words())
		for x := range weights {
			weights[x] = math.Sin(float64(x) + 0.5)
		}
		a.NewExact().Gradient(gradient, angles, make([]float64, a.NoiseRows()), weights)
		used := 2*a.Neurons + test.hidden*(a.Neurons+1)
		for i, g := range gradient {
			if (g != 0) != (i < used) {
				t.Errorf("%d neurons, %d layers, %d of %d angles used: derivative %d is %v", test.neurons, test.layers, used, a.Angles(), i, g)
			}
		}
	}
}

// TestRBMSamplesItsLaw compares the counts of samples with the probabilities.
func TestRBMSamplesItsLaw(t *testing.T) {
	a := rbmOf(3, 2)
	c, err := Compile(a, DefaultKernel())
	if err != nil {
		t.Fatal(err)
	}
	b := randomBatch(a, 5)
	for i := range b.angles {
		b.angles[i] -= math.Pi
	}
	for lane := range Lanes {
		b.noise[lane] = float32(lane) / Lanes
	}
	patch, tile := c.NewPatch(), c.NewTile(false)
	patch.Set(b.angles)
	tile.Forward(patch, b.noise)
	const draws = 4000
	counts := make([]float64, a.Words()*Lanes)
	var uniform [Lanes]float32
	var words [Lanes]uint32
	for i := range draws {
		for lane := range uniform {
			uniform[lane] = (float32(i) + 0.5) / draws
		}
		tile.Sample(&uniform, &words)
		for lane, x := range words {
			counts[int(x)*Lanes+lane]++
		}
	}
	for lane := range Lanes {
		for x, p := range naiveRBM(a, b.angles, float64(b.noise[lane])) {
			if share := counts[x*Lanes+lane] / draws; math.Abs(share-p) > 1.5/draws {
				t.Errorf("lane %d, word %d: share %v, want %v", lane, x, share, p)
			}
		}
	}
}

func BenchmarkRBM(b *testing.B) { benchmarkComponents(b, rbmOf(10, 4)) }

// TestRBMOfHugeWeights checks that laws and gradients stay finite where sums of the
// weights overflow.
func TestRBMOfHugeWeights(t *testing.T) {
	a := rbmOf(3, 4)
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		angles := make([]float64, a.Angles())
		for i := range angles {
			angles[i] = math.Ldexp(2*r.Float64()-1, r.IntN(1024))
		}
		law, gradient := make([]float64, a.Words()), make([]float64, a.Angles())
		weights := make([]float64, a.Words())
		for x := range weights {
			weights[x] = r.Float64()
		}
		for _, gamma := range []float64{0, 0.3, 0.99} {
			noise := []float64{gamma, gamma, gamma}
			a.NewExact().Probabilities(law, angles, noise)
			a.NewExact().Gradient(gradient, angles, noise, weights)
			sum := 0.0
			for _, p := range law {
				sum += p
			}
			if !(math.Abs(sum-1) < 1e-12) {
				t.Fatalf("weights %v: the law %v adds up to %v", angles, law, sum)
			}
			sum = 0
			a.NewLaw(angles).Weights(law, noise)
			for _, weight := range law {
				sum += weight
			}
			if !(sum > 0) || math.IsInf(sum, 0) {
				t.Fatalf("weights %v: the weights %v of the words add up to %v", angles, law, sum)
			}
		}
		for _, slope := range gradient {
			if slope-slope != 0 {
				t.Fatalf("weights %v: gradient %v", angles, gradient)
			}
		}
	}
}
