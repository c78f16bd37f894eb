package grid_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

func TestReadFilter(t *testing.T) {
	for name, test := range map[string]struct {
		settings map[string]string
		want     sweep.ConfigurationFilter
		fault    string
	}{
		"nothing":          {nil, sweep.ConfigurationFilter{}, ""},
		"short names":      {map[string]string{"n": "8", "t": "4", "k": "0.5"}, sweep.ConfigurationFilter{"neurons": 8.0, "timesteps": 4.0, "k": 0.5}, ""},
		"long names":       {map[string]string{"neurons": "8", "timesteps": "4"}, sweep.ConfigurationFilter{"neurons": 8.0, "timesteps": 4.0}, ""},
		"a bare text":      {map[string]string{"entangler": "ring"}, sweep.ConfigurationFilter{"entangler": "ring"}, ""},
		"a quoted text":    {map[string]string{"entangler": `"ring"`}, sweep.ConfigurationFilter{"entangler": "ring"}, ""},
		"true":             {map[string]string{"final_encoding": "true"}, sweep.ConfigurationFilter{"final_encoding": true}, ""},
		"an expression":    {map[string]string{"noise_high": "pow(2, 1)"}, sweep.ConfigurationFilter{"noise_high": 2.0}, ""},
		"a model":          {map[string]string{"model": "psth"}, sweep.ConfigurationFilter{"model": "psth"}, ""},
		"a quoted model":   {map[string]string{"model": `"spiqgan"`}, sweep.ConfigurationFilter{"model": "spiqgan"}, ""},
		"unknown model":    {map[string]string{"model": "pshh"}, nil, `model = "pshh": must be "spiqgan", "independent", `},
		"similar model":    {map[string]string{"model": "pairwize"}, nil, `did you mean "pairwise"?`},
		"neurons":          {map[string]string{"select": "[50, 2, 16]"}, sweep.ConfigurationFilter{"select": "50,2,16"}, ""},
		"one neuron":       {map[string]string{"select": "50"}, sweep.ConfigurationFilter{"select": "50"}, ""},
		"negative zero":    {map[string]string{"k": "-0"}, sweep.ConfigurationFilter{"k": 0.0}, ""},
		"unknown name":     {map[string]string{"neuron": "8"}, nil, `"neuron": there is no such setting; did you mean "neurons"?`},
		"unlike any name":  {map[string]string{"n": "8", "foo": "4"}, nil, `"foo": there is no such setting; there are n, t, preset, objective, neurons, timesteps, k, `},
		"unknown value":    {map[string]string{"entangler": "rimg"}, nil, `did you mean "ring"?`},
		"out of range":     {map[string]string{"n": "80"}, nil, "neurons = 80: must be a whole number from 1 to 20"},
		"no number":        {map[string]string{"n": "many"}, nil, `neurons = "many": must be a whole number`},
		"too small":        {map[string]string{"k": "2.78e-309"}, nil, `k = "2.78e-309": this number is out of range: it must be 0, or have a size from 5.6e-309 to 1.8e+308`},
		"too large":        {map[string]string{"k": "-1e999"}, nil, `k = "-1e999": this number is out of range`},
		"beyond any":       {map[string]string{"k": "1e99999999999"}, nil, `k = "1e99999999999": this number is out of range`},
		"a text like it":   {map[string]string{"entangler": "1e999"}, nil, `entangler = "1e999": must be`},
		"nothing at all":   {map[string]string{"n": ""}, nil, `neurons = "": must be`},
		"all at once":      {map[string]string{"n": "x", "m": "1"}, nil, `"m": there is no such setting`},
		"twice":            {map[string]string{"n": "2", "neurons": "4"}, nil, "neurons is given twice: 2 and 4"},
		"twice, but equal": {map[string]string{"n": "2", "neurons": "2.0"}, sweep.ConfigurationFilter{"neurons": 2.0}, ""},
	} {
		got, err := grid.ReadFilter(test.settings)
		if (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: error %v, want %q", name, err, test.fault)
		}
		if err == nil && !cmp.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// FuzzReadFilter checks that a filter is read back from what Format writes.
func FuzzReadFilter(f *testing.F) {
	for _, seed := range [][2]string{{"n", "8"}, {"k", "1e-3"}, {"entangler", `"chain"`}, {"select", "[3,1]"}, {"final_encoding", "true"}, {"model", "psth"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		filter, err := grid.ReadFilter(map[string]string{name: value})
		if err != nil {
			return
		}
		written := map[string]string{}
		for setting, v := range filter {
			written[setting] = sweep.Format(v)
		}
		again, err := grid.ReadFilter(written)
		if err != nil || !cmp.Equal(filter, again) {
			t.Fatalf("%s = %s is %v, then %v (%v)", name, value, filter, again, err)
		}
	})
}
