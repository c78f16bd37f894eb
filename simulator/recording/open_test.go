package recording

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdataSpike returns the spikes that testdata/make.py writes.
func testdataSpike(repeat, neuron, bin int) bool { return (7*repeat+3*neuron+bin*bin)%5 == 0 }

// requireTestdata fails unless r has the spikes of testdata/make.py.
func requireTestdata(t *testing.T, r *Recording) {
	t.Helper()
	want, err := New("made", 4, 3, 5, testdataSpike)
	if err != nil {
		t.Fatal(err)
	}
	all := []int{0, 1, 2}
	if diff := cmp.Diff(want.Raster(all), r.Raster(all)); diff != "" {
		t.Errorf("spikes (-want +got):\n%s", diff)
	}
}

func TestOpenReadsFilesOfMATLABAndNumPy(t *testing.T) {
	tests := []struct{ file, variable string }{
		{"bool.npy", ""},
		{"uint8.npy", ""},
		{"int64.npy", ""},
		{"float32_fortran.npy", ""},
		{"float64.npy", ""},
		{"int16_big_endian.npy", ""},
		{"uint8_version2.npy", ""},
		{"packed.npz", ""},
		{"plain.npz", ""},
		{"plain.npz", "spikes"},
		{"logical.mat", ""},
		{"double.mat", ""},
		{"mixed.mat", ""},
		{"mixed_plain.mat", ""},
		{"mixed.mat", "spikes"},
		{"two.mat", "left"},
		{"two.mat", "right"},
	}
	for _, test := range tests {
		t.Run(test.file+" "+test.variable, func(t *testing.T) {
			r, err := Open(t.Context(), filepath.Join("testdata", test.file), Options{Variable: test.variable})
			if err != nil {
				t.Fatal(err)
			}
			requireTestdata(t, r)
			if r.Name() != test.file {
				t.Errorf("its name is %q", r.Name())
			}
			if len(r.Notices()) != 0 {
				t.Errorf("notices %q", r.Notices())
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	hdf5 := "MATLAB 7.3 MAT-file, Platform: MACI64" + strings.Repeat(" ", 512-37) + hdf5Magic
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	made := func(name string) string { return filepath.Join("testdata", name) }
	tests := []struct {
		path    string
		options Options
		want    []string // parts of the message
	}{
		{made("absent.mat"), Options{}, []string{"absent.mat", "no such file"}},
		{"testdata", Options{}, []string{"testdata is a directory"}},
		{write("empty.mat", ""), Options{}, []string{"empty.mat", "is empty"}},
		{write("v73.mat", hdf5), Options{}, []string{"v73.mat", "v7.3 file (HDF5)", "save('", "-v7.mat', 'NAME', '-v7')", "python3 convert_hdf5.py '"}},
		{write("bare.h5", hdf5Magic+"more"), Options{}, []string{"bare.h5", "HDF5"}},
		{write("header.mat", hdf5[512:]), Options{}, []string{"HDF5"}},
		{write("cut73.mat", hdf5[:200]), Options{}, []string{"MATLAB v7.3 file (HDF5)"}},
		{write("archive.npz", "PK\x03\x04rest"), Options{}, []string{"archive.npz", "unzip"}},
		{made("four.npy"), Options{}, []string{"4 dimensions (1 × 4 × 3 × 5)"}},
		{made("complex.npy"), Options{}, []string{`its numbers are complex (type "<c8"), and spikes are 0 or 1`, "complex-2.npy\", x.real)"}},
		{made("objects.npy"), Options{}, []string{"a pickle of Python objects", "allow_pickle=True", "objects-2.npy\", x.astype(float))"}},
		{made("records.npy"), Options{}, []string{"a structured array with the fields spike, time", "records-2.npy\", x[\"FIELD\"])"}},
		{made("none.mat"), Options{}, []string{
			"none.mat", "no variable is a numeric array of 3 dimensions",
			"note (char, 1 × 10)", "film (struct, 1 × 1, with the fields seconds, name)", "list (cell, 1 × 2)", "weights (double, 3 × 3)", "phase (complex double, 2 × 2 × 2)",
		}},
		{made("two.mat"), Options{}, []string{"2 variables have 3 dimensions", "left (uint8, 4 × 3 × 5)", "right (uint8, 4 × 3 × 5)"}},
		{made("two.mat"), Options{Variable: "centre"}, []string{`no variable is named "centre"`, "left (uint8", "right (uint8"}},
		{made("mixed.mat"), Options{Axes: "neurons,bins", Variable: "spikes"}, []string{"variable spikes", "3 dimensions (4 × 3 × 5)", "a recording has 2: neurons × bins"}},
		{made("two.mat"), Options{Axes: "bins,neurons"}, []string{"no variable is a numeric array of 2 dimensions, bins × neurons; the file has left (uint8"}},
		{made("mixed.mat"), Options{Variable: "film"}, []string{"film (struct, 1 × 1, with the fields seconds, name) does not hold real numbers", "x = film.FIELD", `["film"]["FIELD"][0, 0]`}},
		{made("mixed.mat"), Options{Variable: "phase"}, []string{"phase (complex double, 2 × 2 × 2) does not hold real numbers", "x = real(phase)", `["phase"].real`}},
	}
	for _, test := range tests {
		t.Run(filepath.Base(test.path)+" "+test.options.Variable, func(t *testing.T) {
			_, err := Open(t.Context(), test.path, test.options)
			requireError(t, err, test.want...)
		})
	}
}

// requireError fails unless the message of err contains all parts.
func requireError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q\nlacks %q", err, part)
		}
	}
}
