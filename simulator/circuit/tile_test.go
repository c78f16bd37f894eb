package circuit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// batch is the input of one tile, in float64 and float32.
type batch struct {
	angles  []float64
	noise   []float32 // [row][lane]
	weights []float32 // [word][lane]
}

func drawBatch(t *rapid.T, a Ansatz) batch {
	b := batch{angles: draws(t, anyAngle(), a.Angles(), "angles")}
	for _, x := range draws(t, anyAngle(), a.NoiseRows()*Lanes, "noise") {
		b.noise = append(b.noise, float32(x))
	}
	weight := rapid.Float64Range(-1, 1)
	if a.Words() > 64 { // few draws for many words: a number and a pattern
		seed := weight.Draw(t, "weights")
		for i := range a.Words() * Lanes {
			b.weights = append(b.weights, float32(math.Sin(seed+float64(i)*0.7)))
		}
		return b
	}
	for _, x := range draws(t, weight, a.Words()*Lanes, "weights") {
		b.weights = append(b.weights, float32(x))
	}
	return b
}

// lane returns the numbers of one lane of a [row][lane] array.
func lane(rows []float32, i int) []float64 {
	v := make([]float64, len(rows)/Lanes)
	for r := range v {
		v[r] = float64(rows[r*Lanes+i])
	}
	return v
}

// lawAndGradient runs a batch forward and backward, and returns the tile too.
func lawAndGradient(t testingT, a Ansatz, k Kernel, b batch) (tile Tile, law []float32, gradient []float64) {
	t.Helper()
	c, err := Compile(a, k)
	if err != nil {
		t.Fatal(err)
	}
	patch := c.NewPatch()
	tile, law, gradient = c.NewTile(true), make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
	patch.Set(b.angles)
	tile.Forward(patch, b.noise)
	tile.Probabilities(law)
	tile.Backward(patch, b.weights, gradient)
	return tile, law, gradient
}

// compareTile compares a tile with the law and gradient of single lanes by second.
func compareTile(t testingT, a Ansatz, k Kernel, b batch, second func(angles, noise, weights []float64) (law, gradient []float64)) {
	t.Helper()
	_, got, gradient := lawAndGradient(t, a, k, b)
	want := make([]float64, a.Angles())
	for i := range Lanes {
		law, g := second(b.angles, lane(b.noise, i), lane(b.weights, i))
		if d := largestDifference(lane(got, i), law); !(d < ProbabilityTolerance) {
			t.Errorf("%s, %+v: probabilities of lane %d off by %.2g", k.Name, a, i, d)
		}
		for j := range want {
			want[j] += g[j]
		}
	}
	if d := largestDifference(gradient, want); !(d < 5e-6*Lanes) {
		t.Errorf("%s, %+v: gradient off by %.2g", k.Name, a, d)
	}
}

type testingT interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func plainBoth(a Ansatz) func(angles, noise, weights []float64) (law, gradient []float64) {
	return func(angles, noise, weights []float64) (law, gradient []float64) {
		return plainLaw(a, angles, noise), plainGradient(a, angles, noise, weights)
	}
}

func TestTileAgreesWithPlainSimulator(t *testing.T) {
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := anyAnsatz(4).Draw(t, "ansatz")
				a.Readout = Trace // postselection divides: TestExactAgreesWithPlainSimulator
				compareTile(t, a, k, drawBatch(t, a), plainBoth(a))
			})
		})
	}
}

// fastAnsatz draws an ansatz that the fast engine supports, of any size.
func fastAnsatz(minQubits, maxQubits int) *rapid.Generator[Ansatz] {
	return rapid.Custom(func(t *rapid.T) Ansatz {
		a := anyAnsatz(3).Draw(t, "ansatz")
		qubits := rapid.IntRange(minQubits, maxQubits).Draw(t, "all qubits")
		a.Auxiliary = rapid.IntRange(0, min(2, qubits-1)).Draw(t, "auxiliary qubits")
		a.Neurons = qubits - a.Auxiliary
		a.Readout = Trace
		if a.Entangler != NoCNOTs {
			a.Entangler = Chain
		}
		if newPlan(a) == nil {
			t.Fatalf("%+v is left to the general engine", a)
		}
		return a
	})
}

