package gan

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	smallest := math.Float32frombits(1)
	for v, on := range map[float32]bool{
		1: true, -1: false, 0: false, smallest: true, -smallest: false,
		float32(math.Inf(1)): true, float32(math.Inf(-1)): false,
	} {
		if got := masked(3, mask(v)) == 3; got != on {
			t.Errorf("a unit with the pre-activation %v: on is %v", v, got)
		}
	}
	if negativeZero := math.Float32frombits(1 << 31); mask(negativeZero) != 0 {
		t.Error("a unit with the pre-activation −0 is on")
	}
}

// TestOutcomes compares with the critic's formula at every outcome of a patch.
func TestOutcomes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n, steps := rapid.IntRange(1, 7).Draw(r, "neurons"), rapid.IntRange(1, 3).Draw(r, "steps")
		s := defaults(n, steps, 1)
		s.HiddenUnits = rapid.IntRange(1, 70).Draw(r, "hidden")
		s.BatchSize = rapid.IntRange(1, 20).Draw(r, "batch")
		trainer := newTestTrainer(t, s)
		critic := trainer.critic.weights
		weight := rapid.Float32Range(-1, 1)
		for i := range critic.all {
			if i%critic.stride < critic.hidden {
				critic.all[i] = weight.Draw(r, "weight")
			}
		}
		words := rapid.SliceOfN(rapid.Uint32Range(0, 1<<n-1), s.BatchSize*steps, s.BatchSize*steps).Draw(r, "words")
		step := rapid.IntRange(0, steps-1).Draw(r, "step")
		trainer.sampler.setWords(trainer.batch, words)
		e := trainer.actor.estimator
		trainer.actor.k.begin(words)
		e.prepare(trainer.batch)
		weights := make([]float32, lanes<<n)
		for block := range trainer.batch.blocks() {
			e.weigh(nil, trainer.batch, block, step, weights)
			for l := range trainer.batch.used(block) {
				window := append([]uint32(nil), s.window(words, block*lanes+l)...)
				value := func(x int) float64 {
					window[step] = uint32(x)
					return -critic.reference().value(bitsOf(n, window))
				}
				silent := value(0)
				for x := range 1 << n {
					got, want := float64(weights[x*lanes+l]-weights[l]), value(x)-silent
					if math.Abs(got-want) > 1e-4 {
						r.Fatalf("lane %d, outcome %b: %v more than silence, want %v", l, x, got, want)
					}
				}
			}
		}
	})
}

// TestInputSets checks that the words of 32 hold the bits of the words in order,
// then the bias.
func TestInputSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, steps, windows := rapid.IntRange(1, 20).Draw(t, "neurons"), rapid.IntRange(1, 40).Draw(t, "steps"), 3
		words := rapid.SliceOfN(rapid.Uint32Range(0, 1<<n-1), windows*steps, windows*steps).Draw(t, "words")
		s := newInputSets(windows+1, n, steps)
		s.set(&portable, 1, words)
		for j := range windows {
			want := append(bitsOf(n, words[j*steps:][:steps]), 1)
			var got []float64
			for i := range want {
				got = append(got, float64(s.bits[i/32*padded(s.windows)+1+j]>>(i%32)&1))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("window %d (-want +got):\n%s", j, diff)
			}
			if last := s.bits[n*steps/32*padded(s.windows)+1+j]; last>>(n*steps%32) != 1 {
				t.Fatalf("window %d ends with %#x: bits beyond the bias", j, last)
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	src := make([]float32, lanes*5)
	for i := range src {
		src[i] = float32(i)
	}
	dst := make([]float32, 3*lanes)
	transpose(dst, src, 5)
	for x := range 3 {
		for l := range lanes {
			if got := dst[x*lanes+l]; got != float32(l*5+x) {
				t.Errorf("word %d of lane %d is %v, want %v", x, l, got, l*5+x)
			}
		}
	}
}
