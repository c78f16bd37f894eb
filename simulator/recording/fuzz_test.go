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

// readFuzzed reads the bytes as a file. Reading must not panic, and its
// allocations must stay within the limit for every header.
func readFuzzed(t *testing.T, data []byte, o Options) {
	o.Limit = 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := read(bytes.NewReader(data), int64(len(data)), "fuzzed", o)
	runtime.ReadMemStats(&after)
	// The bits once, the bookkeeping of each neuron, and 64 KiB of inflate windows
	// and buffers for each variable.
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+o.Limit+160*maxNeurons+int64(1<<14*len(data))); used > most {
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

func FuzzNPZ(f *testing.F) {
	array := npyFile(npyHeaderOf("|u1", "False", "(1, 2, 2)"), 0, 1, 1, 1)
	f.Add(npzFile(map[string][]byte{"spikes": array}))
	f.Add(npzFile(map[string][]byte{"spikes": array, "other": npyFile(npyHeaderOf("<f8", "True", "(2, 3)"), make([]byte, 48)...)}))
	addFiles(f, "*.npz")
	f.Fuzz(func(t *testing.T, data []byte) {
		readFuzzed(t, data, Options{})
		readFuzzed(t, data, Options{Clip: true, Variable: "spikes", Axes: "bins,neurons"})
	})
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"0,1,0\n1,0,2\n", "repeat,neuron,a,b\n1,x,0,1\n1,y,1,0\n", "neuron;0;1\n0;0.0;1e0\n", "# note\n0 1\n",
		"repeat,neuron,time_s\n1,1,0.06\n2,2,0\n", "\ufefftime_s\tneuron\n1.5\tb\n0\ta\n", "\"repeat\",neuron,time_s\n\"1\n\",2,3\n",
		"neuron,time_s\n9999999999999999999,1\n", "neuron,time_s\n0,1e300\n", "repeat,neuron,0\n4611686018427387904,0,1\n",
	} {
		f.Add([]byte(text), 0.0)
		f.Add([]byte(text), 0.1)
	}
	f.Fuzz(func(t *testing.T, data []byte, duration float64) {
		if !(duration >= 0 && duration < 1e9) || !isTable(data, "test.csv") {
			t.Skip()
		}
		readFuzzed(t, data, Options{DurationS: duration})
		readFuzzed(t, data, Options{DurationS: duration, Clip: true, Axes: "bins,neurons", BinMS: 10})
	})
}

// FuzzMATStream mutates the content of a zlib stream, which FuzzMAT hardly
// reaches because of the checksum.
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

// FuzzMATHeader writes the same bits under heads of every kind and requires the
// same recording as from a plain head.
func FuzzMATHeader(f *testing.F) {
	f.Add(false, uint8(5), uint8(2), uint8(6), uint8(0), true, uint8(4), uint8(3), uint8(5), uint64(0x5a5a5a5a))
	f.Add(true, uint8(6), uint8(9), uint8(9), uint8(2), false, uint8(1), uint8(1), uint8(1), uint64(1))
	f.Add(true, uint8(13), uint8(12), uint8(15), uint8(1), true, uint8(7), uint8(5), uint8(9), uint64(0x123456789abcdef))
	f.Add(false, uint8(1), uint8(7), uint8(7), uint8(9), false, uint8(3), uint8(2), uint8(1), uint64(3))
	kinds := []uint32{1, 2, 3, 4, 5, 6, 12, 13} // of dimensions; values may be of 7 and 9 too
	f.Fuzz(func(t *testing.T, bigEndian bool, dimsKind, valueKind, class, ones uint8, compressed bool, repeats, neurons, bins uint8, pattern uint64) {
		file := newMATFile(byteOrders[0])
		if bigEndian {
			file = newMATFile(byteOrders[1])
		}
		r, n, b := 1+int(repeats%16), 1+int(neurons%16), 1+int(bins%16)
		spike := func(repeat, neuron, bin int) bool {
			return bin == b-1 || pattern>>((repeat*31+neuron*17+bin*5)%64)&1 != 0 // a last bin that stays
		}
		var numbers []float64
		for i := range r * n * b {
			x := 0.
			if spike(i%r, i/r%n, i/r/n) {
				x = 1
			}
			numbers = append(numbers, x)
		}
		dims := append([]float64{float64(r), float64(n), float64(b)}, slices.Repeat([]float64{1}, int(ones%8))...)
		body := file.part(nil, matUint32, file.order.AppendUint32(file.order.AppendUint32(nil, uint32(matDouble)+uint32(class)%10), 0))
		kind := kinds[int(dimsKind)%len(kinds)]
		body = file.part(file.part(body, kind, file.values(kind, dims...)), 1, []byte("x"))
		kind = append(kinds, 7, 9)[int(valueKind)%(len(kinds)+2)]
		body = file.part(body, kind, file.values(kind, numbers...))
		if compressed {
			file.compressed(body)
		} else {
			file.matrix(body)
		}
		got, err := file.read(Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := New("x", r, n, b, spike)
		if err != nil {
			t.Fatal(err)
		}
		all := countUp(n)
		if diff := cmp.Diff(want.Raster(all), got.Raster(all)); diff != "" {
			t.Fatalf("-plainly +got\n%s", diff)
		}
	})
}

func FuzzNPY(f *testing.F) {
	addFiles(f, "*.npy")
	f.Fuzz(func(t *testing.T, data []byte) { readFuzzed(t, data, Options{}) })
}

func FuzzRasterUnmarshal(f *testing.F) {
	for _, neurons := range []int{1, 3, MaxNeurons} {
		r := &Raster{Neurons: neurons, Repeats: 3, Bins: 5, BinMS: 20, Words: countWords(15), NeuronIDs: countUp(neurons)}
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
