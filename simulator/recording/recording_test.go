package recording

import (
	"slices"
	"testing"
)

func TestNewRejectsEmptyShapes(t *testing.T) {
	for _, shape := range [][3]int{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {-1, 1, 1}} {
		_, err := New("nothing", shape[0], shape[1], shape[2], nil)
		requireError(t, err, "recording nothing", "each must be at least 1")
	}
}

func TestWarningsDetectSwappedAxes(t *testing.T) {
	for _, test := range []struct {
		repeats, neurons, bins, timesteps int
		want                              []string
	}{
		{297, 160, 953, 30, nil},
		{160, 953, 297, 30, []string{"there are more neurons (953) than bins (297): are the axes in this order: repeats × neurons × bins? If not, set axes"}},
		{3, 2, 9, 5, []string{"a repeat of 9 bins is shorter than two windows of 5 bins: are the axes in this order: repeats × neurons × bins? If not, set axes"}},
		{3, 2, 10, 5, nil},
		{3, 10, 10, 5, nil},
	} {
		r, err := New("x", test.repeats, test.neurons, test.bins, func(int, int, int) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Warnings(test.timesteps); !slices.Equal(got, test.want) {
			t.Errorf("%s: warnings %q, want %q", r.Shape(), got, test.want)
		}
	}
}

// TestWarningsDetectNeuronsReadAsRepeats reads 5 neurons of different rates, in 40 repeats that
// differ less, in both orders.
func TestWarningsDetectNeuronsReadAsRepeats(t *testing.T) {
	spike := func(repeat, neuron, bin int) bool { return (7*repeat+bin)%(2+3*neuron) == 0 }
	right, err := New("x", 40, 5, 70, spike)
	if err != nil {
		t.Fatal(err)
	}
	swapped, err := New("x", 5, 40, 70, func(repeat, neuron, bin int) bool { return spike(neuron, repeat, bin) })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"numbers of spikes differ between repeats more than between neurons: are the axes in this order: repeats × neurons × bins? If not, set axes"}
	if got := right.Warnings(1); got != nil {
		t.Errorf("the right order: %q", got)
	}
	if got := swapped.Warnings(1); !slices.Equal(got, want) {
		t.Errorf("the other order: %q, want %q", got, want)
	}
}

// TestCountIn compares the ones of repeats that begin and end within words.
func TestCountIn(t *testing.T) {
	for _, stride := range []int{1, 5, 63, 64, 65, 200} {
		b := newBitset(7, stride)
		for repeat := range 7 {
			for bin := range stride {
				if (repeat+bin*bin)%3 == 0 {
					b.set(repeat, bin)
				}
			}
		}
		for repeat := range 7 {
			want := 0
			for bins := range stride + 1 {
				if got := b.countIn(repeat, bins); got != want {
					t.Errorf("%d bins of %d in repeat %d: %d ones, want %d", bins, stride, repeat, got, want)
				}
				if bins < stride && b.get(repeat, bins) {
					want++
				}
			}
		}
	}
}

func TestSilent(t *testing.T) {
	r, err := New("x", 2, 3, 4, func(repeat, neuron, bin int) bool { return repeat == 1 && neuron == 1 && bin == 3 })
	if err != nil {
		t.Fatal(err)
	}
	silence, err := New("x", 2, 3, 4, func(int, int, int) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if r.Silent(nil) || r.Silent([]int{2, 1}) || !r.Silent([]int{0, 2}) || !silence.Silent(nil) || !silence.Silent([]int{1}) {
		t.Error("a neuron with a spike is silent, or one without is not")
	}
}
