package recording

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/surrogate.golden; then raise the numerics version")

// selectRaster returns the raster of n selected neurons.
func selectRaster(t testing.TB, r *Recording, selection string, n int) *Raster {
	t.Helper()
	s, err := ParseSelection(selection)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := r.Select(s, n, 1)
	if err != nil {
		t.Fatal(err)
	}
	return r.Raster(ids)
}

func TestSurrogateGolden(t *testing.T) {
	var got bytes.Buffer
	for _, seed := range []uint64{1, math.MaxUint64} {
		r := Surrogate(seed)
		for _, selection := range []string{"first", "most_active"} {
			raster := selectRaster(t, r, selection, 10)
			fmt.Fprintln(&got, seed, selection, raster.NeuronIDs, raster.Digest())
		}
	}
	path := filepath.Join("testdata", "surrogate.golden")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the surrogate has changed; if this is intended, raise the numerics version.\ngot:\n%swant:\n%s", &got, want)
	}
}

func TestSurrogateHasTheShapeOfTheRecording(t *testing.T) {
	r := Surrogate(5)
	if r.Name() != "surrogate" || r.Repeats() != 297 || r.Neurons() != 20 || r.Bins() != 952 || r.BinMS() != 20 || r.Notices() != nil {
		t.Errorf("%s: %d × %d × %d bins of %v ms, notices %q", r.Name(), r.Repeats(), r.Neurons(), r.Bins(), r.BinMS(), r.Notices())
	}
}

func TestSurrogateSelectsTheAnalogues(t *testing.T) {
	for _, seed := range []uint64{1, 12} {
		r := Surrogate(seed)
		if got := selectRaster(t, r, "first", 10).NeuronIDs; !slices.Equal(got, countUp(10)) {
			t.Errorf("seed %d: first neurons %v", seed, got)
		}
		// Neurons 12 and 13 fire at almost the same rate: a seed may swap them.
		for _, n := range []int{2, 4, 6, 8, 10} {
			got := selectRaster(t, r, "most_active", n).NeuronIDs
			slices.Sort(got)
			if !slices.Equal(got, countUp(20)[10:10+n]) {
				t.Errorf("seed %d: %d most active neurons %v", seed, n, got)
			}
		}
	}
}

func TestSurrogateSeedsDifferInTheRepeatsOnly(t *testing.T) {
	a, b := selectRaster(t, Surrogate(1), "first", 10), selectRaster(t, Surrogate(2), "first", 10)
	both, either := 0, 0
	for i := range a.Words {
		both += bits.OnesCount32(a.Words[i] & b.Words[i])
		either += bits.OnesCount32(a.Words[i])
	}
	// Two seeds share about as many spikes as two repeats of one seed.
	repeats := 0
	for i := range a.Words {
		repeats += bits.OnesCount32(a.Words[i] & a.Words[(i+a.Bins)%len(a.Words)])
	}
	if share, want := float64(both)/float64(either), float64(repeats)/float64(either); math.Abs(share-want) > 0.01 {
		t.Errorf("seeds share %.3f of the spikes, repeats %.3f", share, want)
	}
}

// moments holds the moments that the surrogate was fitted to.
type moments struct {
	rate            []float64 // Hz, by neuron
	covariance      float64   // mean over pairs, per bin
	autocorrelogram float64   // at lag 1, in windows of 5 bins (DESIGN.md, section 2.1)
}

func momentsOf(t *testing.T, r *Raster) moments {
	t.Helper()
	single := make([]float64, r.Neurons)
	pairs := 0.0 // mean number of pairs that fire together
	for _, word := range r.Words {
		n := bits.OnesCount32(word)
		pairs += float64(n*(n-1)) / 2
		for q := range single {
			single[q] += float64(word >> q & 1)
		}
	}
	m := moments{rate: make([]float64, r.Neurons)}
	words := float64(len(r.Words))
	m.covariance = pairs / words
	for i := range single {
		m.rate[i] = single[i] / words / (r.BinMS / 1000)
		for j := range i {
			m.covariance -= single[i] / words * single[j] / words
		}
	}
	m.covariance /= float64(r.Neurons*(r.Neurons-1)) / 2

	windows, err := r.Windows(5)
	if err != nil {
		t.Fatal(err)
	}
	coincidences, spikes := 0, 0
	window := make([]uint32, 5)
	for i := range windows.Len() {
		windows.At(i, window)
		for step, word := range window {
			spikes += bits.OnesCount32(word)
			if step > 0 {
				coincidences += bits.OnesCount32(word & window[step-1])
			}
		}
	}
	m.autocorrelogram = float64(coincidences) / float64(spikes)
	return m
}

func TestSurrogateResemblesTheRecording(t *testing.T) {
	r := openRealRecording(t)
	surrogates := []*Recording{Surrogate(1), Surrogate(2)}
	for _, selection := range []string{"first", "most_active"} {
		want := momentsOf(t, selectRaster(t, r, selection, 10))
		for i, surrogate := range surrogates {
			got := momentsOf(t, selectRaster(t, surrogate, selection, 10))
			name := fmt.Sprint(selection, ", seed ", i+1)
			for q := range got.rate {
				requireWithin(t, fmt.Sprint(name, ": rate of neuron ", q), got.rate[q], want.rate[q])
			}
			requireWithin(t, name+": mean covariance", got.covariance, want.covariance)
			requireWithin(t, name+": autocorrelogram at lag 1", got.autocorrelogram, want.autocorrelogram)
		}
	}
}

// requireWithin fails unless got is within 10 % of want.
func requireWithin(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.1*want {
		t.Errorf("%s is %.5g, in the recording %.5g", name, got, want)
	}
}

func BenchmarkSurrogate(b *testing.B) {
	for b.Loop() {
		selectRaster(b, Surrogate(1), "most_active", 10)
	}
}
