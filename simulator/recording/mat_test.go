package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var byteOrders = []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}

func TestMATReadsEveryStoredType(t *testing.T) {
	for _, order := range byteOrders {
		for _, kind := range []uint32{1, 2, 3, 4, 5, 6, 7, 9, 12, 13} {
			t.Run(fmt.Sprint(order, " type ", kind), func(t *testing.T) {
				plain := newMATFile(order)
				small := newMATFile(order)
				for _, f := range []*matFile{
					plain.matrix(plain.made("bint", kind)),
					small.compressed(small.made("a_long_name", kind)),
				} {
					r, err := f.read(Options{})
					if err != nil {
						t.Fatal(err)
					}
					requireTestdata(t, r)
				}
			})
		}
	}
}

func TestMATReadsShortElements(t *testing.T) {
	f := newMATFile(binary.LittleEndian)
	f.matrix(f.spikes("x", 2, [3]int32{1, 2, 2}, 0, 1, 1, 0))
	r, err := f.read(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Raster([]int{0, 1}).Words; !slices.Equal(got, []uint32{0b10, 0b01}) {
		t.Errorf("words %b", got)
	}
}

func TestMATSkipsVariablesWithoutShape(t *testing.T) {
	f := newMATFile(binary.BigEndian)
	f.matrix(f.part(nil, matUint32, f.order.AppendUint64(nil, 17<<32)))
	f.matrix(nil)
	r, err := f.compressed(f.made("bint", 2)).read(Options{})
	if err != nil {
		t.Fatal(err)
	}
	requireTestdata(t, r)

	f = newMATFile(binary.BigEndian)
	f.matrix(f.part(nil, matUint32, f.order.AppendUint64(nil, 17<<32)))
	_, err = f.matrix(nil).read(Options{})
	requireError(t, err, "unnamed (opaque)", "unnamed (unknown)")
}

func TestMATListsAtMostTwentyVariables(t *testing.T) {
	f := newMATFile(binary.LittleEndian)
	for i := range 23 {
		f.matrix(f.part(f.head(uint32(matDouble), fmt.Sprint("v", i), 1, 1), 9, f.values(9, 1)))
	}
	_, err := f.read(Options{})
	requireError(t, err, "v0 (double, 1 × 1), ", "v19 (double, 1 × 1), 3 more")
}

func TestMATMemoryDoesNotGrowWithSkippedVariables(t *testing.T) {
	const variables = 100_000
	f := newMATFile(binary.LittleEndian)
	other := newMATFile(binary.LittleEndian)
	other.matrix(other.part(other.head(uint32(matDouble), "other", 1, 1), 2, []byte{1}))
	f.data = append(f.data, bytes.Repeat(other.data[matHeaderBytes:], variables)...)
	last := int64(len(f.data))
	f.matrix(f.made("bint", 2))
	live := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, after := live(), uint64(0)
	_, err := read(readerFunc(func(p []byte, at int64) (int, error) {
		if at == last && after == 0 {
			after = live()
		}
		return bytes.NewReader(f.data).ReadAt(p, at)
	}), int64(len(f.data)), "test.mat", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if after > before+1<<16 {
		t.Errorf("%d bytes are kept of %d variables", after-before, variables)
	}
}

type readerFunc func(p []byte, at int64) (int, error)

func (f readerFunc) ReadAt(p []byte, at int64) (int, error) { return f(p, at) }

func TestMATRejectsMalformedFiles(t *testing.T) {
	le := func() *matFile { return newMATFile(binary.LittleEndian) }
	wide := func(kind, size uint32) []byte { // a tag in the long form
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), size)
	}
	f := le()
	good := f.made("bint", 2)
	head := f.head(uint32(matDouble), "bint", 4, 3, 5)
	cutStream := le().compressed(good)
	cutStream.data = cutStream.data[:len(cutStream.data)-6]
	binary.LittleEndian.PutUint32(cutStream.data[matHeaderBytes+4:], uint32(len(cutStream.data)-matHeaderBytes-8))
	checksum := le().compressed(good)
	checksum.data[len(checksum.data)-1] ^= 1

	// changed returns a file whose stream was changed without its tag.
	changed := func(change func([]byte) []byte) *matFile {
		return &matFile{data: append(le().data, rewrite(le().compressed(good).data[matHeaderBytes:], change)...)}
	}

	tests := []struct {
		name string
		file *matFile
		want string
	}{
		{"no variable", le(), "no variables"},
		{"half a tag", &matFile{data: append(le().data, 14, 0, 0)}, "truncated or corrupt"},
		{"unknown element", &matFile{data: append(le().data, wide(9, 0)...)}, "its type is 9"},
		{"claims more than the file", &matFile{data: append(le().data, wide(matMatrix, 80)...)}, "claims 80 bytes where 0 are left"},
		{"no zlib", &matFile{data: append(append(le().data, wide(matCompressed, 8)...), "deadbeef"...)}, "zlib: invalid header"},
		{"end of stream missing", cutStream, "it ends too early"},
		{"wrong checksum", checksum, "zlib: invalid checksum"},
		{"stream of another element", changed(func(b []byte) []byte { b[0] = 9; return b }), "it holds an element of type 9"},
		{"stream of half a tag", changed(func(b []byte) []byte { return b[:6] }), "it ends too early"},
		{"stream without all values", changed(func(b []byte) []byte { return b[:len(b)-30] }), "it ends too early"},
		{"stream without the padding", changed(func(b []byte) []byte { return b[:len(b)-2] }), "it ends too early"},
		{"half a tag of values", le().matrix(append(slices.Clone(head), 2, 0, 0, 0)), "it ends too early"},
		{"flags missing", le().matrix(f.part(nil, 1, []byte("bint"))), "its flags have type 1 and 4 bytes"},
		{"unknown class", le().matrix(f.head(99, "bint", 4, 3, 5)), "its class is 99"},
		{"flags of 16 bytes", le().matrix(f.part(nil, matUint32, make([]byte, 16))), "a part of the head claims 16 bytes"},
		{"one dimension", le().matrix(f.head(uint32(matDouble), "bint", 4)), "its dimensions have type 5 and 4 bytes"},
		{"too many dimensions", le().matrix(f.head(uint32(matDouble), "bint", make([]int32, 100)...)), "its dimensions have type 5 and 400 bytes"},
		{"endless name", le().matrix(f.head(uint32(matDouble), strings.Repeat("n", 5000), 4, 3, 5)), "a part of the head claims 5000 bytes"},
		{"head cut", le().matrix(head[:24]), "truncated or corrupt"},
		{"short element of 5 bytes", le().matrix(append(slices.Clone(head), wide(5<<16|2, 0)...)), "a short element claims 5 bytes"},
		{"no values", le().matrix(head), "it ends too early"},
		{"unknown values", le().matrix(f.part(slices.Clone(head), 11, make([]byte, 60))), "of the unknown type 11"},
		{"too few values", le().matrix(f.part(slices.Clone(head), 2, make([]byte, 59))), "59 bytes of values where 4 × 3 × 5 of 1 bytes need 60"},
		{"values beyond the matrix", le().matrix(append(slices.Clone(head), wide(2, 60)...)), "claim 60 bytes where 0 are left"},
		{"negative dimension", le().matrix(f.head(uint32(matDouble), "bint", 4, -3, 5)), "4 repeats × -3 neurons × 5 bins: each must be at least 1"},
		{"empty dimension", le().matrix(f.head(uint32(matDouble), "bint", 4, 0, 5)), "4 repeats × 0 neurons × 5 bins: each must be at least 1"},
		{"more than memory", le().matrix(f.head(uint32(matDouble), "bint", 1<<30, 1<<30, 1<<30)), "1073741824 repeats × 1073741824 neurons × 1073741824 bins: at most 65536 neurons are accepted; are the axes in this order?"},
		{"too many neurons", le().matrix(f.spikes("bint", 2, [3]int32{1, 1<<16 + 1, 1}, make([]float64, 1<<16+1)...)), "at most 65536 neurons"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.file.read(Options{})
			requireError(t, err, test.want)
		})
	}
}

