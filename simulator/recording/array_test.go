package recording

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

func TestOpenClipsCountsAndRejectsOtherValues(t *testing.T) {
	dims := [3]int32{2, 3, 4}
	// place returns the index of a number in the file, repeat fastest.
	place := func(repeat, neuron, bin int) int { return repeat + 2*neuron + 6*bin }
	at := func(values map[int]float64) []float64 {
		numbers := make([]float64, 24)
		numbers[23] = 1
		for i, x := range values {
			numbers[i] = x
		}
		return numbers
	}
	tests := []struct {
		name    string
		numbers []float64
		clip    bool
		err     []string
		notice  string
	}{
		{name: "one count", numbers: at(map[int]float64{place(1, 2, 0): 3}), err: []string{
			"1 value is neither 0 nor 1: the first, 3, is at repeat 1, neuron 2, bin 0, counted from 0",
		}},
		{name: "three counts", numbers: at(map[int]float64{place(0, 1, 2): 2, place(1, 0, 3): 5, place(0, 0, 3): 2}), err: []string{
			"3 values are neither 0 nor 1", "the first, 2, is at repeat 0, neuron 1, bin 2",
		}},
		{name: "a fraction", numbers: at(map[int]float64{place(0, 0, 1): 0.5}), err: []string{"1 value is not a count of spikes", "0.5, is at repeat 0, neuron 0, bin 1"}},
		{name: "not a number", numbers: at(map[int]float64{place(0, 0, 1): math.NaN()}), err: []string{"1 value is not a count of spikes", "NaN, is at"}},
		{name: "a count and a fraction", numbers: at(map[int]float64{3: 2, 4: 1.5}), err: []string{"1 value is not a count of spikes", "1.5, is at"}},
		{name: "clipped counts", numbers: at(map[int]float64{place(0, 1, 2): 2, place(1, 0, 3): 5}), clip: true, notice: "2 counts above 1 were clipped to 1: the first, 2, is at repeat 0, neuron 1, bin 2, counted from 0"},
		{name: "nothing to clip", numbers: at(nil), clip: true},
		{name: "clip no fraction", numbers: at(map[int]float64{3: 2, 4: 1.5}), clip: true, err: []string{"1 value is not a count of spikes", "1.5, is at"}},
		{name: "clip nothing negative", numbers: at(map[int]float64{3: -1, 4: -2}), clip: true, err: []string{"2 values are not counts", "-1, is at"}},
		{name: "clip no infinity", numbers: at(map[int]float64{3: math.Inf(1)}), clip: true, err: []string{"1 value is not a count of spikes", "+Inf, is at"}},
		{name: "clip no NaN", numbers: at(map[int]float64{3: math.NaN()}), clip: true, err: []string{"1 value is not a count of spikes", "NaN, is at"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newMATFile(binary.LittleEndian)
			f.matrix(f.spikes("bint", 9, dims, test.numbers...))
			r, err := f.read(Options{Clip: test.clip})
			if test.err != nil {
				requireError(t, err, test.err...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var notices []string
			if test.notice != "" {
				notices = []string{test.notice}
			}
			if !slices.Equal(r.Notices(), notices) {
				t.Errorf("notices %q, want %q", r.Notices(), notices)
			}
			spikes := 0
			for id := range r.Neurons() {
				spikes += r.Spikes(id)
			}
			if want := len(test.numbers) - count(test.numbers, 0); spikes != want {
				t.Errorf("%d spikes, want %d", spikes, want)
			}
		})
	}
}

func count(numbers []float64, value float64) int {
	n := 0
	for _, x := range numbers {
		if x == value {
			n++
		}
	}
	return n
}

func TestOpenDropsAnEmptyLastBin(t *testing.T) {
	const notice = "the last of 3 bins is empty for every neuron in every repeat and was dropped"
	tests := []struct {
		name    string
		numbers []float64 // 2 repeats × 1 neuron × 3 bins
		bins    int
		notices []string
	}{
		{"spike in the first repeat", []float64{0, 0, 0, 0, 1, 0}, 3, nil},
		{"spike in the last repeat", []float64{0, 0, 0, 0, 0, 1}, 3, nil},
		{"empty", []float64{0, 1, 1, 0, 0, 0}, 2, []string{notice}},
		{"one bin alone is dropped", []float64{1, 0, 0, 0, 0, 0}, 2, []string{notice}},
		{"no spike at all", make([]float64, 6), 2, []string{notice}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newMATFile(binary.LittleEndian)
			f.matrix(f.spikes("bint", 2, [3]int32{2, 1, 3}, test.numbers...))
			r, err := f.read(Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Bins() != test.bins || !slices.Equal(r.Notices(), test.notices) {
				t.Errorf("%d bins, notices %q; want %d, %q", r.Bins(), r.Notices(), test.bins, test.notices)
			}
			want := make([]uint32, 0, 2*test.bins)
			for repeat := range 2 {
				for bin := range test.bins {
					want = append(want, uint32(test.numbers[repeat+2*bin]))
				}
			}
			if got := r.Raster([]int{0}).Words; !slices.Equal(got, want) {
				t.Errorf("words %v, want %v", got, want)
			}
		})
	}
	f := newMATFile(binary.LittleEndian)
	f.matrix(f.spikes("bint", 2, [3]int32{2, 1, 1}, 0, 0))
	if r, err := f.read(Options{}); err != nil || r.Bins() != 1 {
		t.Errorf("the only bin was dropped: %v", err)
	}
}

func TestErrorsOfRejectedValuesSuggestAFix(t *testing.T) {
	for name, test := range map[string]struct {
		numbers []float64 // 2 repeats × 1 neuron × 4 bins, repeat fastest
		want    []string
	}{
		"padding": {[]float64{1, 0, 0, 1, 1, math.NaN(), math.NaN(), math.NaN()}, []string{
			"3 values are not counts of spikes: the first, NaN, is at repeat 1, neuron 0, bin 2",
			"numpy.nan_to_num(x)", "x[:, :, :2] in Python", "x(:, :, 1:2) in MATLAB",
		}},
		"NaN in the first bin": {[]float64{math.NaN(), 0, 0, 1, 1, 0, 0, 0}, []string{"x(isnan(x)) = 0 in MATLAB"}},
		"negative padding":     {[]float64{1, 0, 0, 1, -1, -1, -1, -1}, []string{"4 values are not", "x[x < 0] = 0"}},
		"rates":                {[]float64{0.5, 0, 0, 1, 0, 0, 0, 0}, []string{"are these rates"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newMATFile(binary.LittleEndian)
			_, err := f.matrix(f.spikes("x", 9, [3]int32{2, 1, 4}, test.numbers...)).read(Options{})
			requireError(t, err, test.want...)
		})
	}
}
