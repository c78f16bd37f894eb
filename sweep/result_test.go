package sweep

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/deploy/golden"
)

// resultOf returns a valid result with every field set.
func resultOf(c Configuration) Result {
	r := Result{TrainableParameters: c.TrainableParameters()}
	check := resultCheck{c: c}
	errs, floors := map[string]float64{}, map[string]float64{}
	for i, name := range ErrorNames {
		if !check.c.defines(name) {
			continue
		}
		errs[name] = 0.001 * float64(i+1)
		if name != "js_k_probability_bits" {
			floors[name] = 1e-7 * float64(i+1)
		}
	}
	r.Errors, r.Floors, r.ErrorIntervals = errs, floors, map[string][2]float64{}
	for _, name := range IntervalNames {
		if check.c.defines(name) {
			r.ErrorIntervals[name] = [2]float64{errs[name] / 2, errs[name] * 2}
		}
	}
	vectors := func() map[string][]float64 {
		m := map[string][]float64{}
		for _, name := range StatisticNames {
			if n := StatisticLength(name, c.Neurons, c.Timesteps); n > 0 {
				m[name] = slices.Repeat([]float64{1 / float64(n)}, n)
			}
		}
		return m
	}
	r.Model, r.Data = vectors(), vectors()
	if c.HasHoldout() {
		r.HeldoutErrors, r.HeldoutFloors, r.HeldoutErrorIntervals, r.Heldout = errs, floors, r.ErrorIntervals, vectors()
		r.Likelihood = &Likelihood{BitsPerBin: 1.25, HeldoutBitsPerBin: 1.5, HeldoutStandardError: 0.0625, HeldoutUnits: 59}
	}
	if c.HasState() {
		r.History = []HistoryPoint{{Step: 0, JSBits: 0.5}, {Step: c.Training.Steps, JSBits: 0.01}}
	}
	for range c.Timesteps {
		patch := make([][][2]float64, c.Circuit.Layers)
		for l := range patch {
			patch[l] = slices.Repeat([][2]float64{{0.25, math.Pi}}, c.Qubits())
		}
		r.Angles = append(r.Angles, patch)
	}
	for range SampleWindows {
		r.Samples = append(r.Samples, slices.Repeat([]uint32{1}, c.Timesteps))
	}
	return r
}

func configurationOf(neurons, timesteps int, holdout float64) Configuration {
	c := Default()
	c.Neurons, c.Timesteps, c.Recording.Holdout = neurons, timesteps, holdout
	return c
}

func TestResultRoundTrip(t *testing.T) {
	for _, c := range []Configuration{configurationOf(1, 1, 0), configurationOf(3, 2, 0.25), configurationOf(10, 30, 0)} {
		r := resultOf(c)
		if err := r.Validate(c); err != nil {
			t.Errorf("%s: %v", c.Label(), err)
		}
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeResult(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.Label(), diff)
		}
	}
}

// TestGoldenResult guards the encoding, by which two runs are compared.
func TestGoldenResult(t *testing.T) {
	c := configurationOf(2, 2, 0.25)
	c.Circuit.Layers = 1
	r := resultOf(c)
	r.Samples = r.Samples[:1]
	body, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/result.golden", string(body)+"\n"+Digest(body)+"\n")
}

func TestEncodeRefusesNaN(t *testing.T) {
	r := resultOf(Default())
	r.Errors["js_bits"] = math.NaN()
	if body, err := r.Encode(); err == nil {
		t.Errorf("NaN was encoded: %s", body)
	}
}

func TestDecodeResultRefuses(t *testing.T) {
	body, err := resultOf(Default()).Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(body)
	for _, test := range []struct{ name, body, want string }{
		{"empty", "", "EOF"},
		{"cut off", good[:len(good)/2], "unexpected EOF"},
		{"unknown field", strings.Replace(good, `"data"`, `"date"`, 1), "unknown field"},
		{"white space", strings.Replace(good, ":", ": ", 1), "not in canonical form"},
		{"longer number", strings.Replace(good, ":0.001,", ":0.0010,", 1), "not in canonical form"},
		{"trailing data", good + good, "unexpected text after"},
	} {
		_, err := DecodeResult([]byte(test.body))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.want)
		}
	}
}

func TestResultValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Result)
		want   string
	}{
		{"parameters", func(r *Result) { r.TrainableParameters = 7 }, "trainable_parameters = 7: must be 96"},
		{"missing error", func(r *Result) { delete(r.Errors, "k_probability") }, "errors: k_probability is missing"},
		{"negative error", func(r *Result) { r.Errors["covariance"] = -1e-3 }, "errors: covariance = -0.001: must be from 0 to 4"},
		{"NaN error", func(r *Result) { r.Errors["covariance"] = math.NaN() }, "errors: covariance = NaN"},
		{"infinite floor", func(r *Result) { r.Floors["covariance"] = math.Inf(1) }, "floors: covariance = +Inf"},
		{"unknown error", func(r *Result) { r.Errors["mse"] = 1 }, `errors: n=3 t=2 has no error "mse"`},
		{"floor without meaning", func(r *Result) { r.Floors["js_k_probability_bits"] = 0 }, "has no floor"},
		{"divergence", func(r *Result) { r.Errors["js_bits"] = 1.1 }, "errors: js_bits = 1.1: must be from 0 to 1"},
		{"missing vector", func(r *Result) { delete(r.Model, "k_probability") }, "model: k_probability is missing"},
		{"short vector", func(r *Result) { r.Data["firing_rate_hz"] = []float64{1} }, "data: firing_rate_hz has 1 elements: must be 3"},
		{"infinite rate", func(r *Result) { r.Data["firing_rate_hz"][0] = math.Inf(1) }, "data: firing_rate_hz[0] = +Inf: must be from 0 to 50"},
		{"vector with NaN", func(r *Result) { r.Model["covariance"][2] = math.NaN() }, "model: covariance[2] = NaN"},
		{"more than a spike a bin", func(r *Result) { r.Model["rate_by_step_hz"][1] = 50.1 }, "model: rate_by_step_hz[1] = 50.1: must be from 0 to 50"},
		{"negative rate", func(r *Result) { r.Model["firing_rate_hz"][1] = -1 }, "model: firing_rate_hz[1] = -1"},
		{"impossible covariance", func(r *Result) { r.Heldout["lagged_covariance"][0] = -2 }, "heldout: lagged_covariance[0] = -2: must be from -1 to 1"},
		{"impossible pairs", func(r *Result) { r.Data["autocorrelogram"][0] = 3 }, "data: autocorrelogram[0] = 3"},
		{"huge error", func(r *Result) { r.Errors["firing_rate_hz2"] = 1e300 }, "errors: firing_rate_hz2 = 1e+300: must be from 0 to 2500"},
		{"impossible interval", func(r *Result) { r.Errors["isi_mean_ms2"] = 1 }, `errors: n=3 t=2 has no error "isi_mean_ms2"`},
		{"huge sum", func(r *Result) { r.Errors["legacy_covariance"] = 12.1 }, "errors: legacy_covariance = 12.1: must be from 0 to 12"},
		{"negative sum", func(r *Result) { r.Errors["legacy_mean_spikes"] = -1e-3 }, "errors: legacy_mean_spikes = -0.001: must be from 0 to 6"},
		{"huge squared share", func(r *Result) { r.Errors["silent_probability"] = 1.1 }, "errors: silent_probability = 1.1: must be from 0 to 1"},
		{"huge covariance at lag 1", func(r *Result) { r.Errors["lag1_covariance"] = 4.1 }, "errors: lag1_covariance = 4.1: must be from 0 to 4"},
		{"impossible moment", func(r *Result) { r.Data["third_moment"][0] = -2 }, "data: third_moment[0] = -2: must be from -1 to 1"},
		{"too many bits", func(r *Result) { r.Likelihood.BitsPerBin = 101 }, "likelihood: bits_per_bin = 101: must be from 0 to 100"},
		{"negative bits", func(r *Result) { r.Likelihood.HeldoutBitsPerBin = -1 }, "likelihood: heldout_bits_per_bin = -1: must be from 0 to 100"},
		{"NaN bits", func(r *Result) { r.Likelihood.HeldoutStandardError = math.NaN() }, "likelihood: heldout_standard_error = NaN"},
		{"no units", func(r *Result) { r.Likelihood.HeldoutUnits = 0 }, "likelihood: heldout_units = 0: must be at least 1"},
		{"huge floor", func(r *Result) { r.HeldoutFloors["k_probability"] = 1.1 }, "heldout_floors: k_probability = 1.1: must be from 0 to 1"},
		{"interval of another error", func(r *Result) { r.ErrorIntervals["js_bits"] = [2]float64{0, 1} }, `error_intervals: n=3 t=2 has no interval of "js_bits"`},
		{"negative end", func(r *Result) { r.ErrorIntervals["covariance"] = [2]float64{-1, 1} }, "error_intervals: covariance = [-1 1]: must be two numbers from 0 to 64, the lower one first"},
		{"ends in the wrong order", func(r *Result) { r.HeldoutErrorIntervals["covariance"] = [2]float64{1, 0.5} }, "heldout_error_intervals: covariance = [1 0.5]"},
		{"huge end", func(r *Result) { r.ErrorIntervals["k_probability"] = [2]float64{0, 17} }, "error_intervals: k_probability = [0 17]: must be two numbers from 0 to 16"},
		{"NaN end", func(r *Result) { r.ErrorIntervals["k_probability"] = [2]float64{0, math.NaN()} }, "error_intervals: k_probability = [0 NaN]"},
		{"unknown vector", func(r *Result) { r.Heldout["psth"] = nil }, `heldout: n=3 t=2 has no statistic "psth"`},
		{"negative probability", func(r *Result) { r.Model["k_probability"] = []float64{-0.5, 1.5, 0, 0} }, "model: k_probability[0] = -0.5: must be from 0 to 1"},
		{"sum of probabilities", func(r *Result) { r.Model["state"][0] = 0.5 }, "model: state is not a probability distribution"},
		{"held out missing", func(r *Result) { r.HeldoutErrors = nil }, "heldout_errors: k_probability is missing"},
		{"history order", func(r *Result) { r.History[1].Step = 0 }, "history[1].step = 0: must rise"},
		{"history end", func(r *Result) { r.History[1].Step = 2001 }, "history[1].step = 2001: must rise from 0 to at most 2000"},
		{"history value", func(r *Result) { r.History[0].JSBits = math.NaN() }, "history[0].js_bits = NaN"},
		{"angle steps", func(r *Result) { r.Angles = r.Angles[:1] }, "angles of 1 time steps: must be 2"},
		{"angle layers", func(r *Result) { r.Angles[1] = nil }, "angles[1] has 0 layers: must be 4"},
		{"angle qubits", func(r *Result) { r.Angles[1][2] = nil }, "angles[1][2] has 0 qubits: must be 6"},
		{"angle value", func(r *Result) { r.Angles[1][2][0][1] = math.Inf(-1) }, "angles[1][2][0] = [0.25 -Inf]: must be finite"},
		{"sample count", func(r *Result) { r.Samples = r.Samples[1:] }, "samples: 99 windows: must be 100"},
		{"sample steps", func(r *Result) { r.Samples[4] = nil }, "samples[4] has 0 time steps: must be 2"},
		{"sample word", func(r *Result) { r.Samples[4][1] = 8 }, "samples[4][1] = 8: must be below 2^3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configurationOf(3, 2, 0.25)
			c.Circuit.Auxiliary = 3
			r := resultOf(c)
			test.change(&r)
			err := r.Validate(c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestResultValidateOfOtherShapes(t *testing.T) {
	c := configurationOf(4, 5, 0)
	r := resultOf(c)
	r.History = []HistoryPoint{{Step: 0, JSBits: 0.5}}
	r.Heldout = map[string][]float64{}
	r.Errors["js_bits"] = 0.1
	r.Likelihood = &Likelihood{HeldoutUnits: 1}
	err := r.Validate(c)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"history of n·t = 20: there must be none above 16",
		"held-out numbers without a holdout",
		"likelihood: there must be none without a holdout or with several noise angles",
		`errors: n=4 t=5 has no error "js_bits"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want also %q", err, want)
		}
	}
}

// TestResultMayMissUndefinedStatistics uses a model that never fires and so has no
// autocorrelogram.
func TestResultMayMissUndefinedStatistics(t *testing.T) {
	c := configurationOf(3, 4, 0)
	r := resultOf(c)
	delete(r.Errors, "autocorrelogram")
	delete(r.Model, "autocorrelogram")
	if err := r.Validate(c); err != nil {
		t.Error(err)
	}
}

// TestLikelihoodNeedsOneAngle checks which results may have a likelihood.
func TestLikelihoodNeedsOneAngle(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Configuration)
		may    bool
	}{
		{"shared noise", func(*Configuration) {}, true},
		{"sampled statistics", func(c *Configuration) { c.Evaluation.Method = "samples" }, true},
		{"blocks held out", func(c *Configuration) { c.Recording.Holdout, c.Recording.HoldoutTime = 0, 0.25 }, true},
		{"no noise", func(c *Configuration) { c.Circuit.Noise, c.Circuit.NoisePerLayer = "none", true }, true},
		{"noise per patch", func(c *Configuration) { c.Circuit.NoisePerPatch = true }, true},
		{"noise per qubit", func(c *Configuration) { c.Circuit.Noise = "per_qubit" }, false},
		{"noise per layer", func(c *Configuration) { c.Circuit.NoisePerLayer = true }, false},
		{"no holdout", func(c *Configuration) { c.Recording.Holdout = 0 }, false},
	} {
		c := configurationOf(2, 3, 0.25)
		test.change(&c)
		r := resultOf(c)
		r.Likelihood = &Likelihood{HeldoutUnits: 1}
		if err := r.Validate(c); (err == nil) != test.may || c.HasLikelihood() != test.may {
			t.Errorf("%s: %v", test.name, err)
		}
		r.Likelihood = nil
		if err := r.Validate(c); err != nil {
			t.Errorf("%s, without: %v", test.name, err)
		}
	}
}

func TestValidateNamesFewFaults(t *testing.T) {
	c := configurationOf(3, 2, 0)
	r := resultOf(c)
	for i := range r.Samples {
		r.Samples[i][0] = 1 << 20
	}
	if got := strings.Count(r.Validate(c).Error(), "\n") + 1; got != maxFaults {
		t.Errorf("%d faults named, want %d", got, maxFaults)
	}
}

func FuzzDecodeResult(f *testing.F) {
	body, err := resultOf(configurationOf(2, 2, 0)).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(bytes.Replace(body, []byte("0.25"), []byte("1e-7"), 1))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := DecodeResult(body)
		agrees(t, body)
		if err != nil {
			return
		}
		if err := r.Validate(Default()); err == nil && r.TrainableParameters != Default().TrainableParameters() {
			t.Error("accepted with a wrong number of parameters")
		}
	})
}

// agrees checks that readResult agrees with encoding/json.
func agrees(t interface {
	Helper()
	Errorf(string, ...any)
}, body []byte,
) (fast bool) {
	t.Helper()
	got, fast := readResult(body)
	want, err := decodeResult(body)
	if fast && (err != nil || !cmp.Equal(want, got)) {
		t.Errorf("read as %+v, want %+v, %v: %.500q", got, want, err, body)
	}
	return fast
}

func TestReadResult(t *testing.T) {
	body, err := resultOf(configurationOf(2, 3, 0.2)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !agrees(t, body) {
		t.Errorf("a valid result was not read fast: %s", body)
	}
	for _, number := range []string{
		"0", "-0", "1", "-1.5", "1e-7", "1e-07", "1.5e-10", "1e+21", "1e21", "123456789012345680000", "0.000001", "0.0000001",
		"NaN", "Inf", "+Inf", "-Inf", "inf", "0x1p-2", "1_0", "0.250", "00.25", ".25", "+1", "", " 1", "1e400", "1e-400", "null", `"1"`, "[1]", "9007199254740993",
	} {
		agrees(t, bytes.Replace(body, []byte("0.25"), []byte(number), 1))
		agrees(t, bytes.Replace(body, []byte(`"samples":[[1`), []byte(`"samples":[[`+number), 1))
		agrees(t, bytes.Replace(body, []byte(`"trainable_parameters":`), []byte(`"trainable_parameters":`+number), 1))
	}
	for n := 0; n < len(body); n += 11 { // cut, doubled, changed
		agrees(t, body[:n])
		agrees(t, append(append([]byte(nil), body[:n]...), body[max(0, n-9):]...))
		for _, c := range []byte(`"[],0e `) {
			changed := bytes.Clone(body)
			changed[n] = c
			agrees(t, changed)
		}
	}
}

func TestReadResultProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := resultOf(configurationOf(2, 2, 0.5))
		r.Angles[0][0][0] = [2]float64{rapid.Float64().Draw(t, "angle"), rapid.Float64().Draw(t, "angle")}
		r.Model["firing_rate_hz"] = rapid.SliceOf(rapid.Float64()).Draw(t, "rates")
		r.Samples[0] = rapid.SliceOf(rapid.Uint32()).Draw(t, "sample")
		r.TrainableParameters = rapid.Int().Draw(t, "parameters")
		body, err := r.Encode()
		if err != nil {
			return // a number that JSON has not
		}
		if _, err := DecodeResult(body); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		agrees(t, body)
	})
}

// TestEncodingIsSorted checks the order of the fields, on which Encode relies.
func TestEncodingIsSorted(t *testing.T) {
	for _, c := range []Configuration{configurationOf(2, 1, 0), configurationOf(2, 3, 0.2), configurationOf(4, 5, 0)} {
		body, err := resultOf(c).Encode()
		if err != nil {
			t.Fatal(err)
		}
		var keys map[string]any // which are sorted when they are written again
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&keys); err != nil {
			t.Fatal(err)
		}
		sorted, err := json.Marshal(keys)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(sorted), string(body)); diff != "" {
			t.Error(diff)
		}
	}
}

