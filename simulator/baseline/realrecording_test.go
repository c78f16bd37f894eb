package baseline

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// openRealRecording opens the recording. The function that it returns selects n
// neurons and returns their windows.
func openRealRecording(t testing.TB) func(selection string, n, timesteps int) statistics.RepeatedWindows {
	t.Helper()
	r, err := recording.Open(t.Context(), needs.Recording(t), recording.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return func(selection string, n, timesteps int) statistics.RepeatedWindows {
		s, err := recording.ParseSelection(selection)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := r.Select(s, n, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := r.Raster(ids).Windows(timesteps)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
}

// errorsOf returns the errors of a model that is fitted to the windows and
// compared with them.
func errorsOf(t testing.TB, model string, w statistics.RepeatedWindows) map[string]float64 {
	t.Helper()
	return statistics.Errors(measured(t, fitted(t, model, w)), statistics.NewData(w, 1, random.Stream{}).Statistics, w.BinMS())
}

// TestIndependentOfRecording compares with the reference for every set of neurons,
// to 1e-9.
func TestIndependentOfRecording(t *testing.T) {
	windows := openRealRecording(t)
	body, err := os.ReadFile(needs.Shared(t, "reference", "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Sets map[string]struct {
			JS float64 `json:"js_independent_bits"`
		}
	}
	if err := json.Unmarshal(body, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Sets) != 6 {
		t.Fatalf("the reference has %d sets, want 6", len(reference.Sets))
	}
	for name, want := range reference.Sets {
		selection, count, _ := strings.Cut(name, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		got := errorsOf(t, "independent", windows(selection, n, 1))
		near(t, name+": js_bits", got["js_bits"], want.JS, 1e-9)
		near(t, name+": rates", got["firing_rate_hz2"], 0, 1e-12)
	}
}

// TestMaximumEntropyOfRecording compares with the table in DESIGN.md, section 1.2,
// measured with independent code, to the digits that it gives.
func TestMaximumEntropyOfRecording(t *testing.T) {
	windows := openRealRecording(t)
	for _, test := range []struct {
		neurons           int
		pairwise, kWeight string
	}{
		{4, "0.0020", "0.0001"},
		{6, "0.0036", "0.0008"},
		{8, "0.010", "0.0038"},
		{10, "0.018", "0.0084"},
	} {
		w := windows("most_active", test.neurons, 1)
		for model, want := range map[string]string{"pairwise": test.pairwise, "k_pairwise": test.kWeight} {
			got := errorsOf(t, model, w)["js_bits"]
			if rounded := fmt.Sprintf("%.*f", len(want)-2, got); rounded != want {
				t.Errorf("%d neurons: js_bits of %s is %v, want %s", test.neurons, model, got, want)
			}
		}
	}
}

// TestModelsOfRecording checks at n = 10 which errors vanish, beside their floors.
func TestModelsOfRecording(t *testing.T) {
	w := openRealRecording(t)("most_active", 10, 5)
	data := statistics.NewData(w, 20, random.Training{Seed: 1}.Stream("floors"))
	for model, exact := range map[string][]string{
		"independent":           {"firing_rate_hz2"},
		"psth":                  {"firing_rate_hz2"},
		"pairwise":              {"firing_rate_hz2", "covariance"},
		"k_pairwise":            {"firing_rate_hz2", "covariance", "k_probability"},
		"population_tracking":   {"firing_rate_hz2", "k_probability"},
		"dichotomised_gaussian": {"firing_rate_hz2", "covariance"},
		"time_independent":      {"firing_rate_hz2", "covariance", "k_probability"},
	} {
		got := statistics.Errors(measured(t, fitted(t, model, w)), data.Statistics, w.BinMS())
		for _, name := range exact {
			if got[name] > 1e-3*data.Floors[name] {
				t.Errorf("%s: the error of %s is %v, its floor %v", model, name, got[name], data.Floors[name])
			}
		}
	}
}

// TestMarkovOfRecording checks that a chain has the recording's rates, and its
// covariances of adjacent bins: exactly in windows of two bins, whose pairs of
// words it is fitted to, and within the floors in the longest windows of the paper,
// in which it has the same transitions at all steps.
func TestMarkovOfRecording(t *testing.T) {
	windows := openRealRecording(t)
	for _, test := range []struct {
		steps  int
		floors float64
	}{{2, 1e-3}, {30, 1}} {
		w := windows("most_active", 10, test.steps)
		data := statistics.NewData(w, 20, random.Training{Seed: 1}.Stream("floors"))
		m := measured(t, fitted(t, "markov", w))
		adjacent := 10 * 9
		m.LaggedCovariance, data.Statistics.LaggedCovariance = m.LaggedCovariance[:adjacent], data.Statistics.LaggedCovariance[:adjacent]
		got := statistics.Errors(m, data.Statistics, w.BinMS())
		for _, name := range []string{"firing_rate_hz2", "rate_by_step_hz2", "covariance", "k_probability", "lagged_covariance"} {
			if got[name] > test.floors*data.Floors[name] {
				t.Errorf("%d time steps: the error of %s is %v, its floor %v", test.steps, name, got[name], data.Floors[name])
			}
		}
	}
}
