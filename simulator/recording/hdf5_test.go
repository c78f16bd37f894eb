package recording

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// madeHDF5 begins a program in Python that writes an HDF5 file: x is the array of
// testdata/make.py, and mat and spikes write it as MATLAB v7.3 and as NWB do.
const madeHDF5 = `
import h5py, numpy, sys
r, n, b = numpy.indices((4, 3, 5))
x = (7*r + 3*n + b*b) % 5 == 0

def mat(path, kinds=("logical",), **arrays):
    with h5py.File(path, "w", userblock_size=512) as f:
        for (name, a), kind in zip(arrays.items(), kinds * len(arrays)):
            f.create_dataset(name, data=a.T, chunks=True, compression="gzip").attrs["MATLAB_class"] = numpy.bytes_(kind)
    with open(path, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")

def nwb(path, trials=True, width=0.02, start=2000.3, gap=7.1, within=0.5):
    with h5py.File(path, "w") as f:
        f.attrs["nwb_version"] = "2.6.0"
        units, ends = [], []
        for c in range(3):
            for i in range(4):
                units += list(start + gap * i + width * (numpy.nonzero(x[i, c])[0] + within))
            ends.append(len(units))
        f["units/id"] = [7, 9, 30]
        f["units/spike_times"] = units
        f["units/spike_times_index"] = numpy.array(ends, dtype="u1")
        if trials:
            f["intervals/trials/start_time"] = start + gap * numpy.arange(4)
            f["intervals/trials/stop_time"] = start + gap * numpy.arange(4) + 5 * width
`

// makeFiles runs a program after madeHDF5 that writes files below a folder.
func makeFiles(t *testing.T, python, folder, program string) {
	t.Helper()
	run := exec.Command(python, "-c", madeHDF5+program)
	run.Dir = folder
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, program, output)
	}
}

// TestConverterReadsHDF5 runs the command of the error message of each file, and requires that
// the converted file is read as the same recording as that of MATLAB v5 and .npy.
func TestConverterReadsHDF5(t *testing.T) {
	python := needs.Python(t, "python3-h5py", "h5py", "numpy")
	tests := []struct {
		file, make string
		o          Options // of the converted file; Variable is of the first one, too
		output     string  // of the converter
	}{
		{"it's 7 3.mat", `mat(path, spikes=x.astype("u1"))`, Options{}, "spikes, 4 × 3 × 5"},
		{"double.mat", `mat(path, ("double",), bint=x.astype(float), rate=numpy.ones((1, 1)), positions=numpy.ones((9, 2)))`, Options{}, "bint, 4 × 3 × 5"},
		{"single.mat", `mat(path, ("single",), bint=x.astype("f4"))`, Options{}, "bint, 4 × 3 × 5"},
		{"named.mat", `mat(path, left=x.astype("i2"), right=~x)`, Options{Variable: "left"}, "left, 4 × 3 × 5"},
		{"struct.mat", `mat(path, **{"session/file": x.astype("u1"), "other": ~x})`, Options{Variable: "session/file"}, "session/file, 4 × 3 × 5"},
		{"axes.mat", `mat(path, spikes=x.transpose(2, 0, 1).astype("u1"))`, Options{Axes: "bins,repeats,neurons"}, "spikes, 5 × 4 × 3"},
		{"c-order.h5", `h5py.File(path, "w")["group/spikes"] = x`, Options{}, "group/spikes, 4 × 3 × 5"},
		{"half.hdf5", `h5py.File(path, "w")["spikes"] = x.astype("f2")`, Options{}, "spikes, 4 × 3 × 5"},
		{"big-endian.hdf5", `h5py.File(path, "w")["spikes"] = x.astype(">i4")`, Options{}, "spikes, 4 × 3 × 5"},
		{"trials.nwb", `nwb(path)`, Options{DurationS: 0.1}, "4 repeats, 3 neurons; set duration_s = 0.1 in the grid's block recording"},
		{"bins.nwb", `nwb(path, width=0.012)`, Options{BinMS: 12, DurationS: 0.06}, "describe --duration-s 0.06\n"},
		// Every spike and every start is on an edge, and 7000.31 is no binary fraction.
		{"edges.nwb", `nwb(path, start=7000.31, gap=0.1, within=0)`, Options{DurationS: 0.1}, "4 repeats, 3 neurons"},
	}
	folder := t.TempDir()
	program := ""
	for _, test := range tests {
		program += fmt.Sprintf("path = %q; %s\n", test.file, test.make)
	}
	makeFiles(t, python, folder, program)
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			_, err := Open(t.Context(), filepath.Join(folder, test.file), Options{Variable: test.o.Variable})
			if !errors.Is(err, ErrHDF5) {
				t.Fatalf("%v is not ErrHDF5", err)
			}
			found := regexp.MustCompile(`(?m)^  python3 convert_hdf5\.py (.*)$`).FindStringSubmatch(err.Error())
			if found == nil {
				t.Fatalf("no command in %q", err)
			}
			output, err := exec.Command("sh", "-c", "set -eu; "+python+" convert_hdf5.py "+found[1]).CombinedOutput()
			if err != nil || !strings.Contains(string(output), test.output) {
				t.Fatalf("%v\n%s\n%s\nlacks %q", err, found[1], output, test.output)
			}
			converted := filepath.Join(folder, strings.TrimSuffix(test.file, filepath.Ext(test.file))+".npz")
			if strings.HasSuffix(test.file, ".nwb") {
				converted = strings.TrimSuffix(converted, ".npz") + ".csv"
			}
			test.o.Variable = ""
			r, err := Open(t.Context(), converted, test.o)
			if err != nil {
				t.Fatal(err)
			}
			for _, notice := range r.Notices() {
				if notice != "5 rows without a time: read as repeats and neurons, not as spikes" {
					t.Error(notice)
				}
			}
			r.binMS = DefaultBinMS
			requireTestdata(t, r)
		})
	}
}

