package statistics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// slowIntervals computes intervals literally: each draw lists the windows of the drawn
// groups of repeats, and each end is searched for as its definition states.
func slowIntervals(t rapid.TB, model Statistics, groups [][][]uint32, neurons, timesteps int) map[string][2]float64 {
	measured := func(groups [][][]uint32) Statistics {
		var repeats [][]uint32
		for _, group := range groups {
			repeats = append(repeats, group...)
		}
		return OfWindows(windowed(t, neurons, timesteps, repeats...))
	}
	data := measured(groups)
	noise, undefined := make(map[string][][]float64), make(map[string]bool)
	for draw := range BootstrapDraws {
		g := stream.At(uint64(draw), 1)
		drawn := make([][][]uint32, len(groups))
		for i := range drawn {
			drawn[i] = groups[g.IntN(len(groups))]
		}
		moved := measured(drawn)
		for _, b := range bootstrapped {
			before, after := vectorOf(data, b.name), vectorOf(moved, b.name)
			undefined[b.name] = undefined[b.name] || before == nil || after == nil
			deviations := make([]float64, len(after))
			for i := range after {
				deviations[i] = widening(len(groups)) * (after[i] - before[i])
			}
			noise[b.name] = append(noise[b.name], deviations)
		}
	}
	intervals := make(map[string][2]float64)
	for _, b := range bootstrapped {
		if m := vectorOf(model, b.name); m != nil && !undefined[b.name] {
			intervals[b.name] = slowInterval(m, vectorOf(data, b.name), noise[b.name])
		}
	}
	return intervals
}

// vectorOf returns the statistic of an error, in the error's unit.
func vectorOf(s Statistics, name string) []float64 {
	return s.Vectors(binMS)[strings.TrimSuffix(name, "2")]
}

// slowInterval searches for the ends by bisection.
func slowInterval(model, data []float64, noise [][]float64) [2]float64 {
	size := func(v []float64) (square float64) {
		for _, x := range v {
			square += x * x / float64(len(v))
		}
		return square
	}
	sum := func(a float64, x []float64, b float64, y []float64) []float64 {
		v := make([]float64, len(x))
		for i := range v {
			v[i] = a*x[i] + b*y[i]
		}
		return v
	}
	difference := sum(1, model, -1, data)
	e := size(difference)
	share := func(holds func(noise []float64) bool) float64 {
		count := 0
		for _, v := range noise {
			if holds(v) {
				count++
			}
		}
		return float64(count) / float64(len(noise)+1)
	}
	bisect := func(isBelow func(error float64) bool) float64 {
		low, high := 0.0, 1e6
		for range 200 {
			if middle := (low + high) / 2; isBelow(middle) {
				low = middle
			} else {
				high = middle
			}
		}
		return low
	}
	// A recording's error is e or less in 97.5 % of recordings, if the law's is this one.
	tooSmall := func(error float64) bool {
		return share(func(v []float64) bool {
			return size(v) < e && size(sum(math.Sqrt(error/e), difference, -1, v)) <= e
		}) >= 0.975
	}
	// The law's error is this one or more in 2.5 % of recordings.
	notTooLarge := func(error float64) bool {
		return share(func(v []float64) bool { return size(sum(1, difference, 1, v)) >= error }) >= 0.025
	}
	return [2]float64{bisect(tooSmall), bisect(notTooLarge)}
}

// slowly returns the groups that repeats are drawn in: the repeats themselves up to 512.
func slowly(repeats [][]uint32) [][][]uint32 {
	groups := make([][][]uint32, min(len(repeats), 512))
	for i, repeat := range repeats {
		group := i * len(groups) / len(repeats)
		groups[group] = append(groups[group], repeat)
	}
	return groups
}

