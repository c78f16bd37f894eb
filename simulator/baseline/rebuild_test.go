package baseline

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// rebuilt returns the probability of a window by a model's values alone, as the
// package documentation describes them.
func rebuilt(name string, neurons int, values map[string][]float64) func(window []uint32) float64 {
	switch name {
	case "independent":
		return func(window []uint32) float64 {
			p := 1.0
			for _, word := range window {
				p *= bernoulli(word, values["rates"])
			}
			return p
		}
	case "psth":
		return func(window []uint32) (sum float64) {
			starts, before := 0.0, 0
			for _, bins := range values["segments"] {
				for start := range int(bins) - len(window) + 1 {
					p := 1.0
					for s, word := range window {
						p *= bernoulli(word, values["rates"][(before+start+s)*neurons:][:neurons])
					}
					sum += p
					starts++
				}
				before += int(bins)
			}
			return sum / starts
		}
	case "markov":
		count, leaving := make(map[[2]uint32]float64), make(map[uint32]float64)
		for at := 0; at < len(values["transitions"]); at += 3 {
			from, to := uint32(values["transitions"][at]), uint32(values["transitions"][at+1])
			count[[2]uint32{from, to}] = values["transitions"][at+2]
			leaving[from] += values["transitions"][at+2]
		}
		return func(window []uint32) float64 {
			p := values["initial"][window[0]]
			for s, from := range window[:len(window)-1] {
				to := window[s+1]
				m := values["marginal"]
				p *= (count[[2]uint32{from, to}] + m[from]*m[to]) / (leaving[from] + m[from])
			}
			return p
		}
	default:
		return func(window []uint32) float64 {
			p := 1.0
			for _, word := range window {
				p *= values["law"][word]
			}
			return p
		}
	}
}

// bernoulli returns the probability of a word of independent neurons.
func bernoulli(word uint32, rates []float64) float64 {
	p := 1.0
	for i, rate := range rates {
		if word>>i&1 != 0 {
			p *= rate
		} else {
			p *= 1 - rate
		}
	}
	return p
}

// potentialLaw returns the law of words that fields, couplings and weights of spike
// counts give.
func potentialLaw(neurons int, values map[string][]float64) []float64 {
	law := make([]float64, 1<<neurons)
	var sum float64
	for word := range law {
		energy, pair := 0.0, 0
		for i := range neurons {
			energy += values["fields"][i] * float64(word>>i&1)
			for j := i + 1; j < neurons; j++ {
				energy += values["couplings"][pair] * float64(word>>i&1*(word>>j&1))
				pair++
			}
		}
		law[word] = math.Exp(energy)
		if weights := values["count_weights"]; weights != nil {
			law[word] *= weights[bits.OnesCount(uint(word))]
		}
		sum += law[word]
	}
	for word := range law {
		law[word] /= sum
	}
	return law
}

// everyWindow returns all windows.
func everyWindow(neurons, timesteps int) [][]uint32 {
	windows := make([][]uint32, 1<<(neurons*timesteps))
	for joint := range windows {
		windows[joint] = make([]uint32, timesteps)
		for s := range timesteps {
			windows[joint][s] = uint32(joint>>(s*neurons)) & (1<<neurons - 1)
		}
	}
	return windows
}

// enumerated returns the statistics of a law of windows, as a mixture of windows
// that are certain.
func enumerated(t rapid.TB, neurons, timesteps int, probability func(window []uint32) float64) statistics.Statistics {
	t.Helper()
	m := statistics.Mixture{Neurons: neurons, Timesteps: timesteps}
	for _, window := range everyWindow(neurons, timesteps) {
		certain := make([]float64, neurons*timesteps)
		for bit := range certain {
			certain[bit] = float64(window[bit/neurons] >> (bit % neurons) & 1)
		}
		m.Weights, m.Rates = append(m.Weights, probability(window)), append(m.Rates, certain)
	}
	s, err := statistics.OfMixture(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// made draws windows of a recording, in one or two segments, whose neurons share a
// drive that lasts some bins. Some neurons may never or always spike, spike
// together, or never do.
func made(t *rapid.T) *recording.Windows {
	n := rapid.IntRange(1, 5).Draw(t, "neurons")
	steps := rapid.IntRange(1, min(4, 10/n)).Draw(t, "time steps")
	raster := &recording.Raster{
		Neurons: n, BinMS: 20,
		Repeats: rapid.IntRange(1, 20).Draw(t, "repeats"),
		Bins:    steps + rapid.IntRange(0, 20).Draw(t, "more bins"),
	}
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	drive := 0.0
	for range raster.Repeats * raster.Bins {
		drive = 0.7*drive + 0.7*r.NormFloat64()
		var word uint32
		for i := range n {
			if drive+r.NormFloat64() > 0.5+0.3*float64(i) {
				word |= 1 << i
			}
		}
		raster.Words = append(raster.Words, word)
	}
	odd := rapid.SampledFrom([]string{"none", "none", "silent", "always", "together", "apart", "opposite"}).Draw(t, "oddity")
	for i, word := range raster.Words {
		last := uint32(1) << (n - 1)
		switch {
		case odd == "silent":
			word &^= last
		case odd == "always":
			word |= last
		case odd == "together" && n > 1:
			word = word&^last | word&1<<(n-1)
		case odd == "apart" && n > 1 && word&1 != 0:
			word &^= last
		case odd == "opposite" && n > 1:
			word = word&^last | ^word&1<<(n-1)
		}
		raster.Words[i] = word
	}
	segments := []recording.Segment{{First: 0, End: raster.Bins}}
	if raster.Bins >= 2*steps && rapid.Bool().Draw(t, "two segments") {
		cut := rapid.IntRange(steps, raster.Bins-steps).Draw(t, "cut")
		segments = []recording.Segment{{First: 0, End: cut}, {First: rapid.IntRange(cut, raster.Bins-steps).Draw(t, "after the cut"), End: raster.Bins}}
	}
	w, err := raster.WindowsIn(segments, steps)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// fitted fits a model or fails the test.
func fitted(t rapid.TB, name string, w statistics.RepeatedWindows) Model {
	t.Helper()
	m, err := Fit(name, w)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// measured returns the statistics of a model or fails the test.
func measured(t rapid.TB, m Model) statistics.Statistics {
	t.Helper()
	s, err := m.Statistics()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// near fails the test unless numbers agree within the tolerance, which is
// relative for numbers above 1.
func near[T any](t rapid.TB, what string, got, want T, tolerance float64) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool {
		return math.Abs(a-b) <= tolerance*max(1, math.Abs(a))
	})); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// eachModel runs a test for every model.
func eachModel(t *testing.T, test func(t *testing.T, name string)) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) { test(t, name) })
	}
}
