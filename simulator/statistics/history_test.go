package statistics

import (
	"math"
	"strings"
	"testing"
)

// rowsModel adapts Patches to Rows.
type rowsModel struct{ Patches }

func (r rowsModel) Laws(step int, gamma *[Lanes]float32, dst []float32) {
	law := make([]float64, 1<<r.Neurons())
	for l, g := range gamma {
		r.Probabilities(step, float64(g), law)
		for word, p := range law {
			dst[word*Lanes+l] = float32(p)
		}
	}
}

// TestHistory compares repeated measurements with the js_bits of Errors.
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
				got, err := h.JSBits(rowsModel{model})
				if want := Errors(exact, data, binMS)["js_bits"]; err != nil || math.Abs(got-want) > 3e-7 {
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
	if js, err := h.JSBits(rowsModel{broken{flips{1, 2}, math.NaN()}}); err == nil || !strings.Contains(err.Error(), "patch 1") {
		t.Errorf("a broken model: %v, %v", js, err)
	}
	if _, err := h.JSBits(rowsModel{flips{1, 2}}); err != nil {
		t.Errorf("the model after it: %v", err)
	}
}

// fixedModel is a model with precomputed laws.
type fixedModel struct {
	flips
	law []float32 // [word][lane]
}

func newFixedModel(neurons, timesteps int) fixedModel {
	s := fixedModel{flips{neurons, timesteps}, make([]float32, Lanes<<neurons)}
	rowsModel{s.flips}.Laws(0, &[Lanes]float32{1}, s.law)
	return s
}

func (s fixedModel) Laws(_ int, _ *[Lanes]float32, dst []float32) { copy(dst, s.law) }

func TestHistoryDoesNotAllocate(t *testing.T) {
	var model Rows = newFixedModel(4, 2)
	h, err := NewHistory(OfWindows(windowed(t, 4, 2, []uint32{1, 2, 3})), 4, 2, Noise{Kind: Shared, High: 1, Degree: 8})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = h.JSBits(model) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestPointsOfRowsAreExact checks that a history uses few nodes and integrates
// every frequency up to the degree.
func TestPointsOfRowsAreExact(t *testing.T) {
	for _, degree := range []int{1, 2, 8, 16, 24, 40} {
		for _, factors := range []int{1, 2, 5} {
			n := Noise{Kind: Shared, Low: 0.3, High: math.Pi, Degree: degree, Polynomial: true}
			count, err := n.pointsOfRows(factors)
			if err != nil {
				t.Fatal(err)
			}
			exact, _ := n.points(factors)
			if count > exact || count < exact && count%Lanes != 0 {
				t.Errorf("degree %d, %d factors: %d nodes, where %d are exact", degree, factors, count, exact)
			}
			q := n.quadrature(shape{1, 1}, count)
			for frequency := 1; frequency <= degree*factors; frequency++ {
				f, got := float64(frequency), 0.0
				for j, gamma := range q.nodes {
					got += q.weights[j] * math.Cos(f*gamma)
				}
				want := (math.Sin(f*n.High) - math.Sin(f*n.Low)) / f / (n.High - n.Low)
				if math.Abs(got-want) > 2*float32Remainder {
					t.Errorf("degree %d, %d factors: the mean of cos %vγ is %v, want %v", degree, factors, f, got, want)
				}
			}
		}
	}
}

// BenchmarkHistory measures one divergence at 16 bits, without the circuits.
func BenchmarkHistory(b *testing.B) {
	model := newFixedModel(4, 4)
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