func TestIntervalsAgainstListedDraws(t *testing.T) {
	for _, test := range []struct {
		name                        string
		neurons, timesteps, repeats int
	}{
		{"pairs and lags", 3, 4, 6},
		{"three repeats", 2, 3, 3},
		{"one neuron, one step", 1, 1, 5},
		{"many joint words", 6, 3, 4},
		{"groups of repeats", 2, 1, 1100},
	} {
		t.Run(test.name, func(t *testing.T) {
			repeats := randomRepeats(test.neurons, test.repeats, 8, 5)
			data := NewData(windowed(t, test.neurons, test.timesteps, repeats...), 0, stream)
			far := OfWindows(windowed(t, test.neurons, test.timesteps, randomRepeats(test.neurons, 2, 8, 6)...))
			near := OfWindows(windowed(t, test.neurons, test.timesteps, randomRepeats(test.neurons, 30, 8, 5)...))
			for name, model := range map[string]Statistics{"far": far, "near": near, "equal": data.Statistics} {
				want := slowIntervals(t, model, slowly(repeats), test.neurons, test.timesteps)
				if diff := cmp.Diff(want, data.Intervals(model, binMS), cmpNear(1e-4)); diff != "" {
					t.Errorf("%s model (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// gains are the equally likely factors of the rates of a repeat of made data.
var gains = [...]float64{0.5, 1.5}

// gainLaw returns the exact statistics of windows of 3 steps in which neurons spike
// independently, given the repeat's gain.
func gainLaw(t *testing.T, rates ...float64) Statistics {
	m := Mixture{Neurons: len(rates), Timesteps: 3, Weights: []float64{0.5, 0.5}}
	for _, gain := range gains {
		var all []float64
		for range m.Timesteps {
			for _, rate := range rates {
				all = append(all, rate*gain)
			}
		}
		m.Rates = append(m.Rates, all)
	}
	s, err := OfMixture(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// gainRepeats draws repeats of 40 bins from the law of gainLaw.
func gainRepeats(r *rand.Rand, repeats int, rates ...float64) [][]uint32 {
	drawn := make([][]uint32, repeats)
	for i := range drawn {
		gain := gains[r.IntN(len(gains))]
		drawn[i] = make([]uint32, 40)
		for b := range drawn[i] {
			for neuron, rate := range rates {
				if r.Float64() < rate*gain {
					drawn[i][b] |= 1 << neuron
				}
			}
		}
	}
	return drawn
}

// blend returns the statistics a and b in the shares 1 − share and share.
func blend(a, b Statistics, share float64) Statistics {
	mixed := func(a, b []float64) []float64 {
		v := make([]float64, len(a))
		for i := range v {
			v[i] = (1-share)*a[i] + share*b[i]
		}
		return v
	}
	return Statistics{
		KProbability: mixed(a.KProbability, b.KProbability), Rate: mixed(a.Rate, b.Rate),
		Covariance: mixed(a.Covariance, b.Covariance), Autocorrelogram: mixed(a.Autocorrelogram, b.Autocorrelogram),
	}
}

// TestCoverage draws recordings from a known law and counts how often the interval of
// each error covers the model's error against that law. Gains make the bins of a repeat
// depend on each other, so that an interval from single bins would be too narrow.
func TestCoverage(t *testing.T) {
	const recordings = 300 // at 95 %, the covered share has a standard error of 1.3 %
	rates := []float64{0.3, 0.15, 0.05}
	law, other := gainLaw(t, rates...), gainLaw(t, 0.2, 0.25, 0.1)
	other.Autocorrelogram = []float64{0.5, 0.1}
	type model struct {
		name        string
		of          func(data Statistics) Statistics
		least, most float64 // covered share
	}
	at := func(distance float64) func(Statistics) Statistics {
		return func(Statistics) Statistics { return blend(law, other, distance) }
	}
	for _, test := range []struct {
		repeats int
		models  []model
	}{
		{5, []model{
			{"the law", at(0), 0.91, 0.99},
			{"far from the law", at(20), 0.91, 0.99},
		}},
		{30, []model{
			{"the law", at(0), 0.95, 0.995},
			{"near the law", at(0.05), 0.95, 0.995},
			{"some floors from the law", at(0.3), 0.93, 1},
			{"fitted", func(data Statistics) Statistics { return data }, 0.95, 0.995},
			{"partly fitted", func(data Statistics) Statistics { return blend(law, data, 0.5) }, 0.95, 1},
		}},
		{100, []model{
			{"far from the law", at(20), 0.92, 0.98},
			{"partly fitted, far from the law", func(data Statistics) Statistics { return blend(at(20)(data), data, 0.1) }, 0.92, 0.98},
		}},
	} {
		r := rand.New(rand.NewPCG(1, uint64(test.repeats)))
		covered := make(map[string]int)
		for range recordings {
			data := NewData(windowed(t, len(rates), 3, gainRepeats(r, test.repeats, rates...)...), 0, stream)
			for _, m := range test.models {
				model := m.of(data.Statistics)
				intervals := data.Intervals(model, binMS)
				for _, b := range bootstrapped {
					error, ends := Errors(model, law, binMS)[b.name], intervals[b.name]
					if ends[0] <= error && error <= ends[1] {
						covered[m.name+b.name]++
					}
				}
			}
		}
		for _, m := range test.models {
			for _, b := range bootstrapped {
				share := float64(covered[m.name+b.name]) / recordings
				t.Logf("%d repeats, %s: %s is covered in %.1f %% of recordings", test.repeats, m.name, b.name, 100*share)
				if share < m.least || share > m.most {
					t.Errorf("%d repeats, %s: want %v to %v %%", test.repeats, m.name, 100*m.least, 100*m.most)
				}
			}
		}
	}
}

// TestIntervalsShrinkWithRepeats compares recordings of the same law. Far from it the
// width is that of a standard error, near it that of a variance.
func TestIntervalsShrinkWithRepeats(t *testing.T) {
	rates := []float64{0.3, 0.15, 0.05}
	law, other := gainLaw(t, rates...), gainLaw(t, 0.2, 0.25, 0.1)
	other.Autocorrelogram = []float64{0.5, 0.1}
	widths := func(model Statistics, repeats int) map[string]float64 {
		r := rand.New(rand.NewPCG(2, 2))
		mean := make(map[string]float64)
		for range 10 {
			data := NewData(windowed(t, len(rates), 3, gainRepeats(r, repeats, rates...)...), 0, stream)
			for name, ends := range data.Intervals(model, binMS) {
				mean[name] += (ends[1] - ends[0]) / 10
			}
		}
		return mean
	}
	for _, test := range []struct {
		model Statistics
		ratio float64 // of the widths for 20 and for 320 repeats
	}{{blend(law, other, 20), 4}, {law, 16}} {
		few, many := widths(test.model, 20), widths(test.model, 320)
		for _, b := range bootstrapped {
			if ratio := few[b.name] / many[b.name]; ratio < test.ratio/1.8 || ratio > test.ratio*1.8 {
				t.Errorf("%s: width %v for 20 repeats and %v for 320: want a ratio of about %v", b.name, few[b.name], many[b.name], test.ratio)
			}
		}
	}
}

func TestIntervalsOfFewRepeats(t *testing.T) {
	tests := []struct {
		name    string
		repeats [][]uint32
		want    []string
	}{
		{"one repeat", [][]uint32{{1, 2, 3}}, nil},
		{"two repeats", [][]uint32{{1, 2, 3}, {1, 1, 1}}, nil},
		{"three repeats", [][]uint32{{1, 2, 3}, {1, 1, 1}, {3, 2, 2}}, []string{"autocorrelogram", "covariance", "firing_rate_hz2", "k_probability"}},
		{"some draws are silent", [][]uint32{{1, 2, 3}, {0, 0, 0}, {0, 0, 0}}, []string{"covariance", "firing_rate_hz2", "k_probability"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := NewData(windowed(t, 2, 2, test.repeats...), 0, stream)
			intervals := data.Intervals(data.Statistics, binMS)
			if diff := cmp.Diff(test.want, names(intervals)); diff != "" {
				t.Errorf("intervals (-want +got):\n%s", diff)
			}
		})
	}
	same := NewData(windowed(t, 1, 1, []uint32{1, 0}, []uint32{0, 1}, []uint32{1, 0}), 0, stream)
	model := Statistics{KProbability: []float64{0.25, 0.75}, Rate: []float64{0.75}}
	if diff := cmp.Diff(map[string][2]float64{"k_probability": {0.0625, 0.0625}, "firing_rate_hz2": {156.25, 156.25}}, same.Intervals(model, binMS)); diff != "" {
		t.Errorf("repeats with the same statistics (-want +got):\n%s", diff)
	}
}

// TestHeldoutIntervals checks that the intervals of held-out repeats belong to these
// alone.
func TestHeldoutIntervals(t *testing.T) {
	repeats := randomRepeats(2, 9, 12, 6)
	train, heldout := windowed(t, 2, 3, repeats[:5]...), windowed(t, 2, 3, repeats[5:]...)
	model := OfWindows(train)
	want := NewData(heldout, 0, stream).Intervals(model, binMS)
	if diff := cmp.Diff(want, NewHeldout(train, heldout, 0, stream).Intervals(model, binMS)); diff != "" || len(want) == 0 {
		t.Errorf("intervals (-want +got):\n%s", diff)
	}
}

func TestWidening(t *testing.T) {
	for _, m := range []int{3, 4, 5, 10, 59, 297, 512} {
		n := float64(m)
		want := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975) / distuv.UnitNormal.Quantile(0.975) * math.Sqrt(n/(n-1))
		if got := widening(m); math.Abs(got/want-1) > 0.01 {
			t.Errorf("the factor for %d repeats is %v, want %v", m, got, want)
		}
	}
}

// BenchmarkIntervals measures Intervals at the size of the real recording.
func BenchmarkIntervals(b *testing.B) {
	for _, s := range []shape{{2, 1}, {10, 30}} {
		w := windowed(b, s.neurons, s.timesteps, randomRepeats(s.neurons, 297, 952, 8)...)
		data := NewData(w, 0, stream)
		b.Run(fmt.Sprintf("n=%d,t=%d", s.neurons, s.timesteps), func(b *testing.B) {
			other := OfWindows(windowed(b, s.neurons, s.timesteps, randomRepeats(s.neurons, 2, 952, 9)...))
			for b.Loop() {
				data.Intervals(other, binMS)
			}
		})
	}
}

// TestIntervalWithoutDeviations checks the order of the ends where all repeats are equal,
// and rounding alone decides it.
func TestIntervalWithoutDeviations(t *testing.T) {
	for difference := 0.0; difference < 3; difference += 0.01 {
		ends := interval([]float64{difference}, []float64{0}, make([]float32, BootstrapDraws))
		if e := difference * difference; ends[0] > ends[1] || ends[1] != e || math.Abs(ends[0]-e) > 1e-14 {
			t.Errorf("error %v: interval %v", e, ends)
		}
	}
}
