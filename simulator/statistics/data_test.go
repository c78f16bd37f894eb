package statistics

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"spiqsweep/simulator/recording"
)

// The statistics and floors of the surrogate keep every bit: they stand in
// results, whose digests must not move unless the numerics version does.
func TestDataKeepsItsBits(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skipf("skipped: the golden bits are those of amd64, this is %s", runtime.GOARCH)
	}
	r := recording.Surrogate(1)
	cells := make([]int, 10)
	for i := range cells {
		cells[i] = i
	}
	var b strings.Builder
	for _, s := range []shape{{1, 1}, {2, 8}, {4, 4}, {8, 2}, {10, 30}} {
		raster := r.Raster(cells[:s.neurons])
		train, heldout, err := raster.Holdout(0.2, 3)
		if err != nil {
			t.Fatal(err)
		}
		var windows [3]RepeatedWindows
		for i, part := range []*recording.Raster{raster, train, heldout} {
			if windows[i], err = part.Windows(s.timesteps); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&b, "n=%d t=%d all %s held out %s\n", s.neurons, s.timesteps,
			digestOf(NewData(windows[0], FloorSplits, stream)), digestOf(NewHeldout(windows[1], windows[2], FloorSplits, stream)))
	}
	golden(t, "data.golden", b.String())
}

// digestOf returns the beginning of the SHA-256 of all bits of the data.
func digestOf(d Data) string {
	sum := sha256.New()
	add := func(name string, values ...float64) {
		sum.Write([]byte(name))
		for _, value := range values {
			sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(value)))
		}
	}
	vectors := d.Statistics.Vectors()
	vectors["all states"] = d.Statistics.State
	for _, name := range slices.Sorted(maps.Keys(vectors)) {
		add(name, vectors[name]...)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Floors)) {
		add(name, d.Floors[name])
	}
	return fmt.Sprintf("%.16x", sum.Sum(nil))
}

// Repeats of a single bin would take 60 bytes and more each if the counts of all
// were kept. Beyond a fixed size it is four bytes for their order, and a bit for
// each split.
func TestDataOfManyRepeatsIsSmall(t *testing.T) {
	const repeats, splits = 1 << 20, 8
	raster := recording.Raster{Neurons: 1, Repeats: repeats, Bins: 1, Words: make([]uint32, repeats)}
	for i := range raster.Words {
		raster.Words[i] = uint32(i * i % 7 & 1)
	}
	w, err := raster.Windows(1)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	data := NewData(w, splits, stream)
	runtime.ReadMemStats(&after)
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(4*repeats+splits*repeats/8+4*blockBytes); used > most {
		t.Errorf("%d bytes allocated for %d repeats, want %d at most", used, repeats, most)
	}
	if len(data.Floors) == 0 {
		t.Error("no floors")
	}
}

// Splits that one pass cannot hold take several.
func TestSplitsAreBounded(t *testing.T) {
	const repeats = 1 << 24
	v := newSplits(shape{16, 1}, repeats, 1, FloorSplits)
	if each := 8<<16 + repeats/8; len(v.parts) > splitBytes/each+1 || len(v.parts) < 2 {
		t.Errorf("%d splits in one pass, each of %d bytes", len(v.parts), each)
	}
}
