package statistics

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/recording"
)

// openRealRecording opens the recording. The function that it returns selects n
// neurons and returns their IDs and windows.
func openRealRecording(t testing.TB) func(selection string, n, timesteps int) ([]int, RepeatedWindows) {
	t.Helper()
	r, err := recording.Open(t.Context(), needs.Recording(t), recording.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return func(selection string, n, timesteps int) ([]int, RepeatedWindows) {
		s, err := recording.ParseSelection(selection)
		if err != nil {
			t.Fatal(err)
		}
		cells, err := r.Select(s, n, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := r.Raster(cells).Windows(timesteps)
		if err != nil {
			t.Fatal(err)
		}
		return cells, w
	}
}

// TestDescribeRecording compares with every number of the reference, to 1e-9.
func TestDescribeRecording(t *testing.T) {
	windows := openRealRecording(t)
	body, err := os.ReadFile(needs.Shared(t, "reference", "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Sets map[string]json.RawMessage }
	if err := json.Unmarshal(body, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Sets) != 6 {
		t.Fatalf("the reference has %d sets, want 6", len(reference.Sets))
	}
	for name, body := range reference.Sets {
		t.Run(name, func(t *testing.T) {
			var want map[string]any
			if err := json.Unmarshal(body, &want); err != nil {
				t.Fatal(err)
			}
			want["neuron_ids"] = want["cells"] // the reference's name for them
			delete(want, "cells")
			selection, _, _ := strings.Cut(name, " ")
			cells, w := windows(selection, len(want["neuron_ids"].([]any)), 5)
			got := encoded(t, Describe(cells, w))
			if diff := cmp.Diff(want, got, cmpNear(1e-9)); diff != "" {
				t.Errorf("description (-want +got):\n%s", diff)
			}
		})
	}
}

// encoded encodes v as JSON and decodes it again.
func encoded(t *testing.T, v any) (decoded map[string]any) {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// TestFloorsOfRecording compares with the floors in DESIGN.md, measured with
// independent code: section 1.2 for js_bits, 2.2 for the others.
func TestFloorsOfRecording(t *testing.T) {
	windows := openRealRecording(t)
	floors := func(selection string, n int) map[string]float64 {
		_, w := windows(selection, n, 1)
		return NewData(w, FloorSplits, stream).Floors
	}
	near := func(what string, got, want, within float64) {
		t.Helper()
		if math.Abs(got/want-1) > within {
			t.Errorf("floor of %s is %v, want about %v", what, got, want)
		}
	}
	near("js_bits, 6 most active", floors("most_active", 6)["js_bits"], 0.00004, 0.25)
	near("js_bits, 8 most active", floors("most_active", 8)["js_bits"], 0.00015, 0.1)
	ten := floors("most_active", 10)
	near("js_bits, 10 most active", ten["js_bits"], 0.0006, 0.1)
	near("k_probability, 10 most active", ten["k_probability"], 1.58e-7, 0.1)
	near("firing_rate_hz2, first 10", floors("first", 10)["firing_rate_hz2"], 1e-4, 0.2)
}

// TestFloorsAgainstBootstrap compares floors with bootstrap estimates of the error
// of the true law: it takes the recording as the truth and draws repeats from it
// with replacement.
func TestFloorsAgainstBootstrap(t *testing.T) {
	_, w := openRealRecording(t)("most_active", 10, 5)
	data := NewData(w, FloorSplits, stream)
	repeats := make([]repeat, w.Repeats())
	recordings{w}.each(func(number int, segments [][]uint32) {
		repeats[number].sums = newSums(shapeOf(w))
		repeats[number].count(segments, nil)
	})
	const draws = 400
	mean := make(map[string]float64)
	g := stream.At(0, 1)
	for range draws {
		drawn := newTally(shapeOf(w))
		for range repeats {
			drawn.addRepeat(&repeats[g.IntN(len(repeats))])
		}
		for name, value := range Errors(drawn.statistics(), data.Statistics, binMS) {
			mean[name] += value / draws
		}
	}
	if len(data.Floors) != 17 {
		t.Errorf("floors of %v, want all but those of divergences", names(data.Floors))
	}
	for name, floor := range data.Floors {
		tolerance := 0.2
		if name == "silent_probability" || strings.HasPrefix(name, "isi_") {
			tolerance = 0.35 // the square of a single number varies more
		}
		if math.Abs(floor/mean[name]-1) > tolerance {
			t.Errorf("floor of %s is %v by splits, %v by bootstrap", name, floor, mean[name])
		}
	}
}

// BenchmarkRecording measures NewData on the real recording.
func BenchmarkRecording(b *testing.B) {
	windows := openRealRecording(b)
	for _, size := range []struct {
		name               string
		neurons, timesteps int
	}{{"n=10,t=30", 10, 30}, {"n=8,t=2", 8, 2}, {"n=2,t=8", 2, 8}, {"n=2,t=1", 2, 1}} {
		b.Run(size.name, func(b *testing.B) {
			_, w := windows("most_active", size.neurons, size.timesteps)
			for b.Loop() {
				NewData(w, FloorSplits, stream)
			}
		})
	}
}
