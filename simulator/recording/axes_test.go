package recording

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// permutations holds every order of the three axes.
var permutations = [][]axis{
	{repeatAxis, neuronAxis, binAxis},
	{repeatAxis, binAxis, neuronAxis},
	{neuronAxis, repeatAxis, binAxis},
	{neuronAxis, binAxis, repeatAxis},
	{binAxis, repeatAxis, neuronAxis},
	{binAxis, neuronAxis, repeatAxis},
}

// drawRecording draws a small recording. Its last bin is not empty, so that no reader drops it.
func drawRecording(t *rapid.T, repeats int) *Recording {
	neurons, bins := rapid.IntRange(1, 5).Draw(t, "neurons"), rapid.IntRange(1, 6).Draw(t, "bins")
	spikes := rapid.SliceOfN(rapid.Bool(), repeats*neurons*bins, repeats*neurons*bins).Draw(t, "spikes")
	spikes[len(spikes)-1] = true
	r, err := New("drawn", repeats, neurons, bins, func(repeat, neuron, bin int) bool {
		return spikes[(repeat*neurons+neuron)*bins+bin]
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stored returns the spikes of a recording, one byte each, in the given order of the axes,
// and its dimensions. The last axis varies fastest, or the first with fortran.
func stored(r *Recording, order []axis, fortran bool) (content []byte, dims []int) {
	sizes := [...]int{r.Repeats(), r.Neurons(), r.Bins()}
	total := 1
	for _, a := range order {
		dims = append(dims, sizes[a])
		total *= sizes[a]
	}
	slowest := slices.Clone(order)
	if fortran {
		slices.Reverse(slowest)
	}
	all := r.Raster(countUp(r.Neurons()))
	for i := range total {
		var at [3]int
		rest := i
		for _, a := range slices.Backward(slowest) {
			at[a], rest = rest%sizes[a], rest/sizes[a]
		}
		content = append(content, byte(all.Words[at[repeatAxis]*r.Bins()+at[binAxis]]>>at[neuronAxis]&1))
	}
	return content, dims
}

func requireSameSpikes(t rapid.TB, want, got *Recording) {
	t.Helper()
	if got.Neurons() != want.Neurons() {
		t.Fatalf("%s, want %s", got.Shape(), want.Shape())
	}
	all := countUp(min(want.Neurons(), MaxNeurons))
	a, b := want.Raster(all), got.Raster(all)
	b.BinMS = a.BinMS
	if diff := cmp.Diff(a, b); diff != "" {
		t.Fatalf("spikes (-want +got):\n%s", diff)
	}
	if a.Digest() != b.Digest() {
		t.Fatal("equal spikes have different digests")
	}
}

// TestAxesInAnyOrder stores a recording with its axes in every order, in both memory layouts
// of .npy and in MATLAB, and requires the same recording.
func TestAxesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		repeats := rapid.IntRange(1, 4).Draw(t, "repeats")
		r := drawRecording(t, repeats)
		order := rapid.SampledFrom(permutations).Draw(t, "order")
		o := Options{Axes: joinAxes(order, ","), BinMS: 5}
		if repeats == 1 && rapid.Bool().Draw(t, "two dimensions") {
			order = slices.DeleteFunc(slices.Clone(order), func(a axis) bool { return a == repeatAxis })
			if rapid.Bool().Draw(t, "two names") {
				o.Axes = joinAxes(order, ",")
			}
		}
		fortran := rapid.Bool().Draw(t, "fortran")
		content, dims := stored(r, order, fortran)
		header := npyHeaderOf("|u1", map[bool]string{false: "False", true: "True"}[fortran], "("+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(dims)), ", "), "[]")+")")
		got, err := readNPY(npyFile(header, content...), o)
		if err != nil {
			t.Fatal(err)
		}
		requireSameSpikes(t, r, got)
		if got.Format() != ".npy" || got.Axes() != joinAxes(order, ",") || got.BinMS() != 5 {
			t.Fatalf("read as %s, axes %s, bins of %v ms", got.Format(), got.Axes(), got.BinMS())
		}

		content, _ = stored(r, order, true)
		o.Variable = "spikes"
		f := newMATFile(binary.LittleEndian)
		matDims := make([]int32, len(dims))
		for i, d := range dims {
			matDims[i] = int32(d)
		}
		f.matrix(f.part(f.head(uint32(matDouble), "spikes", matDims...), 2, content))
		if got, err = f.read(o); err != nil {
			t.Fatal(err)
		}
		requireSameSpikes(t, r, got)
		if got.Format() != "MATLAB v5, variable spikes" || got.Axes() != joinAxes(order, ",") {
			t.Fatalf("read as %s, axes %s", got.Format(), got.Axes())
		}
	})
}

func TestAxesErrors(t *testing.T) {
	cube := npyFile(npyHeaderOf("|u1", "False", "(1, 2, 2)"), 0, 1, 1, 1)
	plane := npyFile(npyHeaderOf("|u1", "False", "(2, 2)"), 0, 1, 1, 1)
	line := npyFile(npyHeaderOf("|u1", "False", "(4,)"), 0, 1, 1, 1)
	want := func(axes string) string {
		return fmt.Sprintf(`axes %q: want repeats, neurons and bins in the order of the file, such as "neurons,repeats,bins", or neurons and bins for one repeat`, axes)
	}
	for _, test := range []struct {
		data []byte
		axes string
		want string
	}{
		{cube, "repeats,neurons,time", want("repeats,neurons,time")},
		{cube, "repeats,neurons", want("repeats,neurons")},
		{cube, "repeats,neurons,neurons", want("repeats,neurons,neurons")},
		{cube, "neurons,bins", "it is an array of 3 dimensions (1 × 2 × 2), and a recording has 2: neurons × bins, as axes gives them; axes of three names, such as repeats,neurons,bins, are those of several repeats"},
		{line, "", "it is an array of 1 dimension (4), and a recording has 3: repeats × neurons × bins"},
		{plane, "bins", want("bins")},
	} {
		_, err := readNPY(test.data, Options{Axes: test.axes})
		requireError(t, err, test.want)
	}
	for _, width := range []float64{-1, 1 / zero, zero / zero} {
		_, err := readNPY(cube, Options{BinMS: width})
		requireError(t, err, "ms: want a positive number")
	}
}

var zero float64
