package statistics

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
)

var _ RepeatedWindows = (*recording.Windows)(nil)

// binMS is the width of the bins in these tests.
const binMS = 20.

// stream is the seed of every split in these tests.
var stream = random.Training{Seed: 1}.Stream("statistics/test")

// windowed returns the windows of repeats of equal length.
func windowed(t rapid.TB, neurons, timesteps int, repeats ...[]uint32) RepeatedWindows {
	t.Helper()
	r := recording.Raster{Neurons: neurons, Repeats: len(repeats), Bins: len(repeats[0]), BinMS: binMS}
	for _, bins := range repeats {
		r.Words = append(r.Words, bins...)
	}
	w, err := r.Windows(timesteps)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// listed returns a copy of every window.
func listed(w Windows) [][]uint32 {
	windows := make([][]uint32, w.Len())
	for i := range windows {
		windows[i] = make([]uint32, w.Timesteps())
		w.At(i, windows[i])
	}
	return windows
}

// randomRepeats draws spikes of different neurons at different rates.
func randomRepeats(neurons, repeats, bins int, seed uint64) [][]uint32 {
	r := rand.New(rand.NewPCG(seed, 2))
	rates := make([]float64, neurons)
	for i := range rates {
		rates[i] = r.Float64()
	}
	drawn := make([][]uint32, repeats)
	for j := range drawn {
		drawn[j] = make([]uint32, bins)
		for b := range drawn[j] {
			for i, rate := range rates {
				if r.Float64() < rate {
					drawn[j][b] |= 1 << i
				}
			}
		}
	}
	return drawn
}

// TestWindowsByHand uses two repeats of three bins, two neurons and windows of
// two bins:
//
//	repeat 0: neuron 0: 1 1 0   neuron 1: 0 1 1
//	repeat 1: neuron 0: 0 0 1   neuron 1: 0 0 0
//
// windows (neuron 0 | neuron 1): 11|01, 10|11, 00|00, 01|00.
func TestWindowsByHand(t *testing.T) {
	w := windowed(t, 2, 2, []uint32{1, 3, 2}, []uint32{0, 0, 1})
	want := Statistics{
		KProbability:    []float64{3. / 8, 3. / 8, 2. / 8},
		Rate:            []float64{4. / 8, 3. / 8},
		Covariance:      []float64{2./8 - 4./8*3./8},
		Autocorrelogram: []float64{2. / 7}, // neuron 0 in the first window, neuron 1 in the second
		RateByStep:      []float64{2. / 4, 2. / 4, 1. / 4, 2. / 4},
		// 0 → 1: in the first window and the second; 1 → 0: never
		LaggedCovariance: []float64{2./4 - 4./8*3./8, 0 - 4./8*3./8},
		State:            make([]float64, 16),
	}
	for _, word := range []int{0b11_01, 0b10_11, 0b00_00, 0b01_00} {
		want.State[word] = 1. / 4
	}
	compare(t, "NewData", NewData(w, 1, stream).Statistics, want, 1e-15)
	compare(t, "OfWindows", OfWindows(w), want, 1e-15)
	compare(t, "SampleWindows", OfWindows(NewSampleWindows(2, 2, listed(w))), want, 1e-15)
}

// TestWindowsAgainstEquations compares weighted counting with the equations over
// a list of all windows.
func TestWindowsAgainstEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		neurons, timesteps := rapid.IntRange(1, 5).Draw(t, "neurons"), rapid.IntRange(1, 8).Draw(t, "timesteps")
		bins := timesteps + rapid.IntRange(0, 12).Draw(t, "further bins")
		repeats := make([][]uint32, rapid.IntRange(1, 4).Draw(t, "repeats"))
		for r := range repeats {
			repeats[r] = rapid.SliceOfN(rapid.Uint32Range(0, 1<<neurons-1), bins, bins).Draw(t, "bins")
		}
		w := windowed(t, neurons, timesteps, repeats...)
		want := equalWeights(neurons, timesteps, listed(w)).statistics()
		data := NewData(w, 0, stream).Statistics
		compare(t, "NewData", data, want, 1e-12)
		if diff := cmp.Diff(data, OfWindows(w)); diff != "" {
			t.Fatalf("one window at a time (-repeat by repeat +window by window):\n%s", diff)
		}
	})
}

func TestUndefinedStatisticsAreOmitted(t *testing.T) {
	tests := []struct {
		name    string
		windows Windows
		want    []string
	}{
		{"no windows", NewSampleWindows(2, 2, nil), nil},
		{"one neuron, one step", windowed(t, 1, 1, []uint32{1, 0}), []string{"firing_rate_hz", "k_probability", "rate_by_step_hz", "state"}},
		{"one neuron", windowed(t, 1, 2, []uint32{1, 0}), []string{"autocorrelogram", "firing_rate_hz", "k_probability", "rate_by_step_hz", "state"}},
		{"one step", windowed(t, 2, 1, []uint32{1, 0}), []string{"covariance", "firing_rate_hz", "k_probability", "rate_by_step_hz", "state"}},
		{"no spikes", windowed(t, 2, 2, []uint32{0, 0}), []string{"covariance", "firing_rate_hz", "k_probability", "lagged_covariance", "rate_by_step_hz", "state"}},
		{"ten bits", windowed(t, 2, 5, []uint32{1, 0, 0, 0, 0}), []string{"autocorrelogram", "covariance", "firing_rate_hz", "k_probability", "lagged_covariance", "rate_by_step_hz", "state"}},
		{"eleven bits", windowed(t, 11, 1, []uint32{1}), []string{"covariance", "firing_rate_hz", "k_probability", "rate_by_step_hz", "third_moment"}},
		{"an interval", windowed(t, 1, 3, []uint32{1, 0, 1}), []string{"autocorrelogram", "firing_rate_hz", "interval_probability", "k_probability", "rate_by_step_hz", "state"}},
		{"no interval", windowed(t, 1, 3, []uint32{1, 0, 0}), []string{"autocorrelogram", "firing_rate_hz", "k_probability", "rate_by_step_hz", "state"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, names(OfWindows(test.windows).Vectors(binMS))); diff != "" {
				t.Errorf("vectors (-want +got):\n%s", diff)
			}
		})
	}
	if s := OfWindows(windowed(t, 16, 1, []uint32{1})).State; len(s) != 1<<16 {
		t.Errorf("16 bits: %d joint words, want 65536", len(s))
	}
	if s := OfWindows(windowed(t, 6, 3, []uint32{1, 2, 3})).State; s != nil {
		t.Errorf("18 bits: %d joint words, want none", len(s))
	}
}

