package recording

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// addFiles seeds a fuzz target with the files of testdata that match.
func addFiles(f *testing.F, pattern string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		f.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// readFuzzed reads the bytes as a file. Whatever they are, it must not panic
// nor allocate more than a share of what they claim at most.
func readFuzzed(t *testing.T, data []byte, o Options) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := read(bytes.NewReader(data), int64(len(data)), "fuzzed", o)
	runtime.ReadMemStats(&after)
	// 1032 bytes for one of a zlib stream, up to 9 for one of an array of one
	// bin; 64 KiB inflate windows and buffers for each of the variables.
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+(9*deflateRatio+1<<14)*len(data)); used > most {
		t.Fatalf("%d bytes allocated for %d of a file", used, len(data))
	}
	if err != nil {
		return
	}
	raster := r.Raster(countUp(min(r.Neurons(), MaxNeurons)))
	encoded, err := raster.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var decoded Raster
	if err := decoded.UnmarshalBinary(encoded); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(raster, &decoded); diff != "" {
		t.Fatal(diff)
	}
}

func FuzzMAT(f *testing.F) {
	addFiles(f, "*.mat")
	for _, order := range byteOrders {
		for _, kind := range []uint32{2, 9} {
			plain, small := newMATFile(order), newMATFile(order)
			f.Add(plain.matrix(plain.made("bint", kind)).data)
			f.Add(small.compressed(small.spikes("bint", kind, [3]int32{1, 1, 2}, 1, 2)).data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readFuzzed(t, data, Options{})
		readFuzzed(t, data, Options{Clip: true, Variable: "bint"})
	})
}

// FuzzMATStream mutates what a zlib stream holds, which FuzzMAT hardly
// reaches: the checksum stands in its way.
func FuzzMATStream(f *testing.F) {
	for _, order := range byteOrders {
		file := newMATFile(order)
		f.Add(file.made("bint", 2), order == binary.BigEndian)
		f.Add(file.spikes("b", 9, [3]int32{1, 2, 1}, 0, 1), order == binary.BigEndian)
	}
	f.Fuzz(func(t *testing.T, body []byte, bigEndian bool) {
		file := newMATFile(byteOrders[0])
		if bigEndian {
			file = newMATFile(byteOrders[1])
		}
		readFuzzed(t, file.compressed(body).data, Options{})
		readFuzzed(t, file.matrix(body).data, Options{Clip: true})
	})
}

func FuzzNPY(f *testing.F) {
	addFiles(f, "*.npy")
	f.Fuzz(func(t *testing.T, data []byte) { readFuzzed(t, data, Options{}) })
}

func FuzzRasterUnmarshal(f *testing.F) {
	for _, neurons := range []int{1, 3, MaxNeurons} {
		r := &Raster{Neurons: neurons, Repeats: 3, Bins: 5, BinMS: 20, Words: countWords(15), Cells: countUp(neurons)}
		for i := range r.Words {
			r.Words[i] &= 1<<neurons - 1
		}
		data, err := r.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Raster
		if err := r.UnmarshalBinary(data); err != nil {
			if diff := cmp.Diff(Raster{}, r); diff != "" {
				t.Fatalf("a failed decoding left %s", diff)
			}
			return
		}
		again, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(again, data) {
			t.Fatal("two encodings of one raster")
		}
	})
}
