package recording

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestWindowsStayInsideRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rasters().Draw(t, "raster")
		timesteps := rapid.IntRange(1, r.Bins).Draw(t, "time steps")
		w, err := r.Windows(timesteps)
		if err != nil {
			t.Fatal(err)
		}
		if w.Timesteps() != timesteps || w.Neurons() != r.Neurons || w.Repeats() != r.Repeats ||
			w.PerRepeat() != r.Bins-timesteps+1 || w.Len() != r.Repeats*w.PerRepeat() {
			t.Fatalf("shape of %+v", w)
		}
		i := 0
		for repeat := range r.Repeats {
			for start := range w.PerRepeat() {
				words := make([]uint32, timesteps+1)
				words[timesteps] = 77
				w.At(i, words)
				want := r.Words[repeat*r.Bins+start : repeat*r.Bins+start+timesteps]
				if !slices.Equal(words[:timesteps], want) || words[timesteps] != 77 {
					t.Fatalf("window %d: %v, want %v", i, words, want)
				}
				i++
			}
		}
	})
}

// TestWindowsCopy compares several windows of a segment with the raster.
func TestWindowsCopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rasters().Draw(t, "raster")
		first := rapid.IntRange(0, r.Bins-1).Draw(t, "first bin")
		timesteps := rapid.IntRange(1, r.Bins-first).Draw(t, "time steps")
		w, err := r.WindowsIn([]Segment{{first, r.Bins}}, timesteps)
		if err != nil {
			t.Fatal(err)
		}
		windows := rapid.SliceOfN(rapid.IntRange(0, w.Len()-1), 0, 20).Draw(t, "windows")
		words, want := make([]uint32, len(windows)*timesteps), []uint32{}
		w.Copy(words, windows)
		for _, i := range windows {
			at := i/w.PerRepeat()*r.Bins + first + i%w.PerRepeat()
			want = append(want, r.Words[at:at+timesteps]...)
		}
		if !slices.Equal(words, want) {
			t.Fatalf("windows %v: %v, want %v", windows, words, want)
		}
	})
}

func TestDivide(t *testing.T) {
	for _, number := range []int{1, 2, 3, 5, 7, 641, 952, 1 << 16, 1<<16 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32} {
		d := newDivisor(number)
		check := func(i int) {
			if quotient, remainder := d.divide(i); quotient != i/number || remainder != i%number {
				t.Errorf("%d/%d = %d, remainder %d", i, number, quotient, remainder)
			}
		}
		const end = 1 << 32
		for i := range 1000 {
			check(i)
			check(end - 1 - i)
			multiple := i * (end / number / 1000) * number
			check(multiple)
			check(max(multiple, 1) - 1)
		}
		last := (end - 1) / number * number
		for _, i := range []int{last, last - 1, number - 1, number} {
			if 0 <= i && i < end {
				check(i)
			}
		}
	}
}

func TestWindowsRejectLongWindows(t *testing.T) {
	r := &Raster{Neurons: 1, Repeats: 2, Bins: 4, BinMS: 20, NeuronIDs: []int{0}, Words: make([]uint32, 8)}
	for _, timesteps := range []int{-1, 0, 5} {
		_, err := r.Windows(timesteps)
		requireError(t, err, "a repeat has 4 bins, so want 1 to 4")
	}
	w, err := r.Windows(4)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{-1, 2} {
		requirePanic(t, func() { w.At(i, make([]uint32, 4)) })
	}
	requirePanic(t, func() { w.At(0, make([]uint32, 3)) })
}

func TestWindowsDoNotAllocate(t *testing.T) {
	r := &Raster{Neurons: 1, Repeats: 2, Bins: 4, BinMS: 20, NeuronIDs: []int{0}, Words: make([]uint32, 8)}
	w, err := r.Windows(2)
	if err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, 2)
	windows := []int{5}
	if n := testing.AllocsPerRun(100, func() { w.At(5, words); w.Copy(words, windows) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWindowsInRejectsSegments(t *testing.T) {
	r := &Raster{Neurons: 1, Repeats: 2, Bins: 9, BinMS: 20, NeuronIDs: []int{0}, Words: make([]uint32, 18)}
	for _, test := range []struct {
		segment Segment
		want    string
	}{
		{Segment{-1, 4}, "windows in bins -1 to 3: a repeat has 9 bins"},
		{Segment{5, 10}, "windows in bins 5 to 9: a repeat has 9 bins"},
		{Segment{5, 4}, "windows in bins 5 to 3"},
		{Segment{5, 6}, "windows of 2 time steps"},
	} {
		_, err := r.WindowsIn([]Segment{{0, 3}, test.segment}, 2)
		requireError(t, err, test.want)
	}
	w, err := r.WindowsIn([]Segment{{0, 3}, {5, 9}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.PerSegment(), []int{2, 3}) || w.PerRepeat() != 5 || w.Len() != 10 {
		t.Errorf("%v windows, %d a repeat, %d in all: want [2 3], 5, 10", w.PerSegment(), w.PerRepeat(), w.Len())
	}
}
