package recording

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestHoldout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rasters().Filter(func(r *Raster) bool { return r.Repeats > 1 }).Draw(t, "raster")
		// Number the repeats, to identify each after the split.
		r.Bins, r.Neurons, r.Words, r.NeuronIDs = 1, 4, countWords(r.Repeats), []int{9, 8, 7, 6}
		share := rapid.Float64Range(0.001, 0.999).Draw(t, "share")
		seed := rapid.Uint64().Draw(t, "seed")
		train, heldout, err := r.Holdout(share, seed)
		if err != nil {
			t.Fatal(err)
		}
		want := min(max(int(math.Round(share*float64(r.Repeats))), 1), r.Repeats-1)
		if heldout.Repeats != want || train.Repeats != r.Repeats-want {
			t.Fatalf("%d + %d repeats of %d, share %v", train.Repeats, heldout.Repeats, r.Repeats, share)
		}
		for _, part := range []*Raster{train, heldout} {
			if _, err := part.MarshalBinary(); err != nil {
				t.Fatal(err)
			}
			if !slices.IsSorted(part.Words) {
				t.Fatalf("repeats out of order: %v", part.Words)
			}
			if diff := cmp.Diff(r.NeuronIDs, part.NeuronIDs); diff != "" || part.BinMS != r.BinMS {
				t.Fatal("the neurons or bins differ")
			}
		}
		if both := slices.Sorted(slices.Values(append(slices.Clone(train.Words), heldout.Words...))); !slices.Equal(both, r.Words) {
			t.Fatalf("not a partition: %v", both)
		}
		again, _, err := r.Holdout(share, seed)
		if err != nil || !slices.Equal(again.Words, train.Words) {
			t.Fatal("the same seed gave two different splits")
		}
	})
}

func countWords(n int) []uint32 {
	words := make([]uint32, n)
	for i := range words {
		words[i] = uint32(i)
	}
	return words
}

func TestHoldoutKeepsWholeRepeats(t *testing.T) {
	r := &Raster{Neurons: 8, Repeats: 4, Bins: 3, BinMS: 20, NeuronIDs: make([]int, 8), Words: countWords(12)}
	train, heldout, err := r.Holdout(0.25, 3)
	if err != nil {
		t.Fatal(err)
	}
	if k := heldout.Words[0]; k%3 != 0 || !slices.Equal(heldout.Words, []uint32{k, k + 1, k + 2}) {
		t.Errorf("held out: %v", heldout.Words)
	}
	if len(train.Words) != 9 {
		t.Errorf("trained on: %v", train.Words)
	}
}

func TestHoldoutShareBounds(t *testing.T) {
	r := &Raster{Neurons: 1, Repeats: 2, Bins: 1, BinMS: 20, NeuronIDs: []int{0}, Words: []uint32{0, 1}}
	train, heldout, err := r.Holdout(0, 1)
	if err != nil || train != r || heldout != nil {
		t.Errorf("share 0: %v, %v, %v", train, heldout, err)
	}
	for share, want := range map[float64]string{
		-0.1: "share of -0.1", 1: "share of 1 ", 2: "share of 2 ", math.NaN(): "share of NaN", math.Inf(1): "share of +Inf",
	} {
		_, _, err := r.Holdout(share, 1)
		requireError(t, err, want, "want a number from 0 up to, not including, 1")
	}
	r.Repeats, r.Words = 1, r.Words[:1]
	_, _, err = r.Holdout(0.5, 1)
	requireError(t, err, "the recording has only 1")
}

func TestHoldoutIsUniform(t *testing.T) {
	r := &Raster{Neurons: 3, Repeats: 5, Bins: 1, BinMS: 20, NeuronIDs: make([]int, 3), Words: countWords(5)}
	var chosen [5]int
	for seed := range uint64(2000) {
		_, heldout, err := r.Holdout(0.2, seed)
		if err != nil {
			t.Fatal(err)
		}
		chosen[heldout.Words[0]]++
	}
	for repeat, n := range chosen { // 400 ± 4 sd of 18
		if n < 328 || n > 472 {
			t.Errorf("repeat %d was held out %d times of 2000", repeat, n)
		}
	}
}