// TestTileAgreesWithExact compares with Exact instead of the plain simulator, which
// is too slow to shift every angle of a large circuit.
func TestTileAgreesWithExact(t *testing.T) {
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := fastAnsatz(1, 8).Draw(t, "fast ansatz")
				compareTile(t, a, k, drawBatch(t, a), exactBoth(a))
			})
		})
	}
}

func TestTileAgreesWithExactInEverySize(t *testing.T) {
	for _, k := range Kernels() {
		for n := 1; n <= 12; n++ {
			for _, layers := range []int{1, 2, 4} {
				a := paper(n)
				a.Layers, a.Noise = layers, PerQubit
				compareTile(t, a, k, randomBatch(a, uint64(n*10+layers)), exactBoth(a))
			}
		}
	}
}

// resultsOf returns all that tiles of a circuit compute for drawn angles.
func resultsOf(c *Circuit) (all []float64) {
	a, b := c.ansatz, randomBatch(c.ansatz, uint64(c.ansatz.Qubits()))
	for _, keep := range []bool{false, true} {
		patch, tile := c.NewPatch(), c.NewTile(keep)
		patch.Set(b.angles)
		tile.Forward(patch, b.noise)
		law, gradient := make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
		tile.Probabilities(law)
		var uniform [Lanes]float32
		var words [Lanes]uint32
		for i := range uniform {
			uniform[i] = float32(i) / Lanes
		}
		tile.Sample(&uniform, &words)
		if keep {
			tile.Backward(patch, b.weights, gradient)
		}
		again := make([]float32, len(law))
		tile.Probabilities(again)
		for i, p := range law {
			all = append(all, float64(p), float64(again[i]))
		}
		for _, w := range words {
			all = append(all, float64(w))
		}
		all = append(all, gradient...)
	}
	return all
}

// randomBatch draws angles and weights like those of a training.
func randomBatch(a Ansatz, seed uint64) batch {
	r := rand.New(rand.NewPCG(seed, 3))
	b := batch{
		angles: make([]float64, a.Angles()),
		noise:  make([]float32, a.NoiseRows()*Lanes), weights: make([]float32, a.Words()*Lanes),
	}
	for i := range b.angles {
		b.angles[i] = 2 * math.Pi * r.Float64()
	}
	for i := range b.noise {
		b.noise[i] = math.Pi * r.Float32()
	}
	for i := range b.weights {
		b.weights[i] = 2*r.Float32() - 1
	}
	return b
}

func exactBoth(a Ansatz) func(angles, noise, weights []float64) (law, gradient []float64) {
	e := a.NewExact()
	return func(angles, noise, weights []float64) (law, gradient []float64) {
		law, gradient = make([]float64, a.Words()), make([]float64, a.Angles())
		e.Probabilities(law, angles, noise)
		e.Gradient(gradient, angles, noise, weights)
		return law, gradient
	}
}

// TestGradientIsTheParameterShift compares the kernel's gradient with the parameter
// shift of the kernel's own probabilities.
func TestGradientIsTheParameterShift(t *testing.T) {
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := fastAnsatz(1, 12).Draw(t, "fast ansatz")
				b := drawBatch(t, a)
				angle := rapid.IntRange(0, a.Angles()-1).Draw(t, "shifted angle")
				c, err := Compile(a, k)
				if err != nil {
					t.Fatal(err)
				}
				patch, tile := c.NewPatch(), c.NewTile(true)
				law, gradient := make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
				value := func(shift float64) float64 {
					angles := slices.Clone(b.angles)
					angles[angle] += shift
					patch.Set(angles)
					tile.Forward(patch, b.noise)
					tile.Probabilities(law)
					sum := 0.0
					for i, p := range law {
						sum += float64(p) * float64(b.weights[i])
					}
					return sum
				}
				want := (value(math.Pi/2) - value(-math.Pi/2)) / 2
				value(0)
				tile.Backward(patch, b.weights, gradient)
				if d := math.Abs(gradient[angle] - want); !(d < GradientTolerance*Lanes) {
					t.Errorf("angle %d of %+v: gradient %g, parameter shift %g", angle, a, gradient[angle], want)
				}
			})
		})
	}
}

