package statistics

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"spiqsweep/simulator/recording"
)

// rasterOf returns a raster of repeats of equal length.
func rasterOf(neurons int, repeats [][]uint32) *recording.Raster {
	r := &recording.Raster{Neurons: neurons, Repeats: len(repeats), Bins: len(repeats[0]), BinMS: 20}
	for _, bins := range repeats {
		r.Words = append(r.Words, bins...)
	}
	return r
}

func windowsIn(t rapid.TB, r *recording.Raster, timesteps int, segments ...recording.Segment) *recording.Windows {
	t.Helper()
	w, err := r.WindowsIn(segments, timesteps)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// slowLikelihood averages the bits of windows, listed by unit.
func slowLikelihood(units [][][]uint32, probability func(window []uint32) float64) Likelihood {
	var l Likelihood
	var means []float64
	for _, windows := range units {
		var mean float64
		for _, window := range windows {
			mean += min(-math.Log2(probability(window))/float64(len(window)), 100) / float64(len(windows))
		}
		means = append(means, mean)
	}
	l.Units = len(means)
	for _, mean := range means {
		l.BitsPerBin += mean / float64(len(means))
	}
	for _, mean := range means {
		l.StandardError += (mean - l.BitsPerBin) * (mean - l.BitsPerBin)
	}
	if l.StandardError = math.Sqrt(l.StandardError / float64(len(means)-1) / float64(len(means))); len(means) < 2 {
		l.StandardError = 0
	}
	return l
}

func requireLikelihood(t rapid.TB, what string, got, want Likelihood, tolerance float64) {
	t.Helper()
	if got.Units != want.Units || math.Abs(got.BitsPerBin-want.BitsPerBin) > tolerance || math.Abs(got.StandardError-want.StandardError) > tolerance {
		t.Fatalf("%s: %+v, want %+v", what, got, want)
	}
}

// TestExactLikelihoodAgainstEnumeration compares with the probabilities of enumerated
// windows, for every kind of noise, both units, several segments and strides.
func TestExactLikelihoodAgainstEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		neurons := rapid.IntRange(1, 3).Draw(t, "neurons")
		timesteps := rapid.IntRange(1, 6/neurons).Draw(t, "time steps")
		model := randomCircuit(neurons, rapid.IntRange(0, 1).Draw(t, "auxiliary"), timesteps, 2, rapid.Uint64().Draw(t, "angles"))
		model.postselect = rapid.Bool().Draw(t, "postselect")
		noise := model.noise(rapid.SampledFrom([]NoiseKind{Shared, PerPatch, None}).Draw(t, "noise"))
		repeats := rapid.IntRange(1, 4).Draw(t, "repeats")
		raster := rasterOf(neurons, randomRepeats(neurons, repeats, 20, rapid.Uint64().Draw(t, "spikes")))
		w := windowsIn(t, raster, timesteps, recording.Segment{First: 0, End: 7}, recording.Segment{First: 9, End: 20})
		stride := rapid.IntRange(1, 4).Draw(t, "stride")

		all := listed(w)
		byRepeat, bySegment := make([][][]uint32, repeats), make([][][]uint32, 2)
		for r := range repeats {
			for i := r % stride; i < w.PerRepeat(); i += stride {
				byRepeat[r] = append(byRepeat[r], all[r*w.PerRepeat()+i])
			}
			for s, first := range []int{0, w.PerSegment()[0]} {
				for i := r % min(stride, w.PerSegment()[s]); i < w.PerSegment()[s]; i += stride {
					bySegment[s] = append(bySegment[s], all[r*w.PerRepeat()+first+i])
				}
			}
		}
		states := enumerated(model, noise, 1000).weights
		probability := func(window []uint32) float64 {
			word := 0
			for s, bin := range window {
				word += int(bin) << (s * neurons)
			}
			return states[word]
		}
		got, err := ExactLikelihood(model, noise, NewScoredWindows(w, ByRepeat, stride), NewScoredWindows(w, BySegment, stride))
		if err != nil {
			t.Fatal(err)
		}
		requireLikelihood(t, "by repeat", got[0], slowLikelihood(byRepeat, probability), 1e-6)
		requireLikelihood(t, "by segment", got[1], slowLikelihood(bySegment, probability), 1e-6)
		again := NewScoredWindows(w, ByRepeat, stride).Likelihood(func(window []uint32) float64 { return math.Log(probability(window)) })
		requireLikelihood(t, "by a function", again, got[0], 1e-6)
	})
}