// TestHoldoutTimeSeparatesTheBins checks that every window lies in one part, whatever
// the shape: no training window touches a held-out bin. It checks the windows by the
// numbers of their bins.
func TestHoldoutTimeSeparatesTheBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timesteps := rapid.SampledFrom([]int{1, 2, 7, 25, 26, 40}).Draw(t, "time steps")
		block := max(50, 2*timesteps)
		bins := rapid.IntRange(2*block, 1000).Draw(t, "bins")
		r := &Raster{Neurons: 16, Repeats: 2, Bins: bins, BinMS: 20, NeuronIDs: make([]int, 16), Words: countWords(2 * bins)}
		share := rapid.Float64Range(0.001, 0.999).Draw(t, "share")
		seed := rapid.Uint64().Draw(t, "seed")
		train, heldout, err := r.HoldoutTime(share, timesteps, seed)
		if err != nil {
			t.Fatal(err)
		}
		blocks := bins / block
		if want := min(max(int(math.Round(share*float64(blocks))), 1), blocks-1); len(heldout) != want {
			t.Fatalf("%d held-out blocks of %d, share %v: want %d", len(heldout), blocks, share, want)
		}
		part := make([]int, bins) // 1: training, 2: held out
		for number, segments := range [][]Segment{train, heldout} {
			for i, s := range segments {
				if s.End-s.First < block || number == 0 && i > 0 && segments[i-1].End >= s.First {
					t.Fatalf("segments %v: want at least %d bins each, and a gap between those of the training", segments, block)
				}
				for bin := s.First; bin < s.End; bin++ {
					part[bin] += number + 1
				}
			}
		}
		if slices.ContainsFunc(part, func(p int) bool { return p != 1 && p != 2 }) {
			t.Fatalf("not a partition: %v and %v", train, heldout)
		}
		for number, segments := range [][]Segment{train, heldout} {
			w, err := r.WindowsIn(segments, timesteps)
			if err != nil {
				t.Fatal(err)
			}
			words, seen := make([]uint32, timesteps), map[uint32]bool{}
			for i := range w.Len() {
				w.At(i, words)
				for s, word := range words {
					if word != words[0]+uint32(s) || part[int(word)%bins] != number+1 {
						t.Fatalf("window %d of part %d has the bins %v", i, number+1, words)
					}
					seen[word] = true
				}
			}
			of := 0
			for _, s := range segments {
				of += 2 * (s.End - s.First)
			}
			if len(seen) != of {
				t.Fatalf("the windows have %d bins of the %d", len(seen), of)
			}
		}
		again, _, err := r.HoldoutTime(share, timesteps, seed)
		if err != nil || !slices.Equal(again, train) {
			t.Fatal("the same seed gave two different splits")
		}
	})
}

func TestHoldoutTimeBounds(t *testing.T) {
	r := &Raster{Neurons: 1, Repeats: 1, Bins: 100, BinMS: 20, NeuronIDs: []int{0}, Words: make([]uint32, 100)}
	train, heldout, err := r.HoldoutTime(0, 1, 1)
	if err != nil || !slices.Equal(train, []Segment{{0, 100}}) || heldout != nil {
		t.Errorf("share 0: %v, %v, %v", train, heldout, err)
	}
	for share, want := range map[float64]string{-0.1: "share of -0.1 of the movie", 1: "share of 1 ", math.NaN(): "share of NaN"} {
		_, _, err := r.HoldoutTime(share, 1, 1)
		requireError(t, err, want, "want a number from 0 up to, not including, 1")
	}
	_, _, err = r.HoldoutTime(0.5, 26, 1)
	requireError(t, err, "hold out a share of 0.5 of the movie: a repeat has 100 bins, want at least two blocks of 52")
	if _, _, err := r.HoldoutTime(0.5, 25, 1); err != nil {
		t.Error(err)
	}
}

func TestHoldoutTimeIsUniform(t *testing.T) {
	r := &Raster{Neurons: 1, Repeats: 1, Bins: 252, BinMS: 20, NeuronIDs: []int{0}, Words: make([]uint32, 252)}
	chosen := map[int]int{}
	for seed := range uint64(2000) {
		_, heldout, err := r.HoldoutTime(0.2, 1, seed)
		if err != nil {
			t.Fatal(err)
		}
		chosen[heldout[0].First]++
	}
	for _, first := range []int{0, 50, 100, 151, 201} { // 400 ± 4 sd of 18
		if n := chosen[first]; n < 328 || n > 472 {
			t.Errorf("the block from bin %d was held out %d times of 2000", first, n)
		}
	}
}
