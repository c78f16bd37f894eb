package recording

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRasterEncodingRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rasters().Draw(t, "raster")
		data, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got Raster
		if err := got.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, &got); diff != "" {
			t.Fatalf("after the wire (-want +got):\n%s", diff)
		}
		if r.Digest() != got.Digest() {
			t.Fatal("another digest after the wire")
		}
		cut := rapid.IntRange(0, len(data)-1).Draw(t, "cut")
		if err := got.UnmarshalBinary(data[:cut]); err == nil {
			t.Fatalf("%d of %d bytes are accepted", cut, len(data))
		}
		if err := got.UnmarshalBinary(append(data, 0)); err == nil {
			t.Fatal("a byte too many is accepted")
		}
		if diff := cmp.Diff(r, &got); diff != "" {
			t.Fatalf("a failed decoding changed the raster (-want +got):\n%s", diff)
		}
	})
}

func TestDigestCoversShapeAndBits(t *testing.T) {
	base := func() *Raster {
		return &Raster{Neurons: 2, Repeats: 2, Bins: 3, BinMS: 20, NeuronIDs: []int{4, 9}, Words: []uint32{0, 1, 2, 3, 0, 1}}
	}
	// sha256 of 02000000 02000000 03000000 2a 0c: three sizes, then neuron 0
	// fires in bins 1, 3, 5 and neuron 1 in bins 2, 3.
	const known = "05c7ea6344e599071aaa3fb90561bce4ac7d933f1061d368c0beecf6da15b524"
	if got := base().Digest(); got != known {
		t.Errorf("digest %s, want %s", got, known)
	}
	same := base()
	same.NeuronIDs, same.BinMS = []int{1, 2}, 10
	if same.Digest() != known {
		t.Error("the digest depends on neuron IDs or the bin width")
	}
	for name, change := range map[string]func(*Raster){
		"a bit":     func(r *Raster) { r.Words[5] ^= 2 },
		"the shape": func(r *Raster) { r.Repeats, r.Bins = 3, 2 },
		"a neuron":  func(r *Raster) { r.Neurons = 3 },
	} {
		other := base()
		change(other)
		if other.Digest() == known {
			t.Errorf("the digest does not depend on %s", name)
		}
	}
}

func TestMarshalRejectsInvalidRasters(t *testing.T) {
	for want, change := range map[string]func(*Raster){
		"0 neurons: want 1 to 20":        func(r *Raster) { r.Neurons = 0 },
		"21 neurons: want 1 to 20":       func(r *Raster) { r.Neurons = 21 },
		"0 repeats × 3 bins":             func(r *Raster) { r.Repeats = 0 },
		"2 repeats × 0 bins":             func(r *Raster) { r.Bins = 0 },
		"5 words for 2 repeats × 3 bins": func(r *Raster) { r.Words = r.Words[:5] },
		"word 1 (0x4) has a spike":       func(r *Raster) { r.Words[1] = 4 },
		"1 neuron IDs for 2 neurons":     func(r *Raster) { r.NeuronIDs = r.NeuronIDs[:1] },
		"neuron ID -1":                   func(r *Raster) { r.NeuronIDs[1] = -1 },
		"neuron ID 2147483648":           func(r *Raster) { r.NeuronIDs[1] = math.MaxInt32; r.NeuronIDs[1]++ },
		"bins of 0 ms":                   func(r *Raster) { r.BinMS = 0 },
		"bins of NaN ms":                 func(r *Raster) { r.BinMS = math.NaN() },
		"bins of +Inf ms":                func(r *Raster) { r.BinMS = math.Inf(1) },
	} {
		r := &Raster{Neurons: 2, Repeats: 2, Bins: 3, BinMS: 20, NeuronIDs: []int{4, 9}, Words: make([]uint32, 6)}
		change(r)
		_, err := r.MarshalBinary()
		requireError(t, err, "encode raster", want)
	}
}

func TestUnmarshalRejectsMalformedData(t *testing.T) {
	r := &Raster{Neurons: 2, Repeats: 1, Bins: 3, BinMS: 20, NeuronIDs: []int{4, 9}, Words: []uint32{0, 3, 1}}
	good, err := r.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	plane := prefixBytes + shapeBytes
	for want, change := range map[string]func([]byte){
		"does not begin as":           func(b []byte) { b[0]++ },
		"17 neurons":                  func(b []byte) { b[prefixBytes] = 17 },
		"-1 repeats":                  func(b []byte) { binary.LittleEndian.PutUint32(b[prefixBytes+4:], math.MaxUint32) },
		"2147483647 repeats × 3 bins": func(b []byte) { binary.LittleEndian.PutUint32(b[prefixBytes+4:], math.MaxInt32) },
		"2 neurons × 100000 repeats × 3 bins take": func(b []byte) { binary.LittleEndian.PutUint32(b[prefixBytes+4:], 100000) },
		"neuron 1 has spikes beyond the last bin":  func(b []byte) { b[plane+1] |= 1 << 3 },
		"neuron ID -1":   func(b []byte) { binary.LittleEndian.PutUint32(b[plane+2:], math.MaxUint32) },
		"bins of -20 ms": func(b []byte) { b[len(magic)+7] ^= 0x80 },
	} {
		data := slices.Clone(good)
		change(data)
		requireError(t, new(Raster).UnmarshalBinary(data), "decode raster of 42 bytes", want)
	}
}
