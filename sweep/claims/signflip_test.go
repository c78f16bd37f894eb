package claims

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSignFlipsEnumerate compares with an enumeration that changes signs one by one.
func TestSignFlipsEnumerate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.IntRange(2, 10).Draw(t, "units")
		sixtyFourths := rapid.Map(rapid.IntRange(-200, 200), func(v int) float64 { return float64(v) / 64 }) // exact sums
		value := rapid.OneOf(sixtyFourths, rapid.SampledFrom([]float64{1, -1, 0, math.NaN()}))
		samples := rapid.SliceOfN(rapid.SliceOfN(value, units, units), 1, 4).Draw(t, "samples")
		p, corrected := signFlips(samples)
		for s, values := range samples {
			beyond, count, total := 0, 0, 0.0
			for _, v := range values {
				if !math.IsNaN(v) {
					count++
					total += v
				}
			}
			for word := range 1 << units {
				sum := 0.0
				for u, v := range values {
					if !math.IsNaN(v) {
						sum += v * float64(1-2*(word>>u&1))
					}
				}
				if math.Abs(sum) >= math.Abs(total)-1e-9 {
					beyond++
				}
			}
			want := float64(beyond) / float64(int(1)<<units)
			switch {
			case count < 2:
				if !math.IsNaN(p[s]) || !math.IsNaN(corrected[s]) {
					t.Fatalf("%d values have p = %v, %v", count, p[s], corrected[s])
				}
			case math.Abs(p[s]-want) > 1e-12:
				t.Fatalf("p = %v, want %v", p[s], want)
			case corrected[s] < p[s], len(samples) == 1 && math.Abs(corrected[s]-p[s]) > 1e-12:
				t.Fatalf("p = %v is corrected to %v", p[s], corrected[s])
			}
		}
	})
}

// TestSmallestP checks the smallest p of one sample and of thirty that agree.
func TestSmallestP(t *testing.T) {
	for units := 2; units <= maxExactUnits; units += 2 {
		samples := make([][]float64, 30)
		for s := range samples {
			for u := range units {
				samples[s] = append(samples[s], 1+0.1*float64(u)+0.01*float64(s))
			}
		}
		p, corrected := signFlips(samples)
		want := math.Exp2(1 - float64(units))
		if p[0] != want || corrected[29] != want {
			t.Errorf("%d units: p = %v and %v, want %v", units, p[0], corrected[29], want)
		}
		if (want <= level) != (units >= minUnits) {
			t.Errorf("%d units reach p = %v, but minUnits is %d", units, want, minUnits)
		}
	}
}

// TestPIsUniformWithoutAnEffect draws normal values about 0: p must be about uniform, and
// the smallest of the corrected p below a level no more often than that.
func TestPIsUniformWithoutAnEffect(t *testing.T) {
	for name, units := range map[string]int{"exact": 8, "drawn": 20, "blocks": 100} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			const trials, samplesEach = 120, 3
			tenths, sum, rejected := 0, 0.0, 0
			for range trials {
				samples := make([][]float64, samplesEach)
				for u := range units {
					common := random.NormFloat64() // samples of a unit depend on each other
					for s := range samples {
						if u == 0 {
							samples[s] = make([]float64, units)
						}
						samples[s][u] = (common + random.NormFloat64()) * float64(s+1)
					}
				}
				p, corrected := signFlips(samples)
				smallest := 1.0
				for s := range p {
					sum += p[s] / samplesEach
					if p[s] <= 0.1 {
						tenths++
					}
					smallest = min(smallest, corrected[s])
				}
				if smallest <= 0.1 {
					rejected++
				}
			}
			// standard errors of independent trials: 0.026 of the mean, 0.027 of the shares
			if mean := sum / trials; math.Abs(mean-0.5) > 0.08 {
				t.Errorf("the mean of p is %.3f", mean)
			}
			if share := float64(tenths) / trials / samplesEach; math.Abs(share-0.1) > 0.06 {
				t.Errorf("p ≤ 0.1 in a share of %.3f", share)
			}
			if share := float64(rejected) / trials; share > 0.19 || share < 0.02 {
				t.Errorf("some corrected p ≤ 0.1 in a share of %.3f", share)
			}
		})
	}
}

// TestManyUnits compares the draws of 17 units, one of which is 0, with the enumeration
// of the other 16, and those of many units with the normal law of their sum.
func TestManyUnits(t *testing.T) {
	values := make([]float64, 16)
	for i := range values {
		values[i] = float64(bits.OnesCount(uint(i))) - 1.2
	}
	exact, _ := signFlips([][]float64{values})
	withZero := slices.Concat(values, []float64{0})
	drawn, _ := signFlips([][]float64{withZero})
	again, _ := signFlips([][]float64{withZero})
	many, variance, sum := make([]float64, 150), 0.0, 0.0
	for i := range many {
		many[i] = 1.3 + math.Sin(float64(i*i))
		if i%5 > 1 {
			many[i] = -many[i]
		}
		variance, sum = variance+many[i]*many[i], sum+many[i]
	}
	normal := math.Erfc(math.Abs(sum) / math.Sqrt(2*variance))
	if p, _ := signFlips([][]float64{many}); normal < 0.005 || normal > 0.5 || math.Abs(p[0]-normal) > 0.01 {
		t.Errorf("150 units: p = %v, want about %v", p[0], normal)
	}
	if math.Abs(exact[0]-drawn[0]) > 0.01 || drawn[0] != again[0] {
		t.Errorf("p = %v, drawn %v and %v", exact[0], drawn[0], again[0])
	}
}

// TestSignTest uses values worked out by hand, from binomial coefficients.
func TestSignTest(t *testing.T) {
	for _, test := range []struct {
		heads, tails int
		want         float64
	}{{5, 0, 2. / 32}, {0, 6, 2. / 64}, {1, 3, 10. / 16}, {2, 2, 1}, {8, 2, 2 * 56. / 1024}, {0, 0, 1}} {
		if p := signTest(test.heads, test.tails); math.Abs(p-test.want) > 1e-12 {
			t.Errorf("%d heads, %d tails: p = %v, want %v", test.heads, test.tails, p, test.want)
		}
	}
}
