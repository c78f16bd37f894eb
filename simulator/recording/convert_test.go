package recording

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// TestConversionInstructionsWork runs the Python code of each error message and
// opens the converted file. The code must keep the file, and one that has the first
// name for the converted file.
func TestConversionInstructionsWork(t *testing.T) {
	const made = "import numpy; r, n, b = numpy.indices((4, 3, 5)); x = (7*r + 3*n + b*b) % 5 == 0; "
	tests := []struct {
		file, needs string
		make        string            // writes the file named F
		replaced    map[string]string // words in capitals
		want        string
	}{
		{"letters.npy", "numpy", `numpy.save(F, x.astype(int).astype(str))`, nil, `of type "<U21"`},
		{"half.npy", "numpy", `numpy.save(F, x.astype("f2"))`, nil, `of type "<f2"`},
		{"objects.npy", "numpy", `numpy.save(F, x.astype(object))`, nil, "pickle of Python objects"},
		{"complex.npy", "numpy", `numpy.save(F, x + 0j)`, nil, "its numbers are complex"},
		{"fields.npy", "numpy", `y = numpy.zeros(x.shape, dtype=[("t", "f8"), ("spike", "u1")]); y["spike"] = x; numpy.save(F, y)`, map[string]string{"FIELD": "spike"}, "the fields t, spike"},
		{"field.npy", "numpy", `y = numpy.zeros(x.shape, dtype=[("spike", "u1")]); y["spike"] = x; numpy.save(F, y)`, nil, "the fields spike"},
		{"x.json", "numpy", `import json; json.dump(x.astype(int).tolist(), open(F, "w"))`, nil, "JSON"},
		{"x.pkl", "numpy", `import pickle; pickle.dump(x, open(F, "wb"))`, nil, "pickle"},
		{"old.pickle", "numpy", `import pickle; pickle.dump(x.astype(int).tolist(), open(F, "wb"), protocol=2)`, nil, "pickle"},
		{"struct.mat", "numpy, scipy.io", `scipy.io.savemat(F, {"session": {"rate": 1.0, "spikes": x}})`, map[string]string{"FIELD": "spikes"}, "session (struct, 1 × 1, with the fields rate, spikes)"},
		{"single.mat", "numpy, scipy.io", `scipy.io.savemat(F, {"session": {"spikes": x}}, do_compression=True)`, nil, `["session"]["spikes"][0, 0]`},
		{"cell.mat", "numpy, scipy.io", `c = numpy.empty(1, dtype=object); c[0] = x; scipy.io.savemat(F, {"trials": c})`, nil, "trials (cell, 1 × 1)"},
		{"sparse.mat", "numpy, scipy.io, scipy.sparse", `scipy.io.savemat(F, {"s": scipy.sparse.csc_matrix(x.reshape((4, 15), order="F").astype(float))})`, map[string]string{"REPEATS": "4", "NEURONS": "3"}, "s (sparse, 4 × 15)"},
		{"logical.mat", "numpy, scipy.io, scipy.sparse", `scipy.io.savemat(F, {"s": scipy.sparse.csc_matrix(x.reshape((4, 15), order="F"))})`, map[string]string{"REPEATS": "4", "NEURONS": "3"}, "s (sparse logical, 4 × 15)"},
		{"complex.mat", "numpy, scipy.io", `scipy.io.savemat(F, {"phase": x + 0j})`, nil, "spikes are 0 or 1: if the imaginary parts of phase mean nothing"},
		{"plane.mat", "numpy, scipy.io", `scipy.io.savemat(F, {"rate": 1.0, "c": numpy.ones((1, 900)), "s": x.reshape(12, 5), "w": x[0]})`, map[string]string{"REPEATS": "4"}, "if s has one row for each repeat and neuron"},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			python := needs.Python(t, "python3-scipy", strings.Split(test.needs, ", ")...)
			path := filepath.Join(t.TempDir(), test.file)
			run := func(script string) {
				t.Helper()
				if output, err := exec.Command(python, "-c", script).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s\n%s", err, script, output)
				}
			}
			run("import " + test.needs + "; " + made + strings.ReplaceAll(test.make, "F,", `"`+path+`",`))
			kept := map[string][]byte{path: nil}
			if taken := strings.TrimSuffix(path, filepath.Ext(path)) + ".npy"; taken != path {
				kept[taken] = nil
				if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for file := range kept {
				kept[file], _ = os.ReadFile(file)
			}
			_, err := Open(t.Context(), path, Options{})
			requireError(t, err, test.want)
			_, lines, found := strings.Cut(err.Error(), "in Python")
			if !found {
				t.Fatalf("no lines of Python in %q", err)
			}
			script := ""
			for line := range strings.Lines(lines[strings.Index(lines, "\n")+1:]) {
				if code, ok := strings.CutPrefix(line, "  "); ok {
					script += code
				}
			}
			for word, value := range test.replaced {
				script = regexp.MustCompile(`\b`+word+`\b`).ReplaceAllString(script, value)
			}
			run(script)
			for file, before := range kept {
				if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
					t.Errorf("the code has changed %s (%v)", file, err)
				}
			}
			r, err := Open(t.Context(), regexp.MustCompile(`numpy\.save\("([^"]+)"`).FindStringSubmatch(script)[1], Options{})
			if err != nil {
				t.Fatal(err)
			}
			requireTestdata(t, r)
		})
	}
}

