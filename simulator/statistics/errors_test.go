package statistics

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func TestErrors(t *testing.T) {
	model := Statistics{
		KProbability:     []float64{1, 0},
		Rate:             []float64{0.06, 0.02},
		Covariance:       []float64{1, 2},
		Autocorrelogram:  []float64{0, 0, 3},
		RateByStep:       []float64{0.02, 0.02, 0.02, 0.02},
		LaggedCovariance: []float64{0.5, 0, 0, 1},
		ThirdMoment:      []float64{1, -1},
		// intervals of 2 bins, and of 1 and 3 bins: means 40 ms, deviations 0 and 20 ms for bins of 20 ms
		IntervalProbability: []float64{0, 1, 0},
		State:               []float64{0.5, 0.5, 0, 0},
	}
	data := Statistics{
		KProbability:        []float64{0.5, 0.5},
		Rate:                []float64{0.02, 0.02},
		Covariance:          []float64{0, 0},
		Autocorrelogram:     []float64{0, 0, 0},
		RateByStep:          []float64{0.02, 0.02, 0.02, 0.06},
		LaggedCovariance:    []float64{0, 0, 0, 0},
		ThirdMoment:         []float64{-1, -1},
		IntervalProbability: []float64{0.5, 0, 0.5},
		State:               []float64{0, 0, 0.5, 0.5},
	}
	want := map[string]float64{
		"k_probability":          0.25,
		"firing_rate_hz2":        2,
		"covariance":             2.5,
		"autocorrelogram":        3,
		"rate_by_step_hz2":       1,
		"lagged_covariance":      0.3125,
		"silent_probability":     0.25,
		"third_moment":           2,
		"lag1_covariance":        0.125,
		"isi_mean_ms2":           0,
		"isi_sd_ms2":             400,
		"legacy_mean_spikes":     2 * 0.020 * 2,
		"legacy_covariance":      2 * 3,
		"legacy_k_probability":   1,
		"legacy_autocorrelogram": 2 * 3,
		"legacy_time_course":     2 * 0.020,
		"legacy_lag1_covariance": 0.5,
		"js_bits":                1,
		// H(3/4, 1/4) − (H(1, 0) + H(1/2, 1/2))/2
		"js_k_probability_bits": -0.75*math.Log2(0.75) - 0.25*math.Log2(0.25) - 0.5,
	}
	if diff := cmp.Diff(want, Errors(model, data, binMS), cmpNear(1e-14)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestErrorsOmitUndefinedStatistics(t *testing.T) {
	silent := OfWindows(windowed(t, 2, 2, []uint32{0, 0}))
	active := OfWindows(windowed(t, 2, 2, []uint32{1, 1}))
	want := []string{
		"covariance", "firing_rate_hz2", "js_bits", "js_k_probability_bits", "k_probability", "lag1_covariance", "lagged_covariance",
		"legacy_covariance", "legacy_k_probability", "legacy_lag1_covariance", "legacy_mean_spikes", "legacy_time_course",
		"rate_by_step_hz2", "silent_probability",
	}
	if diff := cmp.Diff(want, names(Errors(silent, active, binMS))); diff != "" {
		t.Errorf("silent model (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, names(Errors(active, silent, binMS))); diff != "" {
		t.Errorf("silent data (-want +got):\n%s", diff)
	}
	if got := Errors(Statistics{}, active, binMS); len(got) != 0 {
		t.Errorf("nothing compared: %v", got)
	}
}

func TestErrorsPanicOnDifferentShapes(t *testing.T) {
	defer func() {
		if got := recover(); got != "statistics: compare vectors of 3 and 2 elements" {
			t.Errorf("recovered %v", got)
		}
	}()
	Errors(Statistics{KProbability: []float64{1, 0, 0}}, Statistics{KProbability: []float64{1, 0}}, binMS)
}

func TestJensenShannonProperties(t *testing.T) {
	law := rapid.Custom(func(t *rapid.T) []float64 {
		law := rapid.SliceOfN(rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1)), 4, 4).Draw(t, "weights")
		law[rapid.IntRange(0, 3).Draw(t, "certain")]++
		sum := total(law)
		for i := range law {
			law[i] /= sum
		}
		return law
	})
	rapid.Check(t, func(t *rapid.T) {
		p, q := law.Draw(t, "p"), law.Draw(t, "q")
		there, back := jensenShannon(p, q), jensenShannon(q, p)
		if math.Abs(there-back) > 1e-14 {
			t.Fatalf("%v there, %v back", there, back)
		}
		if !(there >= 0 && there <= 1+1e-14) {
			t.Fatalf("%v is not in [0, 1]", there)
		}
		if self := jensenShannon(p, p); self > 1e-15 {
			t.Fatalf("%v of a law to itself", self)
		}
		var distance float64 // total variation ≤ √(2·ln 2·JS): Lin 1991
		for i := range p {
			distance += math.Abs(p[i]-q[i]) / 2
		}
		if distance*distance > 2*math.Ln2*there+1e-13 {
			t.Fatalf("total variation %v at a divergence of %v", distance, there)
		}
	})
}
