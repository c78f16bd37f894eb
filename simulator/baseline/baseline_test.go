package baseline

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// TestModelAgainstItsValues compares a model's statistics and likelihoods with the
// law that its values alone describe, window by window.
func TestModelAgainstItsValues(t *testing.T) {
	eachModel(t, func(t *testing.T, name string) {
		rapid.Check(t, func(t *rapid.T) {
			w := made(t)
			m := fitted(t, name, w)
			probability := rebuilt(name, w.Neurons(), m.Values())
			var sum float64
			for _, window := range everyWindow(w.Neurons(), w.Timesteps()) {
				want, got := probability(window), math.Exp(m.LogLikelihood(window))
				if math.Abs(got-want) > 1e-10*want {
					t.Fatalf("window %b has probability %v by its likelihood, %v by the values", window, got, want)
				}
				sum += got
			}
			near(t, "sum of the probabilities", sum, 1, 1e-10)
			near(t, "statistics", measured(t, m), enumerated(t, w.Neurons(), w.Timesteps(), probability), 1e-9)
		})
	})
}

// TestSample compares the frequencies of sampled windows with their probabilities.
func TestSample(t *testing.T) {
	const windows = 20_000
	stream := random.Training{Seed: 4, Neurons: 2, Timesteps: 3}.Stream("test")
	eachModel(t, func(t *testing.T, name string) {
		r := recording.Surrogate(1)
		ids, err := r.Select(recording.Selection{}, 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := r.Raster(ids).Windows(3)
		if err != nil {
			t.Fatal(err)
		}
		m := fitted(t, name, w)
		sampled := m.Sample(stream, windows)
		frequency := make(map[[3]uint32]float64)
		for _, window := range sampled {
			frequency[[3]uint32(window)] += 1. / windows
		}
		for _, window := range everyWindow(2, 3) {
			p := math.Exp(m.LogLikelihood(window))
			if f := frequency[[3]uint32(window)]; math.Abs(f-p) > 5*math.Sqrt(p*(1-p)/windows)+5./windows {
				t.Errorf("window %b has frequency %v and probability %v", window, f, p)
			}
		}
		if !cmp.Equal(m.Sample(stream, 100), sampled[:100]) {
			t.Error("a smaller sample is no prefix of a larger one")
		}
	})
}

// TestConstraints checks which statistics of the windows a model reproduces.
func TestConstraints(t *testing.T) {
	for _, test := range []struct {
		model                     string
		rates, covariance, counts bool
	}{
		{model: "independent", rates: true},
		{model: "pairwise", rates: true, covariance: true},
		{model: "k_pairwise", rates: true, covariance: true, counts: true},
		{model: "population_tracking", rates: true, counts: true},
		{model: "dichotomised_gaussian", rates: true, covariance: true},
		{model: "time_independent", rates: true, covariance: true, counts: true},
	} {
		t.Run(test.model, func(t *testing.T) {
			for _, steps := range []int{1, 3} {
				for _, ids := range [][]int{{0}, {3, 7}, {0, 1, 2, 3, 4, 5}} {
					w, err := recording.Surrogate(2).Raster(ids).Windows(steps)
					if err != nil {
						t.Fatal(err)
					}
					got, want := measured(t, fitted(t, test.model, w)), statistics.OfWindows(w)
					within := 1e-10
					if test.model == "time_independent" {
						within = 1e-5 // it contains one window more
					}
					if test.rates {
						near(t, "rates", got.Rate, want.Rate, 2*within)
					}
					if test.covariance {
						near(t, "covariances", got.Covariance, want.Covariance, within)
					}
					if test.counts {
						near(t, "law of the spike count", got.KProbability, want.KProbability, within)
					}
				}
			}
		})
	}
}

// TestMaximumEntropy checks the moments of the enumerated models on made data,
// with neurons that never or always spike, and that the law is that of the
// fields and couplings.
func TestMaximumEntropy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := made(t)
		want := statistics.NewData(w, 1, random.Stream{}).Statistics
		pairwise, k, tracking := fitted(t, "pairwise", w), fitted(t, "k_pairwise", w), fitted(t, "population_tracking", w)
		for name, m := range map[string]Model{"pairwise": pairwise, "k_pairwise": k, "population_tracking": tracking} {
			got := measured(t, m)
			near(t, name+": rates", got.Rate, want.Rate, 1e-10)
			if m != tracking {
				near(t, name+": covariances", got.Covariance, want.Covariance, 1e-10)
				near(t, name+": law by its potentials", m.Values()["law"], potentialLaw(w.Neurons(), m.Values()), 1e-9)
			}
			if m != pairwise {
				near(t, name+": law of the spike count", got.KProbability, want.KProbability, 1e-9)
				for count, p := range want.KProbability {
					if p == 0 && got.KProbability[count] != 0 {
						t.Errorf("%s: %d spikes never occur, and have probability %v", name, count, got.KProbability[count])
					}
				}
			}
		}
	})
}

