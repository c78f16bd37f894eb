package statistics

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/deploy/needs"
)

// numpyStatistics reads two lists of windows, [window][step][neuron], and prints the
// vectors of both and the errors between them.
const numpyStatistics = `
import itertools, json, sys
import numpy as np

def vectors(w):
    windows, t, n = w.shape
    bins = w.reshape(-1, n)
    rate = bins.mean(0)
    pairs = list(itertools.combinations(range(n), 2))
    ordered = list(itertools.permutations(range(n), 2))
    centred = bins - rate
    lags = range(1, min(4, t - 1) + 1)
    gaps = [d for window in w for i in range(n) for d in np.diff(np.nonzero(window[:, i])[0])]
    return {
        "k_probability": np.bincount(bins.sum(1), minlength=n + 1) / len(bins),
        "firing_rate_hz": rate / 0.02,
        "covariance": np.array([(centred[:, i] * centred[:, j]).mean() for i, j in pairs]),
        "autocorrelogram": np.array([(w[:, :-d] * w[:, d:]).sum() / w.sum() for d in range(1, t)]),
        "rate_by_step_hz": w.mean(0).T.ravel() / 0.02,
        "lagged_covariance": np.array([(w[:, :-d, i] * w[:, d:, j]).mean() - rate[i] * rate[j] for d in lags for i, j in ordered]),
        "third_moment": np.array([centred[:, list(c)].prod(1).mean() for c in itertools.combinations(range(n), 3)]),
        "interval_probability": np.bincount(gaps, minlength=t)[1:] / len(gaps),
    }, np.mean(gaps) * 20, np.std(gaps) * 20

(a, a_mean, a_sd), (b, b_mean, b_sd) = [vectors(np.array(w)) for w in json.load(sys.stdin)]
n, t = len(a["firing_rate_hz"]), len(a["autocorrelogram"]) + 1
first = n * (n - 1)
absolute = lambda name, x=slice(None): np.abs(a[name] - b[name])[x].sum()
errors = {
    "silent_probability": (a["k_probability"][0] - b["k_probability"][0]) ** 2,
    "third_moment": ((a["third_moment"] - b["third_moment"]) ** 2).mean(),
    "lag1_covariance": ((a["lagged_covariance"] - b["lagged_covariance"])[:first] ** 2).mean(),
    "isi_mean_ms2": (a_mean - b_mean) ** 2,
    "isi_sd_ms2": (a_sd - b_sd) ** 2,
    "legacy_mean_spikes": absolute("firing_rate_hz") * 0.02 * t,
    "legacy_covariance": 2 * absolute("covariance"),
    "legacy_k_probability": absolute("k_probability"),
    "legacy_autocorrelogram": 2 * absolute("autocorrelogram", slice(10)),
    "legacy_time_course": absolute("rate_by_step_hz") * 0.02,
    "legacy_lag1_covariance": absolute("lagged_covariance", slice(first)),
}
print(json.dumps([{k: v.tolist() for k, v in x.items()} for x in (a, b)] + [errors]))
`

// TestNumpyComputesTheSameStatistics compares the statistics of a small recording, of
// generated windows and the errors between them with numpy's.
func TestNumpyComputesTheSameStatistics(t *testing.T) {
	python := needs.Python(t, "python3-numpy", "numpy")
	const neurons, timesteps = 4, 14
	sets := []Windows{
		windowed(t, neurons, timesteps, randomRepeats(neurons, 5, 40, 21)...),
		NewSampleWindows(neurons, timesteps, randomRepeats(neurons, 30, timesteps, 22)),
	}
	var input [][][][]int
	for _, set := range sets {
		var windows [][][]int
		for _, window := range listed(set) {
			var steps [][]int
			for _, word := range window {
				bits := make([]int, neurons)
				for i := range bits {
					bits[i] = int(word >> i & 1)
				}
				steps = append(steps, bits)
			}
			windows = append(windows, steps)
		}
		input = append(input, windows)
	}
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(python, "-B", "-c", numpyStatistics)
	run.Stdin = bytes.NewReader(body)
	var messages bytes.Buffer
	run.Stderr = &messages
	output, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &messages)
	}
	var vectors [2]map[string][]float64
	var errors map[string]float64
	if err := json.Unmarshal(output, &[]any{&vectors[0], &vectors[1], &errors}); err != nil {
		t.Fatal(err)
	}
	counted := []Statistics{NewData(sets[0].(RepeatedWindows), 0, stream).Statistics, OfWindows(sets[1])}
	for i, s := range counted {
		if diff := cmp.Diff(vectors[i], s.Vectors(binMS), cmpNear(1e-9)); diff != "" {
			t.Errorf("set %d (-numpy +here):\n%s", i, diff)
		}
	}
	got := Errors(counted[0], counted[1], binMS)
	for name, want := range errors {
		if diff := cmp.Diff(want, got[name], cmpNear(1e-9)); diff != "" {
			t.Errorf("%s (-numpy +here):\n%s", name, diff)
		}
	}
}
