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

// TestDataGolden fails if a bit of the surrogate's statistics and floors changes.
// They are part of results, whose digests change only with the numerics version.
func TestDataGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skipf("skipped: the golden bits are those of amd64, this is %s", runtime.GOARCH)
	}
	r := recording.Surrogate(1)
	neuronIDs := make([]int, 10)
	for i := range neuronIDs {
		neuronIDs[i] = i
	}
	var b strings.Builder
	for _, s := range []shape{{1, 1}, {2, 8}, {4, 4}, {8, 2}, {10, 30}} {
		raster := r.Raster(neuronIDs[:s.neurons])
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
		all, unseen := NewData(windows[0], FloorSplits, stream), NewHeldout(windows[1], windows[2], FloorSplits, stream)
		fmt.Fprintf(&b, "n=%d t=%d all %s held out %s\n", s.neurons, s.timesteps, digestOf(all, isFirst), digestOf(unseen, isFirst))
		fmt.Fprintf(&b, "further: all %s held out %s\n", digestOf(all, isFurther), digestOf(unseen, isFurther))
	}
	golden(t, "data.golden", b.String())
}

// isFurther reports whether a vector or floor is one that numerics 2 added.
func isFurther(name string) bool {
	return slices.Contains([]string{
		"third_moment", "interval_probability", "silent_probability", "lag1_covariance", "isi_mean_ms2", "isi_sd_ms2",
	}, name) || strings.HasPrefix(name, "legacy_")
}

func isFirst(name string) bool { return !isFurther(name) }

// digestOf returns the first bytes of the SHA-256 of some of the data.
func digestOf(d Data, has func(name string) bool) string {
	sum := sha256.New()
	add := func(name string, values ...float64) {
		if !has(name) {
			return
		}
		sum.Write([]byte(name))
		for _, value := range values {
			sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(value)))
		}
	}
	vectors := d.Statistics.Vectors(binMS)
	vectors["all states"] = d.Statistics.State
	for _, name := range slices.Sorted(maps.Keys(vectors)) {
		add(name, vectors[name]...)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Floors)) {
		add(name, d.Floors[name])
	}
	return fmt.Sprintf("%.16x", sum.Sum(nil))
}

// TestNewDataMemoryForManyRepeats uses repeats of a single bin. Their counts would
// take 60 bytes or more each; NewData may use, beyond a fixed size, four bytes per
// repeat for the order and one bit per repeat and split.
func TestNewDataMemoryForManyRepeats(t *testing.T) {
	const repeats, splits = 1 << 20, 8
	raster := recording.Raster{Neurons: 1, Repeats: repeats, Bins: 1, BinMS: binMS, Words: make([]uint32, repeats)}
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

// TestSplitsMemoryIsBounded checks that splits too large for one pass take
// several.
func TestSplitsMemoryIsBounded(t *testing.T) {
	const repeats = 1 << 24
	v := newSplits(shape{16, 1}, repeats, 1, FloorSplits)
	if each := 8<<16 + repeats/8; len(v.parts) > splitBytes/each+1 || len(v.parts) < 2 {
		t.Errorf("%d splits in one pass, each of %d bytes", len(v.parts), each)
	}
}
