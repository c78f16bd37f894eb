package statistics

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
)

// slowFloors splits repeats like floors, and lists the windows of each part.
func slowFloors(t *testing.T, repeats [][]uint32, neurons, timesteps, a, m, splits int) map[string]float64 {
	mean := make(map[string]float64)
	order := append([][]uint32{}, repeats...)
	part := func(repeats [][]uint32) Statistics {
		return equalWeights(neurons, timesteps, listed(windowed(t, neurons, timesteps, repeats...))).statistics()
	}
	for split := range splits {
		g := stream.At(uint64(split), 0)
		for i := range a {
			j := i + g.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
		}
		for name, value := range Errors(part(order[:a]), part(order[a:]), binMS) {
			mean[name] += value / float64(splits)
		}
	}
	delete(mean, "js_k_probability_bits")
	for name := range mean {
		scale := 1 / float64(m) / (1/float64(a) + 1/float64(len(repeats)-a))
		if strings.HasPrefix(name, "legacy_") {
			scale = math.Sqrt(scale)
		}
		mean[name] *= scale
	}
	return mean
}

func TestFloorsAgainstListedWindows(t *testing.T) {
	tests := []struct {
		name                        string
		neurons, timesteps, repeats int
	}{
		{"even", 3, 4, 6},
		{"odd", 3, 4, 7},
		{"two repeats", 2, 3, 2},
		{"three repeats", 1, 2, 3},
		{"no joint words", 6, 3, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repeats := randomRepeats(test.neurons, test.repeats, 12, 5)
			got := NewData(windowed(t, test.neurons, test.timesteps, repeats...), 20, stream).Floors
			want := slowFloors(t, repeats, test.neurons, test.timesteps, test.repeats/2, test.repeats, 20)
			if diff := cmp.Diff(want, got, cmpNear(1e-9)); diff != "" {
				t.Errorf("floors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeldoutAgainstListedWindows(t *testing.T) {
	repeats := randomRepeats(2, 9, 12, 6)
	train, heldout := windowed(t, 2, 3, repeats[:6]...), windowed(t, 2, 3, repeats[6:]...)
	got := NewHeldout(train, heldout, 20, stream)
	compare(t, "statistics", got.Statistics, OfWindows(heldout), 0)
	if diff := cmp.Diff(slowFloors(t, repeats, 2, 3, 6, 3, 20), got.Floors, cmpNear(1e-9)); diff != "" {
		t.Errorf("floors (-want +got):\n%s", diff)
	}
}

// TestFloorsOfIndependentSpikes uses known expected errors of the true law: for N
// independent bins p(1−p)/N of the rate and, to first order, (W−1)/(8N·ln 2) of
// the Jensen–Shannon divergence of W words.
func TestFloorsOfIndependentSpikes(t *testing.T) {
	const neurons, total, bins = 3, 401, 10
	repeats := make([][]uint32, total)
	r := random.Training{Seed: 2}.Stream("coins").At(0, 0)
	for i := range repeats {
		repeats[i] = make([]uint32, bins)
		for b := range repeats[i] {
			repeats[i][b] = uint32(r.IntN(1 << neurons))
		}
	}
	check := func(what string, floors map[string]float64, repeats float64) {
		n := repeats * bins
		for name, want := range map[string]float64{
			"firing_rate_hz2": 0.25 / n * (1000 / binMS) * (1000 / binMS),
			"covariance":      1. / 16 / n,
			// P(k) of binomial counts: (1/4)·Σ P(1−P)/n
			"k_probability": (2*1./8*7./8 + 2*3./8*5./8) / 4 / n,
			"js_bits":       7 / (8 * n * math.Ln2),
			// a normal's mean deviation, for P = 1/8, 3/8, 3/8, 1/8
			"legacy_k_probability": math.Sqrt(2/math.Pi/n) * 2 * (math.Sqrt(7.)/8 + math.Sqrt(15.)/8),
		} {
			if got := floors[name]; math.Abs(got/want-1) > 0.15 {
				t.Errorf("%s: floor of %s is %v, want about %v", what, name, got, want)
			}
		}
	}
	check("all", NewData(windowed(t, neurons, 1, repeats...), FloorSplits, stream).Floors, total)
	held := NewHeldout(windowed(t, neurons, 1, repeats[:301]...), windowed(t, neurons, 1, repeats[301:]...), FloorSplits, stream)
	check("held out", held.Floors, 100)
}

func TestFloorsOmitUndefinedErrors(t *testing.T) {
	one := NewData(windowed(t, 2, 2, []uint32{1, 2, 3}), FloorSplits, stream)
	if len(one.Floors) != 0 {
		t.Errorf("one repeat has floors: %v", one.Floors)
	}
	if none := NewData(windowed(t, 2, 2, []uint32{1, 2, 3}, []uint32{1, 1, 1}), 0, stream); len(none.Floors) != 0 {
		t.Errorf("no splits give floors: %v", none.Floors)
	}
	w := windowed(t, 2, 2, []uint32{1, 2, 3}, []uint32{1, 1, 1})
	none, err := (&recording.Raster{Neurons: 2, Bins: 3, BinMS: binMS}).Windows(2)
	if err != nil {
		t.Fatal(err)
	}
	if held := NewHeldout(w, none, FloorSplits, stream); len(held.Floors) != 0 || len(held.Statistics.Vectors(binMS)) != 0 {
		t.Errorf("no held-out repeats have %v", held)
	}
	if held := NewHeldout(none, w, FloorSplits, stream); len(held.Floors) != 0 {
		t.Errorf("held-out repeats have floors without others: %v", held.Floors)
	}
	// One half is silent in every split and has no autocorrelogram.
	silent := NewData(windowed(t, 2, 2, []uint32{1, 2, 3}, []uint32{0, 0, 0}), FloorSplits, stream)
	if floor, ok := silent.Floors["autocorrelogram"]; ok {
		t.Errorf("a silent half has a floor of the autocorrelogram: %v", floor)
	}
	// Two of four repeats are silent: some splits leave a silent half.
	some := NewData(windowed(t, 1, 2, []uint32{1, 1, 1}, []uint32{1, 1, 1}, []uint32{0, 0, 0}, []uint32{0, 0, 0}), FloorSplits, stream)
	if floor, ok := some.Floors["autocorrelogram"]; ok {
		t.Errorf("the autocorrelogram has a floor although some halves are silent: %v", floor)
	}
	want := []string{
		"covariance", "firing_rate_hz2", "js_bits", "k_probability", "lag1_covariance", "lagged_covariance",
		"legacy_covariance", "legacy_k_probability", "legacy_lag1_covariance", "legacy_mean_spikes", "legacy_time_course",
		"rate_by_step_hz2", "silent_probability",
	}
	if diff := cmp.Diff(want, names(silent.Floors)); diff != "" {
		t.Errorf("other floors (-want +got):\n%s", diff)
	}
}

func TestFloorsDependOnTheSeed(t *testing.T) {
	w := windowed(t, 3, 2, randomRepeats(3, 20, 12, 7)...)
	first := NewData(w, 5, stream)
	if diff := cmp.Diff(first, NewData(w, 5, stream)); diff != "" {
		t.Errorf("the same seed gives other numbers:\n%s", diff)
	}
	other := NewData(w, 5, random.Training{Seed: 2}.Stream("statistics/test"))
	if cmp.Equal(first.Floors, other.Floors) {
		t.Error("another seed gives the same floors")
	}
	compare(t, "statistics", other.Statistics, first.Statistics, 0)
}

// BenchmarkNewData measures NewData at the size of the real recording.
func BenchmarkNewData(b *testing.B) {
	for _, size := range []struct {
		name               string
		neurons, timesteps int
	}{{"n=10,t=30", 10, 30}, {"n=8,t=2", 8, 2}, {"n=2,t=1", 2, 1}} {
		b.Run(size.name, func(b *testing.B) {
			repeats := randomRepeats(size.neurons, 297, 952, 8)
			w := windowed(b, size.neurons, size.timesteps, repeats...)
			for b.Loop() {
				NewData(w, FloorSplits, stream)
			}
		})
	}
}
