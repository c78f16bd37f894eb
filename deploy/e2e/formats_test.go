//go:build unix

package e2e

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"spiqsweep/deploy/needs"
)

const formatsGrid = `
variable "axes" {
  default = "repeats,neurons,bins"
}
variable "variable" {
  default = ""
}
variable "bin_ms" {
  default = 20
}
variable "duration_s" {
  default = 0
}
sweep "formats" {
  recording {
    source     = "file"
    axes       = var.axes
    variable   = var.variable
    bin_ms     = var.bin_ms
    duration_s = var.duration_s
  }
  grid {
    neurons   = [2]
    timesteps = [1, 3]
  }
  training {
    steps = 10
  }
}
`

// writeFormats writes one recording in every format that is read or converted. Names that
// begin with plane are its first repeat.
const writeFormats = `
import h5py, numpy, scipy.io
x = numpy.random.default_rng(1).random((4, 3, 60)) < 0.2
x[:, :, -1] = True
numpy.save("bytes.npy", x.astype("u1"))
numpy.save("turned.npy", numpy.asfortranarray(x.transpose(2, 1, 0).astype("f8")))
numpy.savez_compressed("several.npz", other=x[:, :, :9], spikes=x.transpose(1, 0, 2).astype(">i2"))
scipy.io.savemat("logical.mat", {"spikes": x, "rate": 5.0})
scipy.io.savemat("double.mat", {"spikes": x.transpose(1, 2, 0).astype(float), "other": x.astype("u1")}, do_compression=True)
numpy.save("plane.npy", x[0].astype("f4"))
numpy.save("plane-turned.npy", x[0].T)
scipy.io.savemat("plane.mat", {"spikes": x[0].T.astype("i4")})
numpy.savetxt("plane.csv", x[0], "%d", ",")
numpy.savetxt("plane-turned.csv", x[0].T, "%d", "\t", header="a\tb\tc", comments="")
with open("counts.csv", "w") as f:
    f.write("neuron;repeat;" + ";".join(map(str, range(60))) + "\n")
    for i in range(4):
        for c in range(3):
            f.write(f"{c + 1};{i + 1};" + ";".join(map(str, x[i, c].astype(int))) + "\n")
for name, width in ("times", 0.02), ("halved", 0.01):
    with open(name + ".csv", "w") as f:
        f.write("repeat,neuron,time_s\n")
        for i, c, k in zip(*x.nonzero()):
            f.write(f"{i},{c},{width * (k + 0.3)}\n")
with h5py.File("v73.mat", "w", userblock_size=512) as f:
    f["spikes"] = x.transpose(2, 0, 1).T.astype("u1")
    f["spikes"].attrs["MATLAB_class"] = numpy.bytes_("logical")
with open("v73.mat", "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
with h5py.File("session.nwb", "w") as f:
    trains = [numpy.concatenate([100 + 3 * i + 0.02 * (x[i, c].nonzero()[0] + 0.5) for i in range(4)]) for c in range(3)]
    f["units/spike_times"] = numpy.concatenate(trains)
    f["units/spike_times_index"] = numpy.cumsum([len(t) for t in trains])
    f["intervals/trials/start_time"] = 100 + 3 * numpy.arange(4.0)
    f["intervals/trials/stop_time"] = 101.2 + 3 * numpy.arange(4.0)
`