// TestConverterErrors runs the converter on files that it refuses. It must write no file and
// keep one that exists.
func TestConverterErrors(t *testing.T) {
	python := needs.Python(t, "python3-h5py", "h5py", "numpy")
	tests := []struct{ file, make, arguments, want string }{
		{"two.mat", `mat(path, left=x.astype("u1"), right=x.astype("u1"))`, "'out.npz'", "two.mat: several arrays have 3 dimensions: name one with --variable NAME, of left (5 × 3 × 4), right (5 × 3 × 4)"},
		{"name.mat", `mat(path, left=x.astype("u1"))`, "'out.npz', '--variable', 'right'", "name.mat: it has no array 'right': it has left"},
		{"group.mat", `mat(path, **{"session/spikes": x.astype("u1")})`, "'out.npz', '--variable', 'session'", "session is a struct or a group: name one of its arrays, such as --variable session/FIELD; the file has session/spikes"},
		{"vectors.mat", `mat(path, ("double",), t=numpy.ones((1, 90)))`, "'out.npz'", "no array has two or three dimensions: name one with --variable NAME, of t (90 × 1)"},
		{"text.h5", `h5py.File(path, "w")["spikes"] = numpy.array([b"a"])`, "'out.npz', '--variable', 'spikes'", "spikes is not an array of real numbers"},
		{"sparse.mat", `f = h5py.File(path, "w"); f["s/data"] = numpy.ones((2, 2)); f["s"].attrs["MATLAB_sparse"] = 3; f.close()`, "'out.npz', '--variable', 's'", "s is a sparse matrix: save full(s) in MATLAB"},
		{"ending.mat", `mat(path, left=x.astype("u1"))`, "'out.csv'", "an array is written to a file whose name ends in .npz or .npy, not out.csv"},
		{"ending.nwb", `nwb(path)`, "'out.npz'", "spike times are written to a file whose name ends in .csv, not out.npz"},
		{"intervals.mat", `mat(path, left=x.astype("u1"))`, "'out.npz', '--intervals', 'trials'", "--intervals is of use only with units/spike_times (NWB): leave it out"},
		{"intervals.nwb", `nwb(path)`, "'out.csv', '--intervals', 'movies'", "it has no intervals 'movies': it has trials"},
		{"empty.nwb", `nwb(path); del h5py.File(path, "r+")["units/spike_times_index"]`, "'out.csv'", "units has no spike_times_index"},
		{"nan.nwb", `nwb(path); h5py.File(path, "r+")["units/spike_times"][0] = numpy.nan`, "'out.csv'", "units/spike_times has values that are not numbers"},
		{"index.nwb", `nwb(path); h5py.File(path, "r+")["units/spike_times_index"][2] = 99`, "'out.csv'", "units/spike_times_index does not divide units/spike_times"},
		{"order.nwb", `nwb(path); h5py.File(path, "r+")["intervals/trials/stop_time"][2] = 0`, "'out.csv'", "intervals/trials needs rows whose stop_time is after their start_time"},
		{"units.nwb", `nwb(path, start=2e12)`, "'out.csv'", "a time is above 1e9 s: times are seconds from the start of the session"},
		{"other.mat", `open(path, "w").write("nothing")`, "'out.npz'", "other.mat: "},
		{"absent.mat", ``, "'out.npz'", "absent.mat: "},
		{"taken.mat", `mat(path, left=x.astype("u1"))`, "'taken.mat.npz'", "taken.mat.npz exists: give another name"},
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "convert_hdf5.py"), Converter, 0o600); err != nil {
		t.Fatal(err)
	}
	program := `
import os
sys.dont_write_bytecode = True
sys.path.append("")
import convert_hdf5
def refused(path, arguments, want):
    files = set(os.listdir()) | {path}
    sys.argv = ["convert_hdf5.py", path] + arguments
    try:
        convert_hdf5.main()
        sys.exit(f"{path} was converted")
    except SystemExit as end:
        assert want in str(end), f"{path}: {end}, want {want}"
    assert set(os.listdir()) | {path} == files, f"{path} has left {set(os.listdir()) - files}"
open("taken.mat.npz", "w").write("mine")
`
	for _, test := range tests {
		program += fmt.Sprintf("path = %q; %s\nrefused(path, [%s], %q)\n", test.file, test.make, test.arguments, test.want)
	}
	makeFiles(t, python, folder, program+`assert open("taken.mat.npz").read() == "mine"`)
}