// TestExactLikelihoodOfLongWindows compares with windows whose probability is below the
// smallest float64, at most nodes if not in the mean: k spikes of T bits have the probability
// B(k+1/2, T−k+1/2)/π under the model flips.
func TestExactLikelihoodOfLongWindows(t *testing.T) {
	const timesteps = 1200
	noise := Noise{Kind: Shared, High: math.Pi, Degree: 2, Polynomial: true}
	for _, spikes := range []int{0, 100, 600, 1190} {
		window := make([]uint32, timesteps)
		for i := range spikes {
			window[i*timesteps/spikes] = 1
		}
		a, _ := math.Lgamma(float64(spikes) + 0.5)
		b, _ := math.Lgamma(float64(timesteps-spikes) + 0.5)
		c, _ := math.Lgamma(timesteps + 1)
		want := -(a + b - c - math.Log(math.Pi)) / math.Ln2 / timesteps
		got, err := ExactLikelihood(flips{1, timesteps}, noise, NewScoredWindows(windowed(t, 1, timesteps, window), ByRepeat, 1))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got[0].BitsPerBin-want) > 1e-9 {
			t.Errorf("%d spikes of %d: %v bits per bin, want %v", spikes, timesteps, got[0].BitsPerBin, want)
		}
	}
}

// TestLikelihoodOfImpossibleWindows checks that a probability of 0, or one far below
// rounding, counts as MaxBitsPerBin and leaves no infinite number.
func TestLikelihoodOfImpossibleWindows(t *testing.T) {
	w := windowed(t, 1, 2, []uint32{1, 1, 1}, []uint32{0, 0, 0})
	never := Noise{Kind: None}
	for _, unit := range []Unit{ByRepeat, BySegment} {
		scored := NewScoredWindows(w, unit, 1)
		got, err := ExactLikelihood(flips{1, 2}, never, scored)
		if err != nil {
			t.Fatal(err)
		}
		if got[0].BitsPerBin != MaxBitsPerBin/2 {
			t.Errorf("%+v, want 0 and 100 bits on average", got[0])
		}
		for _, logarithm := range []float64{math.Inf(-1), -1e6, math.NaN()} {
			if got := scored.Likelihood(func([]uint32) float64 { return logarithm }); got.BitsPerBin != MaxBitsPerBin {
				t.Errorf("%v: %+v", logarithm, got)
			}
		}
		if got := scored.Likelihood(func([]uint32) float64 { return 1e-9 }); got.BitsPerBin != 0 {
			t.Errorf("a probability above 1: %+v", got)
		}
	}
}

// TestLikelihoodWithoutEnoughNodes checks that a likelihood that quadrature cannot
// reach is missing, and that malformed noise is an error.
func TestLikelihoodWithoutEnoughNodes(t *testing.T) {
	w := NewScoredWindows(windowed(t, 1, 50, make([]uint32, 50)), ByRepeat, 1)
	got, err := ExactLikelihood(flips{1, 50}, Noise{Kind: Shared, High: 1000, Degree: 2, Polynomial: true}, w)
	if got == nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if got, err = ExactLikelihood(flips{1, 50}, Noise{Kind: Shared, High: 1200, Degree: 2, Polynomial: true}, w); got != nil || err != nil {
		t.Errorf("%v, %v: want neither", got, err)
	}
	if _, err = ExactLikelihood(flips{1, 50}, Noise{Kind: "other"}, w); err == nil {
		t.Error("malformed noise was accepted")
	}
}

// TestScoredWindowsAreBounded checks that the windows of a large recording are listed
// with a larger stride.
func TestScoredWindowsAreBounded(t *testing.T) {
	r := &recording.Raster{Neurons: 1, Repeats: 100, Bins: 8000, Words: make([]uint32, 800_000)}
	w, err := r.Windows(100)
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range []Unit{ByRepeat, BySegment} {
		s := NewScoredWindows(w, unit, 1)
		if bins := len(s.index) * 100; bins > maxScoredBins || bins < maxScoredBins/2 {
			t.Errorf("%d bins in %d windows, want up to %d", bins, len(s.index), maxScoredBins)
		}
	}
}

// law is a model of windows with one law for every time step.
type law []float64

func (l law) Neurons() int                                  { return 2 }
func (l law) Timesteps() int                                { return 3 }
func (l law) Probabilities(_ int, _ float64, dst []float64) { copy(dst, l) }

