package statistics

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everyWindow returns all windows with their weights under a law.
func everyWindow(neurons, timesteps int, probability func(window []uint32) float64) windowsOf {
	w := windowsOf{neurons: neurons, timesteps: timesteps}
	for word := range 1 << (neurons * timesteps) {
		window := make([]uint32, timesteps)
		for s := range window {
			window[s] = uint32(word>>(s*neurons)) & (1<<neurons - 1)
		}
		w.windows = append(w.windows, window)
		w.weights = append(w.weights, probability(window))
	}
	return w
}

func drawShape(t *rapid.T) (neurons, timesteps int) {
	neurons = rapid.IntRange(1, 5).Draw(t, "neurons")
	return neurons, rapid.IntRange(1, min(6, 10/neurons)).Draw(t, "time steps")
}

// randomLaw returns probabilities that add up to 1, some of them 0.
func randomLaw(r *rand.Rand, size int) []float64 {
	law := make([]float64, size)
	for i := range law {
		law[i] = max(0, r.Float64()-0.3)
	}
	law[r.IntN(size)] = 1
	sum := total(law)
	for i := range law {
		law[i] /= sum
	}
	return law
}

// TestMixtureAgainstEnumeration compares with a reference that enumerates all
// windows.
func TestMixtureAgainstEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		neurons, timesteps := drawShape(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		m := Mixture{Neurons: neurons, Timesteps: timesteps, Weights: randomLaw(r, rapid.IntRange(1, 4).Draw(t, "latent values"))}
		for range m.Weights {
			rates := make([]float64, neurons*timesteps)
			for i := range rates {
				rates[i] = min(1, max(0, 1.2*r.Float64()-0.1))
			}
			m.Rates = append(m.Rates, rates)
		}
		got, err := OfMixture(m)
		if err != nil {
			t.Fatal(err)
		}
		want := everyWindow(neurons, timesteps, func(window []uint32) (sum float64) {
			for latent, weight := range m.Weights {
				for bit, rate := range m.Rates[latent] {
					if window[bit/neurons]>>(bit%neurons)&1 != 0 {
						weight *= rate
					} else {
						weight *= 1 - rate
					}
				}
				sum += weight
			}
			return sum
		})
		compare(t, "statistics of the mixture", got, want.statistics(), 1e-10)
	})
}

func TestMixtureErrors(t *testing.T) {
	tests := []struct {
		name    string
		mixture Mixture
		want    string
	}{
		{"weights", Mixture{1, 1, []float64{0.5, 0.4}, [][]float64{{0}, {1}}}, "add up to 0.9"},
		{"weight NaN", Mixture{1, 1, []float64{math.NaN()}, [][]float64{{0}}}, "add up to NaN"},
		{"no rates", Mixture{1, 1, []float64{1}, nil}, "0 latent values have rates and 1 have weights"},
		{"too few rates", Mixture{2, 2, []float64{1}, [][]float64{{0, 1, 0}}}, "latent value 0 has 3 rates, want 2 neurons × 2 time steps"},
		{"rate above 1", Mixture{2, 2, []float64{1}, [][]float64{{0, 1, 0, 1.5}}}, "neuron 1 spikes at step 1 with probability 1.5"},
		{"rate NaN", Mixture{1, 1, []float64{1}, [][]float64{{math.NaN()}}}, "probability NaN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := OfMixture(test.mixture); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}
