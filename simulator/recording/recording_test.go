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
