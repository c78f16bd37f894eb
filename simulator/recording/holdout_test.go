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