func TestParameters(t *testing.T) {
	want := map[string][2]int{ // of 4 neurons and 1 or 2 time steps in 5 bins
		"independent": {4, 4}, "psth": {20, 20}, "pairwise": {10, 10}, "k_pairwise": {12, 12},
		"population_tracking": {13, 13}, "dichotomised_gaussian": {10, 10},
		"markov": {15, 255}, "time_independent": {15, 15},
	}
	eachModel(t, func(t *testing.T, name string) {
		raster := recording.Raster{Neurons: 4, Repeats: 2, Bins: 5, BinMS: 20, Words: []uint32{1, 2, 4, 8, 0, 3, 5, 15, 7, 9}}
		for i, steps := range []int{1, 2} {
			w, err := raster.Windows(steps)
			if err != nil {
				t.Fatal(err)
			}
			if got := fitted(t, name, w).Parameters(); got != want[name][i] {
				t.Errorf("%d time steps: %d parameters, want %d", steps, got, want[name][i])
			}
		}
	})
}

func TestFitErrors(t *testing.T) {
	windows := func(neurons, repeats int) *recording.Windows {
		raster := recording.Raster{Neurons: neurons, Repeats: repeats, Bins: 3, BinMS: 20, Words: make([]uint32, repeats*3)}
		w, err := raster.Windows(2)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	tests := []struct {
		name, model string
		w           *recording.Windows
		want        string
	}{
		{"no model", "poisson", windows(2, 2), `a model named "poisson": want one of independent, psth`},
		{"13 neurons", "pairwise", windows(13, 2), "pairwise: 13 neurons are too many, it takes at most 12"},
		{"13 neurons", "dichotomised_gaussian", windows(13, 2), "at most 12"},
		{"no windows", "markov", windows(2, 0), "no windows"},
	}
	for _, test := range tests {
		t.Run(test.name+", "+test.model, func(t *testing.T) {
			if _, err := Fit(test.model, test.w); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
	if MaxNeurons("poisson") != 0 || MaxNeurons("pairwise") != 12 || MaxNeurons("psth") != 16 {
		t.Error("MaxNeurons is wrong")
	}
}

// TestMostNeurons fits every model to as many neurons as it takes.
func TestMostNeurons(t *testing.T) {
	eachModel(t, func(t *testing.T, name string) {
		ids := make([]int, MaxNeurons(name))
		for i := range ids {
			ids[i] = i
		}
		w, err := recording.Surrogate(1).Raster(ids).Windows(4)
		if err != nil {
			t.Fatal(err)
		}
		m := fitted(t, name, w)
		near(t, "law of the spike count adds up", total(measured(t, m).KProbability), 1, 1e-9)
		window := m.Sample(random.Stream{}, 1)[0]
		if logarithm := m.LogLikelihood(window); !(logarithm < 0) || math.IsInf(logarithm, 0) {
			t.Errorf("a sampled window has log-likelihood %v", logarithm)
		}
	})
}

func TestNames(t *testing.T) {
	want := []string{
		"independent", "psth", "pairwise", "k_pairwise", "population_tracking",
		"dichotomised_gaussian", "markov", "time_independent",
	}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
}
