package recording

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// npzFile returns an archive of .npy files by the names of their arrays, deflated.
func npzFile(arrays map[string][]byte) []byte {
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		entry, err := w.Create(name + ".npy")
		if err == nil {
			_, err = entry.Write(arrays[name])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return file.Bytes()
}

func readNPZ(data []byte, o Options) (*Recording, error) {
	return read(bytes.NewReader(data), int64(len(data)), "test.npz", o)
}

func TestNPZChoosesTheArray(t *testing.T) {
	cube := npyFile(npyHeaderOf("|u1", "False", "(1, 2, 2)"), 0, 1, 1, 1)
	plane := npyFile(npyHeaderOf("|u1", "False", "(2, 3)"), 0, 1, 1, 1, 0, 1)
	text := npyFile(npyHeaderOf("<U1", "False", "(1, 1, 1)"), 0, 0, 0, 0)
	for name, test := range map[string]struct {
		arrays         map[string][]byte
		axes, variable string
		want           string // array, or a part of the error
	}{
		"one":              {map[string][]byte{"x": cube}, "", "", ".npz, array x"},
		"one of two axes":  {map[string][]byte{"x": plane}, "", "", ".npz, array x"},
		"three dimensions": {map[string][]byte{"a": plane, "b": cube, "c": text}, "", "", ".npz, array b"},
		"two dimensions":   {map[string][]byte{"a": plane, "b": cube}, "bins,neurons", "", ".npz, array a"},
		"by name":          {map[string][]byte{"a": cube, "b": cube}, "", "b", ".npz, array b"},
		"two":              {map[string][]byte{"a": cube, "b": cube}, "", "", "2 variables have 3 dimensions: a (|u1, 1 × 2 × 2), b (|u1, 1 × 2 × 2)"},
		"none":             {map[string][]byte{"a": plane, "c": text}, "", "", "no array is one of numbers with 3 dimensions, repeats × neurons × bins; the file has a (|u1, 2 × 3), c (<U1, 1 × 1 × 1)"},
		"no such name":     {map[string][]byte{"a": cube, "b": cube}, "", "c", `no array is named "c"; the file has a, b`},
		"text":             {map[string][]byte{"c": text}, "", "", `array c: its values are of type "<U1", which is not read`},
		"not an array":     {map[string][]byte{"c": []byte("no header at all")}, "", "", "array c: the file is truncated or corrupt: copy it again or save it again with numpy.save: it does not begin like a .npy file"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := readNPZ(npzFile(test.arrays), Options{Axes: test.axes, Variable: test.variable})
			if err != nil {
				requireError(t, err, test.want)
				if unclear := test.variable == "" && len(test.arrays) > 1; errors.Is(err, ErrAmbiguous) != unclear {
					t.Errorf("%v is ErrAmbiguous: want %v", err, unclear)
				}
			} else if r.Format() != test.want {
				t.Errorf("read as %s, want %s", r.Format(), test.want)
			}
		})
	}
}

// TestNPZRejectsBombs changes sizes in the list of arrays, and claims more arrays than there
// are: each is an error before memory is allocated.
func TestNPZRejectsBombs(t *testing.T) {
	cube := npyFile(npyHeaderOf("|u1", "False", "(1, 2, 2)"), 0, 1, 1, 1)
	good := npzFile(map[string][]byte{"x": cube})
	if _, err := readNPZ(good, Options{}); err != nil {
		t.Fatal(err)
	}
	list := bytes.LastIndex(good, []byte("PK\x01\x02"))
	end := bytes.LastIndex(good, []byte("PK\x05\x06"))
	large := npyFile(npyHeaderOf("|u1", "False", "(1, 60000, 100000)"))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"inflated size":     {changed(good, func(b []byte) { binary.LittleEndian.PutUint32(b[list+24:], 1<<31) }), "it claims 2147483648 bytes, more than"},
		"other size":        {changed(good, func(b []byte) { b[list+24]++ }), "5 bytes of numbers where 1 × 2 × 2 of 1 bytes need 4"},
		"shape":             {npzFile(map[string][]byte{"x": large}), "the recording is too large"},
		"encrypted":         {changed(good, func(b []byte) { b[list+8] |= 1 }), "it is encrypted"},
		"method":            {changed(good, func(b []byte) { b[list+10] = 12 }), "its compression (method 12) is not supported"},
		"checksum":          {changed(good, func(b []byte) { b[list+16]++ }), "the file is truncated or corrupt"},
		"many arrays":       {changed(good, func(b []byte) { binary.LittleEndian.PutUint16(b[end+10:], 60000) }), "it claims to have 60000 arrays"},
		"no list":           {good[:end], "it has no list of arrays at its end"},
		"only other files":  {bytes.ReplaceAll(good, []byte("x.npy"), []byte("x.np_")), "it is a zip archive: unzip it"},
		"a list of 8 MiB":   {longList(), "its list of arrays is too long"},
		"begins with nulls": {changed(good, func(b []byte) { clear(b[list : list+4]) }), "the file is truncated or corrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readNPZ(test.data, Options{})
			requireError(t, err, test.want)
		})
	}
}

func changed(data []byte, change func([]byte)) []byte {
	data = bytes.Clone(data)
	change(data)
	return data
}

// longList returns an archive of 130 arrays with comments of 64 KiB.
func longList() []byte {
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for range 130 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: "x.npy", Comment: strings.Repeat("x", 1<<16-1)}); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return file.Bytes()
}
