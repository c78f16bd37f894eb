package statistics

import (
	"math"
	"strings"
	"testing"
)

// A history measures what Errors calls js_bits, again and again.
func TestHistory(t *testing.T) {
	for _, kind := range []NoiseKind{Shared, PerPatch, None} {
		for _, timesteps := range []int{1, 3} {
			data := NewData(windowed(t, 3, timesteps, randomRepeats(3, 4, 30, 11)...), 0, stream).Statistics
			noise := randomCircuit(3, 0, timesteps, 3, 0).noise(kind)
			h, err := NewHistory(data, 3, timesteps, noise)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(3) {
				model := randomCircuit(3, 0, timesteps, 3, seed)
				exact, err := Exact(model, noise)
				if err != nil {
					t.Fatal(err)
				}
				got, err := h.JSBits(model)
				if want := Errors(exact, data)["js_bits"]; err != nil || math.Abs(got-want) > 1e-14 {
					t.Errorf("%s, %d steps, model %d: %v, %v; want %v", kind, timesteps, seed, got, err, want)
				}
			}
		}
	}
}

func TestHistoryErrors(t *testing.T) {
	two := OfWindows(windowed(t, 2, 1, []uint32{1, 2}))
	good := Noise{Kind: Shared, High: 1, Degree: 2, Polynomial: true}
	tests := []struct {
		name               string
		data               Statistics
		neurons, timesteps int
		noise              Noise
		want               string
	}{
		{"no words", Statistics{}, 6, 3, good, "6 neurons × 3 time steps: data has 0 joint words"},
		{"other shape", two, 3, 1, good, "3 neurons × 1 time steps: data has 4 joint words"},
		{"noise", two, 2, 1, Noise{Kind: "loud"}, `"loud"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, err := NewHistory(test.data, test.neurons, test.timesteps, test.noise)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, %v; want an error with %q", h, err, test.want)
			}
		})
	}
	h, err := NewHistory(OfWindows(windowed(t, 1, 2, []uint32{1, 0})), 1, 2, good)
	if err != nil {
		t.Fatal(err)
	}
	if js, err := h.JSBits(broken{flips{1, 2}, math.NaN()}); err == nil || !strings.Contains(err.Error(), "patch 1") {
		t.Errorf("a broken model: %v, %v", js, err)
	}
	if _, err := h.JSBits(flips{1, 2}); err != nil {
		t.Errorf("the model after it: %v", err)
	}
}

// A measurement allocates nothing of the size of its laws.
func TestHistoryAllocations(t *testing.T) {
	model := table{flips{4, 2}, make([]float64, 16)}
	model.flips.Probabilities(0, 1, model.law)
	h, err := NewHistory(OfWindows(windowed(t, 4, 2, []uint32{1, 2, 3})), 4, 2, Noise{Kind: Shared, High: 1, Degree: 8})
	if err != nil {
		t.Fatal(err)
	}
	var patches Patches = model
	if n := testing.AllocsPerRun(10, func() { _, _ = h.JSBits(patches) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkHistory measures one point beside the circuits, at 16 bits.
func BenchmarkHistory(b *testing.B) {
	model := table{flips{4, 4}, make([]float64, 16)}
	model.flips.Probabilities(0, 1, model.law)
	data := NewData(windowed(b, 4, 4, randomRepeats(4, 20, 200, 9)...), 0, stream).Statistics
	h, err := NewHistory(data, 4, 4, Noise{Kind: Shared, High: math.Pi, Degree: 16, Polynomial: true})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.JSBits(model); err != nil {
			b.Fatal(err)
		}
	}
}