// TestEveryFormatTrainsTheSameModels trains on one recording in every format, type of numbers
// and order of axes, and requires the same results.csv but for the name of the data. With bins
// of half the width, rates are twice as high and intervals half as long, from every kind of file.
func TestEveryFormatTrainsTheSameModels(t *testing.T) {
	t.Parallel()
	python := needs.Python(t, "python3-h5py python3-scipy", "h5py", "numpy", "scipy.io")
	folder := t.TempDir()
	command := func(program string, arguments ...string) {
		t.Helper()
		run := exec.Command(program, arguments...)
		run.Dir = folder
		if output, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", program, arguments, err, output)
		}
	}
	command(python, "-c", writeFormats)
	converter, err := filepath.Abs("../../simulator/recording/convert_hdf5.py")
	if err != nil {
		t.Fatal(err)
	}
	command(python, converter, "v73.mat", "v73.npz")
	command(python, converter, "session.nwb", "session.csv")
	if err := os.WriteFile(filepath.Join(folder, "grid.hcl"), []byte(formatsGrid), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := 0
	results := func(file string, variables ...string) [][]string {
		t.Helper()
		runs++
		out := filepath.Join(folder, fmt.Sprint("out", runs))
		arguments := []string{"--grid", filepath.Join(folder, "grid.hcl"), "--recording", filepath.Join(folder, file), "--out", out, "--local", "1"}
		for _, v := range variables {
			arguments = append(arguments, "--var", v)
		}
		start(t, "", "coordinator", arguments...).expect(0)
		text, err := os.ReadFile(filepath.Join(out, "results.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(string(text), file, "DATA"))).ReadAll()
		if err != nil || len(rows) != 3 || !slices.Contains(rows[1], "done") || !slices.Contains(rows[1], "DATA") {
			t.Fatalf("%v\n%s", err, text)
		}
		return rows
	}
	wide := results("bytes.npy")
	plane := results("plane.npy")
	for _, test := range []struct {
		want      [][]string
		file      string
		variables []string
	}{
		{wide, "turned.npy", []string{"axes=bins,neurons,repeats"}},
		{wide, "several.npz", []string{"axes=neurons,repeats,bins", "variable=spikes"}},
		{wide, "logical.mat", nil},
		{wide, "double.mat", []string{"axes=neurons,bins,repeats", "variable=spikes"}},
		{wide, "counts.csv", nil},
		{wide, "times.csv", nil},
		{wide, "v73.npz", []string{"axes=bins,repeats,neurons"}},
		{wide, "session.csv", []string{"duration_s=1.2"}},
		{plane, "plane-turned.npy", []string{"axes=bins,neurons"}},
		{plane, "plane.mat", []string{"axes=bins,neurons"}},
		{plane, "plane.csv", nil},
		{plane, "plane-turned.csv", []string{"axes=bins,neurons"}},
	} {
		if diff := gocmp.Diff(test.want, results(test.file, test.variables...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.file, diff)
		}
	}
	requireHalfWidth(t, wide, results("bytes.npy", "bin_ms=10"))
	requireHalfWidth(t, wide, results("halved.csv", "bin_ms=10"))
}

// requireHalfWidth compares results in bins of 20 ms with those of the same bits in bins of 10
// ms: squares of rates in Hz² are four times as large, those of intervals in ms² a quarter.
func requireHalfWidth(t *testing.T, wide, half [][]string) {
	t.Helper()
	scaled := map[string]int{}
	for i, name := range wide[0] {
		for row := 1; row < len(wide); row++ {
			a, b := wide[row][i], half[row][i]
			x, err := strconv.ParseFloat(a, 64)
			y, _ := strconv.ParseFloat(b, 64)
			factor := 1.0
			switch {
			case name == "task":
				if a == b {
					t.Errorf("task %s is that of both widths", a)
				}
				continue
			case strings.Contains(name, "hz2"):
				factor = 4
			case strings.Contains(name, "ms2"):
				factor = 0.25
			}
			if factor != 1 && x > 0 {
				scaled[name]++
			}
			if a != b && (err != nil || math.Abs(x*factor-y) > 1e-6*math.Abs(y)) || a == b && factor != 1 && x > 0 {
				t.Errorf("%s is %s in bins of 20 ms and %s in bins of 10 ms, want a factor of %v", name, a, b, factor)
			}
		}
	}
	if scaled["mse_firing_rate_hz2"] == 0 || scaled["mse_isi_mean_ms2"] == 0 {
		t.Errorf("no rate or no interval was compared: %v", scaled)
	}
}