// TestSampledStatisticsAgreeWithExact draws 40 batches of 500 windows. The mean of
// each number is within 5 standard errors of the exact one, and the root mean
// square deviation is about 1 standard error.
func TestSampledStatisticsAgreeWithExact(t *testing.T) {
	const batches, size = 40, 500
	for _, kind := range []NoiseKind{Shared, PerPatch, None} {
		t.Run(string(kind), func(t *testing.T) {
			model := randomCircuit(3, 0, 3, 2, 12)
			exact, err := Exact(model, model.noise(kind))
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(3, 4))
			sampled := make([]map[string][]float64, batches)
			for b := range sampled {
				windows := make([][]uint32, size)
				for j := range windows {
					windows[j] = sampleCircuit(model, kind, r)
				}
				sampled[b] = OfWindows(NewSampleWindows(3, 3, windows)).Vectors(binMS)
			}
			var squares, count float64
			for name, vector := range exact.Vectors(binMS) {
				for i, want := range vector {
					var sum, sum2 float64
					for _, s := range sampled {
						sum += s[name][i]
						sum2 += s[name][i] * s[name][i]
					}
					mean := sum / batches
					deviation := math.Sqrt(max(0, sum2/batches-mean*mean) / (batches - 1))
					// Products and ratios of means are biased by the order of a batch's variance.
					bias := 10 * deviation * deviation * batches
					if name == "state" { // the spread between batches underestimates the error of rare words
						deviation = math.Sqrt(want * (1 - want) / (batches * size))
						bias = 2. / (batches * size) // two windows with a nearly impossible word
					}
					if math.Abs(mean-want) > 5*deviation+bias+1e-9 {
						t.Errorf("%s[%d]: %v ± %v by samples, %v exactly", name, i, mean, deviation, want)
					}
					if deviation > 1e-9 {
						squares += (mean - want) / deviation * (mean - want) / deviation
						count++
					}
				}
			}
			if rms := math.Sqrt(squares / count); rms < 0.7 || rms > 1.5 {
				t.Errorf("root mean square deviation of %v numbers is %.2f standard errors, want about 1", count, rms)
			}
		})
	}
}

// sampleCircuit draws one window.
func sampleCircuit(c circuit, kind NoiseKind, r *rand.Rand) []uint32 {
	law := make([]float64, 1<<c.neurons)
	window := make([]uint32, c.Timesteps())
	gamma := math.Pi * r.Float64()
	for s := range window {
		switch kind {
		case PerPatch:
			gamma = math.Pi * r.Float64()
		case None:
			gamma = 0
		case Shared: // as drawn
		}
		c.Probabilities(s, gamma, law)
		u := r.Float64()
		for u >= law[window[s]] && int(window[s]) < len(law)-1 {
			u -= law[window[s]]
			window[s]++
		}
	}
	return window
}

// TestDataOfSegments compares data of several segments a repeat with a list of the
// windows, and its floors with those of random halves of the repeats.
func TestDataOfSegments(t *testing.T) {
	const neurons, timesteps, bins = 3, 4, 23
	repeats := randomRepeats(neurons, 6, bins, 9)
	raster := recording.Raster{Neurons: neurons, Repeats: len(repeats), Bins: bins, BinMS: binMS}
	for _, words := range repeats {
		raster.Words = append(raster.Words, words...)
	}
	w, err := raster.WindowsIn([]recording.Segment{{First: 0, End: 4}, {First: 6, End: 15}, {First: 15, End: 22}}, timesteps)
	if err != nil {
		t.Fatal(err)
	}
	got := NewData(w, 20, stream)
	compare(t, "statistics", got.Statistics, equalWeights(neurons, timesteps, listed(w)).statistics(), 1e-12)

	mean := map[string]float64{}
	order := []int{0, 1, 2, 3, 4, 5}
	all := listed(w)
	part := func(repeats []int) Statistics {
		var windows [][]uint32
		for _, repeat := range repeats {
			windows = append(windows, all[repeat*w.PerRepeat():(repeat+1)*w.PerRepeat()]...)
		}
		return equalWeights(neurons, timesteps, windows).statistics()
	}
	for split := range 20 {
		g := stream.At(uint64(split), 0)
		for i := range 3 {
			j := i + g.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
		}
		for name, value := range Errors(part(order[:3]), part(order[3:]), binMS) {
			scale := 1. / 4
			if strings.HasPrefix(name, "legacy_") {
				scale = 1. / 2
			}
			mean[name] += value / 20 * scale
		}
	}
	delete(mean, "js_k_probability_bits")
	if diff := cmp.Diff(mean, got.Floors, cmpNear(1e-9)); diff != "" {
		t.Errorf("floors (-want +got):\n%s", diff)
	}
}