// TestHeldOutBitsRankModels draws a recording from a law and requires that it is
// ranked before another law with the same rates, by both ways of measuring, with an
// interval that does not cover the difference. The bits of the truth are its entropy.
func TestHeldOutBitsRankModels(t *testing.T) {
	truth := law{0.7, 0.1, 0.1, 0.1} // rates 0.2
	other := law{0.64, 0.16, 0.16, 0.04}
	g := rand.New(rand.NewPCG(7, 3))
	repeats := make([][]uint32, 60)
	for r := range repeats {
		for range 100 {
			u, word := g.Float64(), 0
			for ; u >= truth[word]; word++ {
				u -= truth[word]
			}
			repeats[r] = append(repeats[r], uint32(word))
		}
	}
	scored := NewScoredWindows(windowed(t, 2, 3, repeats...), ByRepeat, 1)
	var entropy float64
	for _, p := range truth {
		entropy -= p * math.Log2(p)
	}
	for _, measure := range []func(law) Likelihood{
		func(l law) Likelihood {
			got, err := ExactLikelihood(l, Noise{Kind: None}, scored)
			if err != nil {
				t.Fatal(err)
			}
			return got[0]
		},
		func(l law) Likelihood {
			return scored.Likelihood(func(window []uint32) (sum float64) {
				for _, word := range window {
					sum += math.Log(l[word])
				}
				return sum
			})
		},
	} {
		better, worse := measure(truth), measure(other)
		if worse.BitsPerBin-better.BitsPerBin < 0.04 {
			t.Errorf("the truth has %v bits per bin, the other %v", better.BitsPerBin, worse.BitsPerBin)
		}
		if math.Abs(better.BitsPerBin-entropy) > 4*better.StandardError || better.StandardError > 0.02 {
			t.Errorf("the truth has %v ± %v bits per bin, its entropy is %v", better.BitsPerBin, better.StandardError, entropy)
		}
	}
}

// TestHeldOutTimeTestsGeneralisation makes a recording that is locked to the movie. A
// model that knows the rates along the training's movie, a mixture over its windows,
// predicts held-out repeats better than one of stationary rates. It predicts held-out
// blocks worse, because their movie is another.
func TestHeldOutTimeTestsGeneralisation(t *testing.T) {
	const neurons, timesteps, repeats, bins = 4, 3, 40, 300
	g := rand.New(rand.NewPCG(5, 8))
	raster := &recording.Raster{Neurons: neurons, Repeats: repeats, Bins: bins, BinMS: 20, NeuronIDs: make([]int, neurons)}
	rates := make([]float64, neurons*bins)
	for i := range rates {
		rates[i] = []float64{0.02, 0.02, 0.9}[g.IntN(3)]
	}
	for range repeats {
		for bin := range bins {
			var word uint32
			for i := range neurons {
				if g.Float64() < rates[bin*neurons+i] {
					word |= 1 << i
				}
			}
			raster.Words = append(raster.Words, word)
		}
	}

	train, heldout, err := raster.Holdout(0.25, 1)
	if err != nil {
		t.Fatal(err)
	}
	whole := recording.Segment{First: 0, End: bins}
	locked, stationary := movieModels(windowsIn(t, train, timesteps, whole))
	scored := NewScoredWindows(windowsIn(t, heldout, timesteps, whole), ByRepeat, 1)
	if a, b := scored.Likelihood(locked).BitsPerBin, scored.Likelihood(stationary).BitsPerBin; a > b-0.1 {
		t.Errorf("held-out repeats: %v bits per bin with the movie, %v without", a, b)
	}

	seen, unseen, err := raster.HoldoutTime(0.5, timesteps, 1)
	if err != nil {
		t.Fatal(err)
	}
	locked, stationary = movieModels(windowsIn(t, raster, timesteps, seen...))
	scored = NewScoredWindows(windowsIn(t, raster, timesteps, unseen...), BySegment, 1)
	a, b := scored.Likelihood(locked), scored.Likelihood(stationary)
	if a.BitsPerBin < b.BitsPerBin+0.1 {
		t.Errorf("held-out time: %v bits per bin with the movie, %v without", a.BitsPerBin, b.BitsPerBin)
	}
	if a.Units != len(unseen) {
		t.Errorf("%d units, want the %d blocks", a.Units, len(unseen))
	}
}

// movieModels fits the logarithms of two laws of a window: a mixture over all places
// of the movie of independent spikes at the rates there, and independent spikes at the
// mean rates.
func movieModels(w *recording.Windows) (locked, stationary func(window []uint32) float64) {
	n, t, places := w.Neurons(), w.Timesteps(), w.PerRepeat()
	rates := make([]float64, places*n*t)
	means := make([]float64, n*t)
	words := make([]uint32, t)
	for i := range w.Len() {
		w.At(i, words)
		for b := range n * t {
			spike := float64(words[b/n]>>(b%n)&1) / float64(w.Repeats()+1)
			rates[i%places*n*t+b] += spike
			means[b] += spike / float64(places)
		}
	}
	probability := func(rates []float64, window []uint32) float64 {
		p := 1.0
		for b, rate := range rates {
			rate += 0.5 / float64(w.Repeats()+1) // no window is impossible
			if window[b/n]>>(b%n)&1 == 0 {
				rate = 1 - rate
			}
			p *= rate
		}
		return p
	}
	locked = func(window []uint32) float64 {
		var sum float64
		for place := range places {
			sum += probability(rates[place*n*t:][:n*t], window) / float64(places)
		}
		return math.Log(sum)
	}
	return locked, func(window []uint32) float64 { return math.Log(probability(means, window)) }
}
