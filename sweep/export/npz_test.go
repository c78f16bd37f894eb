package export_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"spiqsweep/deploy/needs"
)

// TestNumpyLoadsTheSamples loads each archive without pickle.
func TestNumpyLoadsTheSamples(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	s := example()
	path := written(t, "npz", s)
	count := len(files(t, path))
	for _, r := range recordsIn(t, s) {
		if r.Result == nil || r.Repeated {
			continue
		}
		count--
		output := run(t, python, "-c", `
import json, sys, numpy
a = numpy.load(sys.argv[1], allow_pickle=False)
x = a["samples"]
assert x.dtype == numpy.uint8 and set(numpy.unique(x)) <= {0, 1}
json.loads(str(a["meta_json"]))
print(json.dumps([list(x.shape), a["neuron_ids"].tolist(), float(a["bin_ms"]), int(a["seed"])]))`, filepath.Join(path, string(r.Task)+".npz"))
		want, err := json.Marshal([]any{[]int{16, r.Configuration.Neurons, r.Configuration.Timesteps}, r.NeuronIDs, 20, 1})
		if err != nil {
			t.Fatal(err)
		}
		var got, wanted any
		if err := json.Unmarshal([]byte(output), &got); err != nil {
			t.Fatal(err)
		}
		_ = json.Unmarshal(want, &wanted)
		if fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("task %s: %s, want %s", r.Task, output, want)
		}
	}
	if count != 0 {
		t.Errorf("%d files too many", count)
	}
}
