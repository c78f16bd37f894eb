package sweep

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// resultOf makes a valid result with every field set.
func resultOf(c Configuration) Result {
	r := Result{TrainableParameters: c.TrainableParameters()}
	check := resultCheck{c: c}
	errs, floors := map[string]float64{}, map[string]float64{}
	for i, name := range ErrorNames {
		if !check.defined(name) {
			continue
		}
		errs[name] = 0.001 * float64(i+1)
		if name != "js_k_probability_bits" {
			floors[name] = 1e-7 * float64(i+1)
		}
	}
	r.Errors, r.Floors = errs, floors
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
	if c.Recording.Holdout > 0 {
		r.HeldoutErrors, r.HeldoutFloors, r.Heldout = errs, floors, vectors()
	}
	if c.HasState() {
		r.History = []HistoryPoint{{0, 0.5}, {c.Training.Steps, 0.01}}
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

// The bytes of a result decide whether two runs agree: they must not drift.
func TestGoldenResult(t *testing.T) {
	c := configurationOf(2, 2, 0.25)
	c.Circuit.Layers = 1
	r := resultOf(c)
	r.Samples = r.Samples[:1]
	body, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "result.golden", string(body)+"\n"+Digest(body)+"\n")
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
		{"longer number", strings.Replace(good, "0.001", "0.0010", 1), "not in canonical form"},
		{"trailing data", good + good, "something follows"},
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
		{"negative error", func(r *Result) { r.Errors["covariance"] = -1e-3 }, "errors: covariance = -0.001: must be finite"},
		{"NaN error", func(r *Result) { r.Errors["covariance"] = math.NaN() }, "errors: covariance = NaN"},
		{"infinite floor", func(r *Result) { r.Floors["covariance"] = math.Inf(1) }, "floors: covariance = +Inf"},
		{"unknown error", func(r *Result) { r.Errors["mse"] = 1 }, `errors: "mse" is no error of n=3 t=2`},
		{"floor without meaning", func(r *Result) { r.Floors["js_k_probability_bits"] = 0 }, "has no floor"},
		{"divergence", func(r *Result) { r.Errors["js_bits"] = 1.1 }, "errors: js_bits = 1.1: must be from 0 to 1"},
		{"missing vector", func(r *Result) { delete(r.Model, "k_probability") }, "model: k_probability is missing"},
		{"short vector", func(r *Result) { r.Data["firing_rate_hz"] = []float64{1} }, "data: firing_rate_hz has 1 elements: must be 3"},
		{"infinite rate", func(r *Result) { r.Data["firing_rate_hz"][0] = math.Inf(1) }, "data: firing_rate_hz holds a number that is not finite"},
		{"unknown vector", func(r *Result) { r.Heldout["psth"] = nil }, `heldout: "psth" is no statistic`},
		{"negative probability", func(r *Result) { r.Model["k_probability"] = []float64{-0.5, 1.5, 0, 0} }, "model: k_probability is no probability distribution"},
		{"sum of probabilities", func(r *Result) { r.Model["state"][0] = 0.5 }, "model: state is no probability distribution"},
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
	r.History = []HistoryPoint{{0, 0.5}}
	r.Heldout = map[string][]float64{}
	r.Errors["js_bits"] = 0.1
	err := r.Validate(c)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"history of n·t = 20: none is kept above 16",
		"held-out numbers without a holdout",
		`errors: "js_bits" is no error of n=4 t=5`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want also %q", err, want)
		}
	}
}

// A model that never fires has no autocorrelogram: that is no fault.
func TestResultMayMissUndefinedStatistics(t *testing.T) {
	c := configurationOf(3, 4, 0)
	r := resultOf(c)
	delete(r.Errors, "autocorrelogram")
	delete(r.Model, "autocorrelogram")
	if err := r.Validate(c); err != nil {
		t.Error(err)
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
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := DecodeResult(body)
		if err != nil {
			return
		}
		if err := r.Validate(Default()); err == nil && r.TrainableParameters != Default().TrainableParameters() {
			t.Error("accepted with a wrong number of parameters")
		}
	})
}
