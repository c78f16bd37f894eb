package statistics

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	tests := []struct {
		name      string
		neuronIDs []int
		windows   RepeatedWindows
		want      map[string]any
	}{
		{
			// Of the four bins one is 3 (both neurons), one is 1, two are silent.
			"two neurons",
			[]int{7, 5},
			windowed(t, 2, 2, []uint32{3, 0}, []uint32{1, 0}),
			map[string]any{
				"neuron_ids":      []any{7., 5.},
				"rate_hz":         []any{25., 12.5},
				"covariance":      []any{1./4 - 1./2*1./4},
				"k_probability":   []any{0.5, 0.25, 0.25},
				"autocorrelogram": map[string]any{"2": []any{0.}},
				// words 1/2, 1/4, 0, 1/4 against 3/8, 3/8, 1/8, 1/8
				"js_independent_bits": entropy(7./16, 5./16, 1./16, 3./16) -
					(entropy(1./2, 1./4, 1./4)+entropy(3./8, 3./8, 1./8, 1./8))/2,
				"state_probability_neuron1_is_lowest_bit": []any{0.5, 0.25, 0., 0.25},
			},
		},
		{
			"one silent neuron",
			[]int{0},
			windowed(t, 1, 3, []uint32{0, 0, 0}),
			map[string]any{
				"neuron_ids":          []any{0.},
				"rate_hz":             []any{0.},
				"covariance":          []any{},
				"k_probability":       []any{1., 0.},
				"autocorrelogram":     map[string]any{},
				"js_independent_bits": 0.,
				"state_probability_neuron1_is_lowest_bit": []any{1., 0.},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := encoded(t, Describe(test.neuronIDs, test.windows))
			if diff := cmp.Diff(test.want, got, cmpNear(1e-12)); diff != "" {
				t.Errorf("description (-want +got):\n%s", diff)
			}
		})
	}
}

func entropy(law ...float64) (bits float64) {
	for _, p := range law {
		bits -= p * math.Log2(p)
	}
	return bits
}

// TestDescribeManyNeurons checks that a description lists words for up to eight
// neurons, and the divergence for up to sixteen.
func TestDescribeManyNeurons(t *testing.T) {
	for neurons, want := range map[int]int{8: 256, 9: 0, 16: 0, 17: 0} {
		both := uint32(1<<neurons - 1) // all neurons spike together, every other bin
		d := Describe(make([]int, neurons), windowed(t, neurons, 1, []uint32{both, 0}))
		if len(d.StateProbability) != want {
			t.Errorf("%d neurons: %d words listed, want %d", neurons, len(d.StateProbability), want)
		}
		if (d.JSIndependentBits == nil) != (neurons > maxStateBits) {
			t.Errorf("%d neurons: a divergence of %v", neurons, d.JSIndependentBits)
		}
		if d.JSIndependentBits == nil {
			continue
		}
		// Two words of 1/2 each, among 2ⁿ of 2⁻ⁿ.
		q := math.Pow(2, -float64(neurons))
		js := jensenShannon([]float64{0.5, 0.5, 0}, []float64{q, q, 1 - 2*q}) // all other words in one
		if math.Abs(*d.JSIndependentBits-js) > 1e-11 {
			t.Errorf("%d neurons: %v bits, want %v", neurons, *d.JSIndependentBits, js)
		}
	}
}