func TestOpenIdentifiesUnsupportedFormats(t *testing.T) {
	v4 := append([]byte{0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0}, "x\x00spikes"...)
	for name, test := range map[string]struct{ content, want string }{
		"x.mat.gz":  {"\x1f\x8b\x08rest", "gunzip --keep -- 'x.mat.gz'"},
		"$a'b.gz":   {"\x1f\x8b\x08rest", `gunzip --keep -- '$a'\''b.gz'`},
		"x.npy.bz2": {"BZh91AY", "unpack it"},
		"x.npy.xz":  {"\xfd7zXZ\x00\x00", "unpack it"},
		"x.npy.zst": {"\x28\xb5\x2f\xfd\x00", "unpack it"},
		"x.pt":      {"PK\x03\x04\x00\x00\x08\x08\x00\x00x/data.pkl", `torch.load("x.pt", map_location="cpu", weights_only=True)`},
		"old.pt":    {"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "it is a PyTorch file"},
		"x.parquet": {"PAR1\x15\x04", `pandas.read_parquet("x.parquet").to_numpy()`},
		"x.zip":     {"PK\x03\x04\x14\x00", "unzip it and give the file inside"},
		"empty.npz": {"PK\x05\x06" + strings.Repeat("\x00", 18), "it is an archive without an array"},
		"x.xlsx":    {"PK\x03\x04\x14\x00[Content_Types].xml", "save it as CSV"},
		"v4.mat":    {string(v4), "MATLAB v4 file"},
		"x.bin":     {"\x00\x01\x02\x03", "neither a MATLAB v5, a .npy, a .npz nor a CSV file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile(name, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), name, Options{})
			requireError(t, err, test.want)
		})
	}
}

// TestExtractionQuotesOnlyIdentifiers checks that a variable name from a file
// appears in suggested code only if it is an identifier.
func TestExtractionQuotesOnlyIdentifiers(t *testing.T) {
	v := variable{name: `x; delete("all")`, class: matCell, dims: []int64{1, 1}}
	if text := extraction(v, "x.mat"); strings.Contains(strings.SplitN(text, "\n", 2)[1], "delete") || !strings.Contains(text, "x = NAME{1}") {
		t.Error(text)
	}
	if text := extraction(variable{name: "unit_1", class: matCell}, "x.mat"); !strings.Contains(text, "x = unit_1{1}") {
		t.Error(text)
	}
}
