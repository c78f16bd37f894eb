package sweep

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Configuration)
		want   string
	}{
		{"auxiliary qubits fit", func(c *Configuration) { c.Neurons, c.Circuit.Auxiliary = 10, 10 }, ""},
		{
			"too many qubits", func(c *Configuration) { c.Neurons, c.Circuit.Auxiliary = 10, 11 },
			"neurons, auxiliary: a patch has neurons + auxiliary qubits, 10 + 11 = 21 here: must be at most 20",
		},
		{
			"empty interval", func(c *Configuration) { c.Circuit.NoiseLow = c.Circuit.NoiseHigh },
			`noise_low, noise_high: noise_low = 3.141592653589793 must be below noise_high = 3.141592653589793; noise = "none" needs neither`,
		},
		{"empty interval without noise", func(c *Configuration) { c.Circuit.NoiseHigh, c.Circuit.Noise = -1, "none" }, ""},
		{"cells listed", func(c *Configuration) { c.Recording.Select = "5,3" }, ""},
		{
			"too few neurons listed", func(c *Configuration) { c.Neurons, c.Recording.Select = 3, "5,3" },
			"select, neurons: 2 neuron numbers are listed for neurons = 3: list at least as many",
		},
		{"blocks held out", func(c *Configuration) { c.Recording.HoldoutTime = 0.2 }, ""},
		{
			"repeats and blocks held out", func(c *Configuration) { c.Recording.Holdout, c.Recording.HoldoutTime = 0.25, 0.2 },
			"holdout, holdout_time: holdout = 0.25 and holdout_time = 0.2 hold out repeats and blocks of the movie: set one of them to 0",
		},
		{
			"noise too wide", func(c *Configuration) { c.Circuit.NoiseLow, c.Circuit.NoiseHigh, c.Circuit.Layers = -1000, 1000, 100 },
			"noise_low, noise_high, method: exact statistics of noise on [-1000, 1000] need 220033 quadrature nodes, at most 32768 are allowed: " +
				`narrow the interval, or choose method = "samples"`,
		},
		{
			"noise wide, but sampled", func(c *Configuration) {
				c.Circuit.NoiseLow, c.Circuit.NoiseHigh, c.Circuit.Layers, c.Evaluation.Method = -1000, 1000, 100, "samples"
			}, "",
		},
		{
			"shifts after postselection", func(c *Configuration) {
				c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout, c.Training.Gradient = 1, "postselect", "parameter_shift"
			},
			`gradient, auxiliary, auxiliary_readout: gradient = "parameter_shift" cannot be combined with auxiliary_readout = "postselect": ` +
				"a renormalised law has no parameter-shift rule",
		},
		{"shifts without auxiliary qubits", func(c *Configuration) {
			c.Circuit.AuxiliaryReadout, c.Training.Gradient = "postselect", "parameter_shift"
		}, ""},
		{"shifts that no critic needs", func(c *Configuration) {
			c.Objective, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout, c.Training.Gradient = "mmd", 1, "postselect", "parameter_shift"
		}, ""},
		{
			"likelihood of a noise vector", func(c *Configuration) { c.Objective, c.Circuit.Noise = "likelihood", "per_qubit" },
			`objective, noise: objective = "likelihood" integrates over one noise angle, and noise = "per_qubit" has one for each qubit: ` +
				`choose noise = "shared" or "none", or objective = "mmd"`,
		},
		{
			"likelihood of noise per layer", func(c *Configuration) { c.Objective, c.Circuit.NoisePerLayer = "likelihood", true },
			`objective, noise_per_layer: objective = "likelihood" integrates over one noise angle, and noise_per_layer = true has one for each encoding: ` +
				`choose noise_per_layer = false, or objective = "mmd"`,
		},
		{"likelihood of noise per patch", func(c *Configuration) {
			c.Objective, c.Circuit.NoisePerPatch, c.Evaluation.Method = "likelihood", true, "samples"
		}, ""},
		{"likelihood without noise", func(c *Configuration) {
			c.Objective, c.Circuit.Noise, c.Circuit.NoisePerLayer = "likelihood", "none", true
		}, ""},
		{
			"likelihood after postselection", func(c *Configuration) {
				c.Objective, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout = "likelihood", 1, "postselect"
			},
			`objective, auxiliary, auxiliary_readout: objective = "likelihood" cannot be combined with auxiliary_readout = "postselect" under noise: ` +
				`a renormalised law is no polynomial, so no fixed number of quadrature nodes is exact; choose "trace", noise = "none", or objective = "mmd"`,
		},
		{"likelihood after postselection without noise", func(c *Configuration) {
			c.Objective, c.Circuit.Auxiliary, c.Circuit.AuxiliaryReadout, c.Circuit.Noise = "likelihood", 1, "postselect", "none"
		}, ""},
		{
			"likelihood of too long windows", func(c *Configuration) { c.Objective, c.Neurons, c.Timesteps = "likelihood", 10, 1000 },
			"objective, noise_low, noise_high, timesteps: the likelihood with noise on [0, 3.141592653589793] needs 34590 quadrature nodes " +
				"for timesteps = 1000, at most 32768 are allowed: narrow the interval, or lower timesteps",
		},
		{"likelihood of long windows of independent steps", func(c *Configuration) {
			c.Objective, c.Neurons, c.Timesteps, c.Circuit.NoisePerPatch = "likelihood", 10, 1000, true
		}, ""},
		{
			"mmd of one sample", func(c *Configuration) { c.Objective, c.Training.BatchSize = "mmd", 1 },
			`objective, batch_size: objective = "mmd" compares the samples of a batch: batch_size = 1 must be at least 2`,
		},
		{
			"more starts than steps", func(c *Configuration) { c.Objective, c.Training.Steps = "likelihood", 7 },
			"objective, restarts, steps: restarts = 8 starts share steps = 7, fewer than one step each: lower restarts, or raise steps",
		},
		{"one start of few steps", func(c *Configuration) { c.Objective, c.Training.Steps, c.Timesteps = "mmd", 7, 9 }, ""},
		{
			"shift of an RBM", func(c *Configuration) { c.Model, c.Training.Gradient = ModelRBM, "parameter_shift" },
			`model, gradient: gradient = "parameter_shift" cannot train model = "rbm", whose probabilities have no parameter-shift rule: choose another gradient`,
		},
		{"an RBM without a critic", func(c *Configuration) {
			c.Model, c.Objective, c.Training.Gradient = ModelRBM, "likelihood", "parameter_shift"
		}, ""},
		{
			"everything at once", func(c *Configuration) {
				c.Model, c.Replicate, c.Timesteps, c.Circuit.Order = "ising", -1, 0, "last"
			},
			`model = "ising": must be "spiqgan", "independent", "psth", "pairwise", "k_pairwise", "population_tracking", "dichotomised_gaussian", "markov", "time_independent", "mixture" or "rbm"` + "\n" +
				"replicate = -1: must be a whole number of at least 0\n" +
				"timesteps = 0: must be a whole number from 1 to 1000\n" +
				`order = "last": must be "encode_first" or "parameters_first"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Default()
			test.change(&c)
			got := ""
			if err := c.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTrainableParameters(t *testing.T) {
	c := Default()
	c.Neurons, c.Timesteps = 10, 30
	if got := c.TrainableParameters(); got != 8*10*30 {
		t.Errorf("the paper's 8n per time step: got %d, want %d", got, 8*10*30)
	}
	c.Circuit.Layers, c.Circuit.Auxiliary = 5, 2
	if got := c.TrainableParameters(); got != 30*5*12*2 {
		t.Errorf("got %d, want %d", got, 30*5*12*2)
	}
}

func TestSampled(t *testing.T) {
	for _, test := range []struct {
		noise, method string
		perLayer      bool
		want          bool
	}{
		{"shared", "exact", false, false},
		{"shared", "samples", false, true},
		{"shared", "exact", true, true},
		{"none", "exact", true, false},
		{"per_qubit", "exact", false, true},
	} {
		c := Default()
		c.Circuit.Noise, c.Evaluation.Method, c.Circuit.NoisePerLayer = test.noise, test.method, test.perLayer
		if got := c.Sampled(); got != test.want {
			t.Errorf("%+v: Sampled = %v", test, got)
		}
	}
}

func TestLikelihoodNodes(t *testing.T) {
	for _, test := range []struct {
		change func(*Configuration)
		want   float64
	}{
		{func(*Configuration) {}, 39},                                                    // ⌈1.1·8·π/4⌉ + 32
		{func(c *Configuration) { c.Timesteps = 30 }, 240},                               // ⌈1.1·30·8·π/4⌉ + 32
		{func(c *Configuration) { c.Timesteps, c.Circuit.NoisePerPatch = 30, true }, 39}, // one integral per patch
		{func(c *Configuration) { c.Timesteps, c.Circuit.Noise, c.Circuit.NoisePerPatch = 30, "none", true }, 1},
	} {
		c := Default()
		test.change(&c)
		if got := c.LikelihoodNodes(); got != test.want {
			t.Errorf("%s: %v nodes, want %v", c.Label(), got, test.want)
		}
	}
}

func TestQuadratureNodes(t *testing.T) {
	for _, test := range []struct {
		change func(*Configuration)
		want   float64
	}{
		{func(*Configuration) {}, 46},                                                                    // ⌈1.1·2·8·π/4⌉ + 32
		{func(c *Configuration) { c.Timesteps = 5 }, 67},                                                 // joint words: ⌈1.1·5·8·π/4⌉ + 32
		{func(c *Configuration) { c.Timesteps = 30 }, 46},                                                // none of them
		{func(c *Configuration) { c.Neurons, c.Timesteps, c.Circuit.FinalEncoding = 10, 30, true }, 119}, // ⌈1.1·2·50·π/4⌉ + 32
		{func(c *Configuration) { c.Circuit.Noise = "none" }, 1},
	} {
		c := Default()
		test.change(&c)
		if got := c.QuadratureNodes(); got != test.want {
			t.Errorf("%s: %v nodes, want %v", c.Label(), got, test.want)
		}
	}
}

func TestLabel(t *testing.T) {
	c := Default()
	c.Neurons, c.Timesteps, c.K, c.Replicate = 4, 5, 0.5, 2
	if got, want := c.Label(), "n=4 t=5 k=0.5 replicate 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	noise, _ := Lookup("noise")
	layers, _ := Lookup("layers")
	if got, want := c.Label(noise, layers), `n=4 t=5 k=0.5 noise="shared" layers=4 replicate 2`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPresets(t *testing.T) {
	want := map[string]func(*Configuration){
		"paper":             func(*Configuration) {},
		"paper-vector":      func(c *Configuration) { c.Circuit.Noise = "per_qubit" },
		"paper-5-encodings": func(c *Configuration) { c.Circuit.FinalEncoding = true },
		"paper-l5":          func(c *Configuration) { c.Circuit.Layers = 5 },
	}
	for name, change := range want {
		c := Default()
		c.Preset, c.Training.Constraint, c.Training.Schedule = name, "none", "constant"
		change(&c)
		if diff := cmp.Diff(c, apply(t, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	ancestors := map[string]func(*Configuration){
		"pqwgan": func(c *Configuration) { c.Circuit.NoiseHigh = 1 },
		"heritage": func(c *Configuration) {
			c.Circuit.NoiseHigh, c.Training.Steps = math.Pi, 500
			c.Training.PenaltyWeight, c.Training.Beta1, c.Training.Beta2 = 10, 0, 0.9
		},
	}
	for name, change := range ancestors {
		c := Default()
		c.Preset, c.Circuit.Noise, c.Circuit.InitialAngles = name, "per_qubit", "uniform_1"
		c.Training.Constraint, c.Training.Schedule = "two_sided", "constant"
		change(&c)
		if diff := cmp.Diff(c, apply(t, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	population := Default()
	population.Preset, population.Training.KLoss = "population", "population"
	if diff := cmp.Diff(population, apply(t, "population")); diff != "" {
		t.Errorf("population (-want +got):\n%s", diff)
	}
	if len(Presets()) != len(want)+len(ancestors)+1 {
		t.Errorf("%d presets, %d of them tested", len(Presets()), len(want)+len(ancestors)+1)
	}
}

func apply(t *testing.T, name string) Configuration {
	t.Helper()
	for _, p := range Presets() {
		if p.Name != name {
			continue
		}
		c := Default()
		if err := p.Apply(&c); err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Fatalf("no preset %q", name)
	return Configuration{}
}

func TestPresetOfWrongValues(t *testing.T) {
	for _, test := range []struct {
		values map[string]any
		want   string
	}{
		{map[string]any{"layer": 4.0}, `preset "x": there is no setting "layer"`},
		{map[string]any{"layers": 0.0}, `preset "x": layers = 0: must be a whole number from 1 to 100`},
	} {
		c := Default()
		if err := (Preset{Name: "x", Values: test.values}).Apply(&c); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestConfigurationFilter(t *testing.T) {
	c := Default()
	c.Neurons, c.Timesteps, c.K, c.Circuit.Entangler, c.Circuit.FinalEncoding = 8, 4, 0.5, "ring", true
	for name, test := range map[string]struct {
		filter ConfigurationFilter
		want   bool
	}{
		"no condition":    {nil, true},
		"whole number":    {ConfigurationFilter{"neurons": 8.0}, true},
		"all of several":  {ConfigurationFilter{"neurons": 8.0, "k": 0.5, "entangler": "ring", "final_encoding": true}, true},
		"another value":   {ConfigurationFilter{"neurons": 8.0, "timesteps": 5.0}, false},
		"of another type": {ConfigurationFilter{"neurons": "8"}, false},
		"no setting":      {ConfigurationFilter{"neuron": 8.0}, false},
		"the model":       {ConfigurationFilter{ModelKey: ModelSpiQGAN}, true},
		"another model":   {ConfigurationFilter{ModelKey: "psth"}, false},
	} {
		if got := test.filter.Has(c); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	psth, err := c.Baseline("psth")
	if err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[*ConfigurationFilter]bool{
		{}:                                     true,
		{ModelKey: "psth", "neurons": 8.0}:     true,
		{ModelKey: ModelSpiQGAN}:               false,
		{"k": psth.K}:                          false, // its value is the default, which psth does not read
		{"neurons": 8.0, "steps": 3000.0}:      false,
		{"neurons": 8.0, "timesteps": 4.0}:     true,
		{"neurons": 8.0, "entangler": "chain"}: false,
	} {
		if got := filter.Has(psth); got != want {
			t.Errorf("%v: %v for psth, want %v", *filter, got, want)
		}
	}
}
