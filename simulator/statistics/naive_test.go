package statistics

import (
	"math"
	"math/bits"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// windowsOf is a slow reference: it evaluates the equations of the package
// documentation over a list of windows and weights, one spike at a time.
type windowsOf struct {
	neurons, timesteps int
	windows            [][]uint32
	weights            []float64 // add up to 1
}

// equalWeights returns windows of equal weight.
func equalWeights(neurons, timesteps int, windows [][]uint32) windowsOf {
	weights := make([]float64, len(windows))
	for i := range weights {
		weights[i] = 1 / float64(len(windows))
	}
	return windowsOf{neurons, timesteps, windows, weights}
}

func (w windowsOf) expect(f func(x func(i, s int) float64) float64) float64 {
	var sum float64
	for j, window := range w.windows {
		sum += w.weights[j] * f(func(i, s int) float64 { return float64(window[s] >> i & 1) })
	}
	return sum
}

func (w windowsOf) statistics() Statistics {
	n, t := w.neurons, w.timesteps
	var v Statistics
	for k := range n + 1 {
		v.KProbability = append(v.KProbability, w.expect(func(x func(i, s int) float64) (sum float64) {
			for s := range t {
				var spikes float64
				for i := range n {
					spikes += x(i, s)
				}
				if spikes == float64(k) {
					sum += 1 / float64(t)
				}
			}
			return sum
		}))
	}
	mean := func(i int) (sum float64) {
		for s := range t {
			sum += w.expect(func(x func(i, s int) float64) float64 { return x(i, s) }) / float64(t)
		}
		return sum
	}
	for i := range n {
		v.Rate = append(v.Rate, mean(i))
		for s := range t {
			v.RateByStep = append(v.RateByStep, w.expect(func(x func(i, s int) float64) float64 { return x(i, s) }))
		}
	}
	together := func(i, j, lag int) (sum float64) { // mean over s of E[x_i(s)·x_j(s+lag)]
		for s := range t - lag {
			sum += w.expect(func(x func(i, s int) float64) float64 { return x(i, s) * x(j, s+lag) }) / float64(t-lag)
		}
		return sum
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			v.Covariance = append(v.Covariance, together(i, j, 0)-mean(i)*mean(j))
		}
	}
	for lag := 1; lag <= min(4, t-1); lag++ {
		for i := range n {
			for j := range n {
				if i != j {
					v.LaggedCovariance = append(v.LaggedCovariance, together(i, j, lag)-mean(i)*mean(j))
				}
			}
		}
	}
	var spikes float64
	for i := range n {
		spikes += mean(i) * float64(t)
	}
	for lag := 1; lag < t && spikes > 0; lag++ {
		var pairs float64
		for i := range n {
			pairs += together(i, i, lag) * float64(t-lag)
		}
		v.Autocorrelogram = append(v.Autocorrelogram, pairs/spikes)
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			for k := j + 1; k < n; k++ {
				a, b, c := mean(i), mean(j), mean(k)
				var third float64
				for s := range t {
					third += w.expect(func(x func(i, s int) float64) float64 {
						return (x(i, s) - a) * (x(j, s) - b) * (x(k, s) - c)
					}) / float64(t)
				}
				v.ThirdMoment = append(v.ThirdMoment, third)
			}
		}
	}
	if intervals, all := w.intervals(); t > 2 && all > 0 {
		for _, count := range intervals {
			v.IntervalProbability = append(v.IntervalProbability, count/all)
		}
	}
	if n*t <= 16 {
		v.State = make([]float64, 1<<(n*t))
		for j, window := range w.windows {
			word := 0
			for s, bin := range window {
				word += int(bin) << (s * n)
			}
			v.State[word] += w.weights[j]
		}
	}
	return v
}

// intervals returns the expected number of inter-spike intervals of each length in a
// window, and of all.
func (w windowsOf) intervals() (lengths []float64, all float64) {
	lengths = make([]float64, w.timesteps-1)
	for j, window := range w.windows {
		for i := range w.neurons {
			last := -1
			for s, word := range window {
				if word>>i&1 == 0 {
					continue
				}
				if last >= 0 {
					lengths[s-last-1] += w.weights[j]
					all += w.weights[j]
				}
				last = s
			}
		}
	}
	return lengths, all
}

// enumerated returns every window that a model can generate, weighted by
// Simpson's rule over γ. The number of intervals must be even.
func enumerated(p Patches, n Noise, intervals int) windowsOf {
	w := windowsOf{neurons: p.Neurons(), timesteps: p.Timesteps()}
	size := w.neurons * w.timesteps
	for word := range 1 << size {
		window := make([]uint32, w.timesteps)
		for s := range window {
			window[s] = uint32(word>>(s*w.neurons)) & (1<<w.neurons - 1)
		}
		w.windows = append(w.windows, window)
	}
	w.weights = make([]float64, len(w.windows))
	laws := make([][]float64, w.timesteps)
	averaged := make([][]float64, w.timesteps)
	for s := range laws {
		laws[s] = make([]float64, 1<<w.neurons)
		averaged[s] = make([]float64, 1<<w.neurons)
	}
	addProducts := func(weight float64, laws [][]float64) {
		for j, window := range w.windows {
			product := weight
			for s, bin := range window {
				product *= laws[s][bin]
			}
			w.weights[j] += product
		}
	}
	for g := range intervals + 1 {
		weight := [...]float64{2, 4}[g%2] / 3 / float64(intervals)
		if g == 0 || g == intervals {
			weight /= 2
		}
		gamma := n.Low + (n.High-n.Low)*float64(g)/float64(intervals)
		if n.Kind == None {
			gamma = 0
		}
		for s := range laws {
			p.Probabilities(s, gamma, laws[s])
			for word := range laws[s] {
				averaged[s][word] += weight * laws[s][word]
			}
		}
		if n.Kind != PerPatch {
			addProducts(weight, laws)
		}
	}
	if n.Kind == PerPatch {
		addProducts(1, averaged)
	}
	return w
}

// compare fails the test unless all vectors agree within the tolerance, which is
// relative for numbers above 1.
func compare(t rapid.TB, what string, got, want Statistics, tolerance float64) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool {
		return math.Abs(a-b) <= tolerance*max(1, math.Abs(a))
	})); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// cmpNear compares maps and slices of floats to a relative tolerance.
func cmpNear(relative float64) cmp.Option { return cmpopts.EquateApprox(relative, 0) }

// coins fills dst with the law of neurons that spike independently at one rate.
func coins(neurons int, rate float64, dst []float64) {
	for word := range dst {
		k := bits.OnesCount(uint(word))
		dst[word] = math.Pow(rate, float64(k)) * math.Pow(1-rate, float64(neurons-k))
	}
}
