package recording

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rasters draws valid rasters of all shapes.
func rasters() *rapid.Generator[*Raster] {
	return rapid.Custom(func(t *rapid.T) *Raster {
		r := &Raster{
			Neurons: rapid.IntRange(1, MaxNeurons).Draw(t, "neurons"),
			Repeats: rapid.IntRange(1, 7).Draw(t, "repeats"),
			Bins:    rapid.IntRange(1, 70).Draw(t, "bins"),
			BinMS:   rapid.Float64Range(0.1, 100).Draw(t, "bin width"),
		}
		r.Words = rapid.SliceOfN(rapid.Uint32Range(0, 1<<r.Neurons-1), r.Repeats*r.Bins, r.Repeats*r.Bins).Draw(t, "words")
		r.NeuronIDs = rapid.SliceOfN(rapid.IntRange(0, math.MaxInt32), r.Neurons, r.Neurons).Draw(t, "ids")
		return r
	})
}

func TestRasterKeepsTheSelectionOrder(t *testing.T) {
	spike := func(repeat, neuron, bin int) bool { return (repeat*31+neuron*17+bin*7)%11 < 4 }
	r, err := New("pattern", 3, 20, 130, spike)
	if err != nil {
		t.Fatal(err)
	}
	ids := []int{19, 0, 7, 12}
	raster := r.Raster(ids)
	want := &Raster{Neurons: 4, Repeats: 3, Bins: 130, NeuronIDs: []int{19, 0, 7, 12}, BinMS: 20, Words: make([]uint32, 390)}
	for repeat := range 3 {
		for bin := range 130 {
			for q, id := range ids {
				if spike(repeat, id, bin) {
					want.Words[repeat*130+bin] |= 1 << q
				}
			}
		}
	}
	if diff := cmp.Diff(want, raster); diff != "" {
		t.Errorf("raster (-want +got):\n%s", diff)
	}
	ids[0] = 3
	if raster.NeuronIDs[0] != 19 {
		t.Error("the raster shares the caller's slice")
	}
	requirePanic(t, func() { r.Raster(make([]int, MaxNeurons+1)) })
	requirePanic(t, func() { r.Raster([]int{20}) })
}

func requirePanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f()
}
