package gan

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMoveEqualsChangeOfLoss checks, for every form with an ℓ, that the terms of
// two outcomes differ by K·B times the difference of ℓ, recomputed from scratch.
func TestMoveEqualsChangeOfLoss(t *testing.T) {
	for _, form := range kLosses {
		if form == AbsoluteSign {
			continue // has no ℓ; see TestSlopes
		}
		t.Run(string(form), rapid.MakeCheck(func(t *rapid.T) {
			n, steps := rapid.IntRange(1, 5).Draw(t, "neurons"), rapid.IntRange(1, 3).Draw(t, "steps")
			s := defaults(n, steps, 1)
			s.BatchSize, s.K, s.KLoss = rapid.IntRange(1, 6).Draw(t, "batch"), 0.7, form
			word := rapid.Uint32Range(0, 1<<n-1)
			fake := rapid.SliceOfN(word, s.BatchSize*steps, s.BatchSize*steps).Draw(t, "fake")
			real := rapid.SliceOfN(word, s.BatchSize*steps, s.BatchSize*steps).Draw(t, "real")
			place := rapid.IntRange(0, len(fake)-1).Draw(t, "place")

			k := newKTerm(s)
			k.independentSign = 1
			k.begin(real)
			k.windows(fake)
			k.end()
			moves := make([]float64, n+1)
			k.move(place/steps, bits.OnesCount32(fake[place]), moves)

			loss := func(outcome uint32) float64 {
				moved := slices.Clone(fake)
				moved[place] = outcome
				return s.K * float64(s.BatchSize) * referenceEll(form, n, split(moved, steps), split(real, steps))
			}
			for count := range moves {
				outcome := uint32(1)<<count - 1
				got, want := moves[count]-moves[0], loss(outcome)-loss(0)
				if math.Abs(got-want) > 1e-9 {
					t.Fatalf("outcome %b: adds %v more than silence, want %v", outcome, got, want)
				}
			}
		}))
	}
}

// TestSlopes compares the tangents of a small batch with values computed by hand.
// Counts are 3, 1 and 0 against 1, 1 and 2: D = 0, or 1/3 with one real spike less.
func TestSlopes(t *testing.T) {
	s := defaults(3, 1, 1)
	s.BatchSize, s.K = 3, 2
	fake, real := []uint32{0b111, 0b010, 0}, []uint32{0b100, 0, 0b011}
	tests := map[KLoss][3][4]float64{ // [sample][count]
		Absolute:            {{0, 2, 4, 6}, {0, 2, 4, 6}, {0, 2, 4, 6}},
		AbsoluteSign:        {{0, 2, 4, 6}, {0, 2, 4, 6}, {0, 2, 4, 6}},
		AbsoluteIndependent: {{0, -2, -4, -6}, {0, -2, -4, -6}, {0, -2, -4, -6}},
		Square:              {{0, 4. / 3, 8. / 3, 4}, {0, 4. / 3, 8. / 3, 4}, {0, 4. / 3, 8. / 3, 4}},
		AbsolutePairs:       {{0, 2, 4, 6}, {0, 2, 4, 6}, {0, -2, -4, -6}},
		SquarePairs:         {{0, 8, 16, 24}, {0, 4, 8, 12}, {0, -8, -16, -24}},
		Sorted:              {{0, 2, 4, 6}, {}, {}}, // 0, 1, 3 against 0, 1, 2
		Population:          {{0, 0, -2, 2}, {0, 0, -2, 2}, {0, 0, -2, 2}},
		Linear:              {{0, -2, -4, -6}, {0, -2, -4, -6}, {0, -2, -4, -6}},
		LinearFlipped:       {{0, 2, 4, 6}, {0, 2, 4, 6}, {0, 2, 4, 6}},
	}
	for _, form := range kLosses {
		s.KLoss = form
		k := newKTerm(s)
		k.observeIndependent([]uint32{1, 1, 1}, []uint32{0, 3, 0})
		k.begin(real)
		k.windows(fake)
		k.end()
		for j, want := range tests[form] {
			got := make([]float64, 4)
			k.tangent(j, got)
			if distance(got, want[:]) > 1e-12 {
				t.Errorf("%s, sample %d: %v, want %v", form, j, got, want)
			}
			if form == AbsoluteSign { // move equals tangent
				k.move(j, 0, got)
				if distance(got, want[:]) > 1e-12 {
					t.Errorf("move of %s, sample %d: %v, want %v", form, j, got, want)
				}
			}
		}
	}
}