func BenchmarkDecodeResult(b *testing.B) {
	body, err := resultOf(configurationOf(4, 5, 0)).Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeResult(body); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMaxResultBytes encodes results with the longest numbers.
func TestMaxResultBytes(t *testing.T) {
	const longest = -2.2250738585072014e-308
	for _, change := range []func(*Configuration){
		func(*Configuration) {},
		func(c *Configuration) { c.Neurons, c.Timesteps = 5, 2 },
		func(c *Configuration) { c.Neurons, c.Timesteps = 2, 8 },
		func(c *Configuration) { c.Neurons, c.Timesteps, c.Circuit.Layers = 10, 30, 3 },
		func(c *Configuration) { c.Evaluation.HistoryEvery, c.Training.Steps = 1, 5000 },
	} {
		c := Default()
		change(&c)
		vectors, numbers := map[string][]float64{}, map[string]float64{}
		for _, name := range StatisticNames {
			vectors[name] = slices.Repeat([]float64{longest}, StatisticLength(name, c.Neurons, c.Timesteps))
		}
		for _, name := range ErrorNames {
			numbers[name] = longest
		}
		intervals := map[string][2]float64{}
		for _, name := range IntervalNames {
			intervals[name] = [2]float64{longest, longest}
		}
		layer := slices.Repeat([][2]float64{{longest, longest}}, c.Qubits())
		r := Result{
			TrainableParameters: math.MaxInt, Errors: numbers, Floors: numbers, HeldoutErrors: numbers, HeldoutFloors: numbers,
			ErrorIntervals: intervals, HeldoutErrorIntervals: intervals,
			Model: vectors, Data: vectors, Heldout: vectors,
			Angles:  slices.Repeat([][][][2]float64{slices.Repeat([][][2]float64{layer}, c.Circuit.Layers)}, c.Timesteps),
			Samples: slices.Repeat([][]uint32{slices.Repeat([]uint32{math.MaxUint32}, c.Timesteps)}, SampleWindows),
		}
		if c.Neurons*c.Timesteps <= MaxStateBits && c.Evaluation.HistoryEvery > 0 {
			r.History = slices.Repeat([]HistoryPoint{{JSBits: longest, Step: math.MaxInt32}}, c.Training.Steps/c.Evaluation.HistoryEvery+1)
		}
		v := longest
		r.Training = slices.Repeat([]TrainingPoint{{CriticLoss: &v, GeneratorLoss: &v, GradientNorm: v, GradientNormVariance: v, Step: math.MaxInt32}},
			c.Training.Steps/TrainingEvery(c)+1)
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if limit := MaxResultBytes(c); len(body) > limit || len(body) < limit/8 {
			t.Errorf("%s: %d bytes, and the limit is %d", c.Label(), len(body), limit)
		}
	}
}

func TestLargestAngle(t *testing.T) {
	r := Result{Angles: [][][][2]float64{{{{1, -2}, {0.5, 0}}}, {{{0, 1}, {-7, 3}}}}}
	if got := r.LargestAngle(); got != 7 {
		t.Errorf("largest angle %v, want 7", got)
	}
	if got := (Result{}).LargestAngle(); got != 0 {
		t.Errorf("largest angle of none is %v", got)
	}
}

func TestFailureKind(t *testing.T) {
	for message, want := range map[string]string{
		"":                         "",
		"disk full":                "disk full",
		"step 12: update 13 of -1": "step …: update … of …",
		"rate 1e+30, 0.002, 5e-7":  "rate …, …, …",
	} {
		if got := FailureKind(message); got != want {
			t.Errorf("kind of %q is %q, want %q", message, got, want)
		}
	}
}