func TestMATRejectsImpossibleSizes(t *testing.T) {
	f := newMATFile(binary.LittleEndian)
	body := f.head(uint32(matDouble), "bomb", 30000, 100, 1000)
	body = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(body, 2), 3e9)
	f.compressed(body)
	// The tag of the matrix, inside the stream, claims the size of its values.
	claim := newMATFile(binary.LittleEndian)
	claim.data = append(claim.data, rewrite(f.data[matHeaderBytes:], func(body []byte) []byte {
		binary.LittleEndian.PutUint32(body[4:], 3e9+64)
		return body
	})...)
	_, err := claim.read(Options{})
	requireError(t, err, "claims 3000000064 bytes, more than", "compressed bytes can hold")
}

func TestMATRejectsEveryTruncation(t *testing.T) {
	for _, order := range byteOrders {
		f := newMATFile(order)
		f.matrix(f.spikes("other", 2, [3]int32{1, 1, 1}, 1))
		f.compressed(f.made("bint", 9))
		whole := f.data
		for cut := range whole {
			r, err := read(bytes.NewReader(whole[:cut]), int64(cut), "cut.mat", Options{Variable: "bint"})
			if err == nil {
				t.Fatalf("%v: the first %d of %d bytes are read as %d repeats", order, cut, len(whole), r.Repeats())
			}
		}
		if _, err := f.read(Options{Variable: "bint"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMATRejectsBytesAfterTheMatrix(t *testing.T) {
	f := newMATFile(binary.LittleEndian)
	f.compressed(f.made("bint", 2))
	longer := newMATFile(binary.LittleEndian)
	longer.data = append(longer.data, rewrite(f.data[matHeaderBytes:], func(body []byte) []byte {
		return append(body, 0)
	})...)
	_, err := longer.read(Options{})
	requireError(t, err, "more bytes than its tag says")
}

// TestMATReadsDimensionsOfEveryIntegerType covers short and long elements and
// dimensions of 1 beyond the third, which Open ignores.
func TestMATReadsDimensionsOfEveryIntegerType(t *testing.T) {
	for _, order := range byteOrders {
		for _, kind := range []uint32{1, 2, 3, 4, 5, 6, 12, 13} {
			for _, dims := range [][]float64{{4, 3, 5}, {4, 3, 5, 1}, {4, 3, 5, 1, 1, 1}} {
				f := newMATFile(order)
				head := f.part(nil, matUint32, f.order.AppendUint32(f.order.AppendUint32(nil, 9), 0))
				head = f.part(f.part(head, kind, f.values(kind, dims...)), 1, []byte("bint"))
				made := f.made("bint", 2)
				body := append(head, made[len(f.head(uint32(matDouble), "bint", 4, 3, 5)):]...)
				r, err := f.compressed(body).read(Options{})
				if err != nil {
					t.Fatalf("%v type %d, %v: %v", order, kind, dims, err)
				}
				requireTestdata(t, r)
			}
		}
	}
	f := newMATFile(binary.LittleEndian)
	head := f.part(nil, matUint32, f.order.AppendUint32(f.order.AppendUint32(nil, 9), 0))
	_, err := f.matrix(f.part(f.part(head, 9, f.values(9, 4, 3, 5)), 1, []byte("x"))).read(Options{})
	requireError(t, err, "its dimensions have type 9 and 24 bytes")
}

func TestMATEnforcesTheLimit(t *testing.T) {
	f := newMATFile(binary.LittleEndian)
	f.matrix(f.spikes("x", 2, [3]int32{10, 100, 10}, make([]float64, 10_000)...))
	_, err := f.read(Options{Limit: 1249})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want one of ErrTooLarge", err)
	}
	requireError(t, err, "10 repeats × 100 neurons × 10 bins take 1 MiB, one bit each", "are the axes in this order?")
	if _, err := f.read(Options{Limit: 1250}); err != nil {
		t.Error(err)
	}
}
