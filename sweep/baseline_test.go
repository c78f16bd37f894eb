package sweep

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestABaselineIgnoresWhatItDoesNotRead draws configurations that differ in such
// settings alone, and requires one baseline of both.
func TestABaselineIgnoresWhatItDoesNotRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawConfiguration(t)
		model := rapid.SampledFrom(Baselines).Draw(t, "model")
		b := a
		for _, s := range Settings() {
			if !s.ReadByModel(model) {
				drawSetting(t, s, &b)
			}
		}
		of, err := a.Baseline(model)
		other, otherErr := b.Baseline(model)
		if of != other || fmt.Sprint(err) != fmt.Sprint(otherErr) {
			t.Errorf("two baselines:\n%+v, %v\n%+v, %v", of, err, other, otherErr)
		}
		if err != nil {
			return
		}
		again, err := DecodeConfiguration(Canonical(of))
		if err != nil || string(Canonical(again)) != string(Canonical(of)) {
			t.Errorf("decoded %s: %v", Canonical(of), err)
		}
		if slices.Equal(Canonical(of), Canonical(a)) {
			t.Error("a baseline is the same task as the trained model")
		}
	})
}

func TestBaselinesAreNotDefinedEverywhere(t *testing.T) {
	for _, test := range []struct {
		model              string
		neurons, timesteps int
		want               string
	}{
		{"pairwise", 12, 1, ""},
		{"pairwise", 13, 1, `the baseline "pairwise" needs neurons of at most 12`},
		{"independent", 16, 1, ""},
		{"independent", 17, 1, `the baseline "independent" needs neurons of at most 16`},
		{"markov", 2, 1, `the baseline "markov" needs timesteps of at least 2`},
		{"time_independent", 16, 2, ""},
		{"time_independent", 17, 2, `the baseline "time_independent" needs neurons of at most 16`},
		{ModelMixture, 20, 1, ""},
		{ModelRBM, 20, 1, ""},
		{ModelRBM, 1, 1, ""},
		{"ising", 2, 1, `there is no baseline "ising"`},
	} {
		c := Default()
		c.Neurons, c.Timesteps = test.neurons, test.timesteps
		b, err := c.Baseline(test.model)
		got := ""
		if err != nil {
			got = err.Error()
		} else if err := b.Validate(); err != nil {
			t.Error(err)
		}
		if got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func TestLabelOfABaseline(t *testing.T) {
	c := Default()
	c.Timesteps, c.K, c.Replicate = 5, 1, 2
	b, err := c.Baseline("k_pairwise")
	if err != nil {
		t.Fatal(err)
	}
	selection, _ := Lookup("select")
	entangler, _ := Lookup("entangler")
	if got := b.Label(entangler, selection); got != `k_pairwise n=2 t=5 select="most_active"` {
		t.Error(got)
	}
}

// TestValidateOfABaseline changes one thing of a valid result at a time.
func TestValidateOfABaseline(t *testing.T) {
	c, err := Default().Baseline("pairwise")
	if err != nil {
		t.Fatal(err)
	}
	valid := func() Result {
		r := resultOf(Default())
		r.Angles, r.History, r.TrainableParameters = nil, nil, 3
		r.Parameters = map[string][]float64{"law": {0.5, 0.25, 0.25, 0}}
		return r
	}
	if err := valid().Validate(c); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Result){
		"angles":             func(r *Result) { r.Angles = [][][][2]float64{{{{1, 2}}}} },
		"history":            func(r *Result) { r.History = []HistoryPoint{{Step: 0, JSBits: 0.5}} },
		"no parameters":      func(r *Result) { r.Parameters = nil },
		"other parameters":   func(r *Result) { r.Parameters = map[string][]float64{"rates": {0.5, 0.5}} },
		"a short law":        func(r *Result) { r.Parameters["law"] = []float64{0.5, 0.5} },
		"not a distribution": func(r *Result) { r.Parameters["law"][3] = 0.5 },
		"negative":           func(r *Result) { r.Parameters["law"] = []float64{1.5, -0.5, 0, 0} },
		"uncounted":          func(r *Result) { r.TrainableParameters = 0 },
	} {
		r := valid()
		if change(&r); r.Validate(c) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	body, err := valid().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := readResult(body); !ok {
		t.Errorf("the fast decoder rejects %s", body)
	}
	if size := MaxResultBytes(c); len(body) > size {
		t.Errorf("%d bytes, more than MaxResultBytes %d", len(body), size)
	}
}

// TestRBMHasAHiddenUnit checks that there is no RBM with as few angles as a circuit of one
// layer has.
func TestRBMHasAHiddenUnit(t *testing.T) {
	c := Default()
	c.Circuit.Layers = 1
	want := `the baseline "rbm" needs layers of at least 2: a circuit of one layer has too few angles for a hidden unit`
	if _, err := c.Baseline(ModelRBM); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	c.Circuit.Layers = 2
	if _, err := c.Baseline(ModelRBM); err != nil {
		t.Error(err)
	}
}