func TestProbabilitiesAddUpToOne(t *testing.T) {
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := fastAnsatz(1, 12).Draw(t, "fast ansatz")
				b := drawBatch(t, a)
				c, err := Compile(a, k)
				if err != nil {
					t.Fatal(err)
				}
				patch, tile, law := c.NewPatch(), c.NewTile(false), make([]float32, a.Words()*Lanes)
				patch.Set(b.angles)
				tile.Forward(patch, b.noise)
				tile.Probabilities(law)
				for i := range Lanes {
					sum := 0.0
					for x, p := range lane(law, i) {
						if !(p >= 0) {
							t.Fatalf("lane %d: word %d has probability %g", i, x, p)
						}
						sum += p
					}
					if math.Abs(sum-1) > 1e-5 {
						t.Errorf("lane %d: probabilities sum to %g", i, sum)
					}
				}
			})
		})
	}
}

// TestSampleFollowsTheLaw uses evenly spaced uniform numbers. Sample inverts the
// distribution function, so they hit each word in proportion to its probability, up
// to one hit at either end of each state's interval.
func TestSampleFollowsTheLaw(t *testing.T) {
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := anyAnsatz(4).Draw(t, "ansatz")
				a.Readout = Trace
				b := drawBatch(t, a)
				c, err := Compile(a, k)
				if err != nil {
					t.Fatal(err)
				}
				patch, tile := c.NewPatch(), c.NewTile(false)
				patch.Set(b.angles)
				tile.Forward(patch, b.noise)
				law := make([]float32, a.Words()*Lanes)
				tile.Probabilities(law)

				const points = 256
				hits := make([][Lanes]int, a.Words())
				var uniform [Lanes]float32
				var words [Lanes]uint32
				for i := range points {
					for j := range uniform {
						uniform[j] = (float32(i) + 0.5) / points
					}
					tile.Sample(&uniform, &words)
					for j, w := range words {
						hits[w][j]++
					}
				}
				const highest = 1 - 0x1p-24 // a sum may be rounded below it
				for j := range uniform {
					uniform[j] = highest
				}
				tile.Sample(&uniform, &words)
				for j, w := range words {
					if law[int(w)*Lanes+j] == 0 {
						t.Errorf("lane %d drew word %d of probability 0", j, w)
					}
				}
				slack := float64(int(1)<<a.Auxiliary)/points*1.01 + ProbabilityTolerance
				for w := range hits {
					for j, h := range hits[w] {
						p := float64(law[w*Lanes+j])
						if math.Abs(float64(h)/points-p) > slack {
							t.Errorf("lane %d drew word %d %d times of %d, its probability is %g", j, w, h, points, p)
						}
					}
				}
			})
		})
	}
}

func TestTileDoesNotAllocate(t *testing.T) {
	for _, k := range Kernels() {
		for _, a := range []Ansatz{
			{Neurons: 1, Layers: 1, Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: Shared},
			{Neurons: 3, Layers: 4, Order: EncodeFirst, Entangler: Chain, Readout: Trace, Noise: Shared},
			{Neurons: 7, Auxiliary: 1, Layers: 3, Order: EncodeFirst, Entangler: NoCNOTs, Readout: Trace, Noise: NoNoise, FinalEncoding: true},
			{Neurons: 3, Auxiliary: 1, Layers: 2, Order: ParametersFirst, Entangler: Ring, Readout: Postselect, Noise: PerQubit, NoisePerLayer: true},
		} {
			c, err := Compile(a, k)
			if err != nil {
				t.Fatal(err)
			}
			patch, tile := c.NewPatch(), c.NewTile(true)
			angles, noise := ramp(a.Angles(), 0.3), make([]float32, a.NoiseRows()*Lanes)
			law, weights := make([]float32, a.Words()*Lanes), make([]float32, a.Words()*Lanes)
			gradient := make([]float64, a.Angles())
			var uniform [Lanes]float32
			var words [Lanes]uint32
			if n := testing.AllocsPerRun(5, func() {
				patch.Set(angles)
				tile.Forward(patch, noise)
				tile.Probabilities(law)
				tile.Sample(&uniform, &words)
				tile.Backward(patch, weights, gradient)
			}); n != 0 {
				t.Errorf("%s, %+v: %v allocations a run, want 0", k.Name, a, n)
			}
		}
	}
}
