package npz_test

import (
	"archive/zip"
	"bytes"
	"fmt"

	"spiqsweep/sweep/npz"
)

// An array may be written piece by piece: only its shape must be known.
func Example() {
	var archive bytes.Buffer
	w := npz.NewWriter(&archive)
	samples, err := w.Create("samples", "|u1", 2, 3)
	if err != nil {
		panic(err)
	}
	for _, window := range [][]byte{{0, 1, 0}, {1, 1, 0}} {
		if _, err := samples.Write(window); err != nil {
			panic(err)
		}
	}
	if err := npz.Numbers(w, "bin_ms", []float64{20}); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	files, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		panic(err)
	}
	for _, f := range files.File {
		fmt.Println(f.Name, f.UncompressedSize64)
	}
	// Output:
	// samples.npy 134
	// bin_ms.npy 136
}
