package sweep

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/deploy/golden"
)

// TestGoldenIDs checks that IDs change only together with Numerics. Otherwise every
// stored result would be lost.
func TestGoldenIDs(t *testing.T) {
	var got strings.Builder
	for _, test := range []struct {
		name   string
		change func(*Configuration)
	}{
		{"default", func(*Configuration) {}},
		{"large", func(c *Configuration) { c.Neurons, c.Timesteps, c.K, c.Replicate, c.Seed = 10, 30, 1, 4, 7 }},
		{"clip, no noise", func(c *Configuration) { c.Training.Constraint, c.Circuit.Noise = "clip", "none" }},
		{"per qubit, auxiliary", func(c *Configuration) { c.Circuit.Noise, c.Circuit.Auxiliary = "per_qubit", 1 }},
		{"likelihood", func(c *Configuration) { c.Objective, c.K = "likelihood", 1 }},
		{"mmd of long windows", func(c *Configuration) { c.Objective, c.Neurons, c.Timesteps = "mmd", 10, 30 }},
	} {
		c := Default()
		test.change(&c)
		id := NewTaskID(c, strings.Repeat("ab", 32), 1, "portable/amd64")
		got.WriteString(test.name + "\n" + string(Canonical(c)) + "\n" + string(id) + "\n\n")
	}
	golden.Compare(t, "testdata/ids.golden", got.String())
}

// TestCanonicalHasTheSettingsThatAreRead checks that a setting changes the canonical
// form exactly if the configuration reads it.
func TestCanonicalHasTheSettingsThatAreRead(t *testing.T) {
	base := Default()
	penalised, clipped, kLoss, auxiliary := base, base, base, base
	clipped.Training.Constraint = "clip"
	kLoss.K = 1
	auxiliary.Circuit.Auxiliary = 1
	silent, vector, sampled, long := base, base, base, base
	silent.Circuit.Noise = "none"
	vector.Circuit.Noise = "per_qubit"
	sampled.Evaluation.Method = "samples"
	long.Neurons, long.Timesteps = 4, 5
	likely, likelyLong, discrepant := base, long, base
	likely.Objective, likelyLong.Objective, discrepant.Objective = "likelihood", "likelihood", "mmd"
	for _, test := range []struct {
		name       string
		c          Configuration
		read, free string // settings, by name
	}{
		{"defaults", penalised, "penalty_weight noise_low noise_per_patch history_every method holdout seed", "clip_bound k_loss auxiliary_readout samples source select clip preset"},
		{"clip", clipped, "clip_bound", "penalty_weight"},
		{"k-loss", kLoss, "k_loss", ""},
		{"auxiliary", auxiliary, "auxiliary_readout", ""},
		{"no noise", silent, "method", "noise_low noise_high noise_per_patch noise_per_layer"},
		{"noise vector", vector, "samples", "method"},
		{"sampled", sampled, "samples method", ""},
		{"no state distribution", long, "", "history_every"},
		{"wgan", base, "objective k gradient batch_size", "restarts"},
		{
			"likelihood", likely, "objective restarts steps schedule average generator_learning_rate beta1 noise_high initial_angles",
			"batch_size k k_loss gradient constraint penalty_weight critic_updates hidden_units critic_learning_rate",
		},
		{"likelihood of long windows", likelyLong, "batch_size", "restarts k"},
		{"mmd", discrepant, "objective restarts batch_size", "k gradient constraint penalty_weight clip_bound hidden_units"},
	} {
		id := NewTaskID(test.c, "digest", 1, "class")
		changed := func(name string) TaskID {
			s, ok := Lookup(name)
			if !ok {
				t.Fatalf("no setting %q", name)
			}
			c := test.c
			if err := s.Set(&c, otherValueThan(t, s, s.Value(c))); err != nil {
				t.Fatal(err)
			}
			return NewTaskID(c, "digest", 1, "class")
		}
		for _, name := range strings.Fields(test.read) {
			if changed(name) == id {
				t.Errorf("%s: another %s is the same task", test.name, name)
			}
		}
		for _, name := range strings.Fields(test.free) {
			if changed(name) != id {
				t.Errorf("%s: another %s is another task", test.name, name)
			}
		}
	}
}

func otherValueThan(t *testing.T, s Setting, value any) any {
	t.Helper()
	if other := otherValue(t, s); other != value {
		return other
	}
	return s.Default
}

func TestTaskIDHasItsParts(t *testing.T) {
	c := Default()
	other := c
	other.Replicate = 1
	seen := map[TaskID]string{}
	for name, id := range map[string]TaskID{
		"base":      NewTaskID(c, "digest", 1, "class"),
		"replicate": NewTaskID(other, "digest", 1, "class"),
		"recording": NewTaskID(c, "digest2", 1, "class"),
		"numerics":  NewTaskID(c, "digest", 2, "class"),
		"class":     NewTaskID(c, "digest", 1, "class2"),
	} {
		if twin, taken := seen[id]; taken {
			t.Errorf("%s and %s have the same ID", name, twin)
		}
		seen[id] = name
	}
}

// TestLaterSettingIsWrittenOnlyWhereItDiffers checks that a new setting does not
// change older IDs.
func TestLaterSettingIsWrittenOnlyWhereItDiffers(t *testing.T) {
	later := Settings()
	for i := range later {
		if later[i].Name == "average" {
			later[i].implied = 0.5
		}
	}
	c := Default()
	c.Training.Average = 0.5
	if strings.Contains(string(newForm(later).encode(c)), "average") {
		t.Error("the implied value is written")
	}
	c.Training.Average = 0
	if !strings.Contains(string(newForm(later).encode(c)), `"average":0`) {
		t.Error("another value is not written")
	}
	if got := older(later).Training.Average; got != 0.5 {
		t.Errorf("what is not written is read as %v, want the implied 0.5", got)
	}
}

func TestDecodeConfiguration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfiguration(t)
		body := Canonical(c)
		got, err := DecodeConfiguration(body)
		if err != nil {
			t.Fatal(err)
		}
		slowly, err := decodeConfiguration(body)
		if diff := cmp.Diff(slowly, got); diff != "" || err != nil {
			t.Fatalf("%v (-by encoding/json +got):\n%s", err, diff)
		}
		if restored, ok := canonicalForm.read(body); !ok || restored != got {
			t.Fatalf("read fast, %v, as %+v", ok, restored)
		}
		if diff := cmp.Diff(string(body), string(Canonical(got))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		for _, s := range Settings() {
			if s.outside || !s.ReadBy(c) || s.Name == "method" {
				continue
			}
			if s.Value(got) != s.Value(c) {
				t.Fatalf("%s = %v, want %v", s.Name, s.Value(got), s.Value(c))
			}
		}
	})
}

// TestCanonicalProperty compares with encoding/json, which sorts maps.
func TestCanonicalProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfiguration(t)
		if diff := cmp.Diff(string(canonicalByMaps(settings, c)), string(Canonical(c))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func canonicalByMaps(table []Setting, c Configuration) []byte {
	if c.Sampled() {
		c.Evaluation.Method = "samples"
	}
	top := map[string]any{"model": c.Model, "replicate": c.Replicate}
	blocks := map[string]map[string]any{"": top}
	for _, s := range table {
		value := s.Value(c)
		if s.outside || !s.ReadBy(c) || s.implied != nil && value == s.implied {
			continue
		}
		if blocks[s.Block] == nil {
			blocks[s.Block] = map[string]any{}
			top[s.Block] = blocks[s.Block]
		}
		blocks[s.Block][s.Name] = value
	}
	body, err := json.Marshal(top)
	if err != nil {
		panic(fmt.Sprintf("sweep: a configuration that was not validated: %v", err))
	}
	return body
}

func BenchmarkCanonical(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Canonical(Default())
	}
}

// drawConfiguration draws any valid configuration.
func drawConfiguration(t *rapid.T) Configuration {
	c := Default()
	for _, s := range Settings() {
		drawSetting(t, s, &c)
	}
	c.Replicate = rapid.IntRange(0, 5).Draw(t, "replicate")
	if rapid.Bool().Draw(t, "hold out repeats") { // only one of the two
		c.Recording.HoldoutTime = 0
	} else {
		c.Recording.Holdout = 0
	}
	if c.Validate() != nil {
		t.Skip("settings in conflict")
	}
	return c
}

// drawSetting draws any allowed value of a setting.
func drawSetting(t *rapid.T, s Setting, c *Configuration) {
	var value any
	switch s.Kind() {
	case Boolean:
		value = rapid.Bool().Draw(t, s.Name)
	case Text:
		value = rapid.SampledFrom(s.Values).Draw(t, s.Name)
	case Whole:
		value = s.Range.Low + float64(rapid.IntRange(0, int(min(s.Range.High-s.Range.Low, 15))).Draw(t, s.Name))
	default:
		value = rapid.Float64Range(max(s.Range.Low, -1e3), min(s.Range.High, 1e3)).Draw(t, s.Name)
	}
	if s.Check(value) != nil {
		return // an open end
	}
	if err := s.Set(c, value); err != nil {
		t.Fatal(err)
	}
}

func TestDecodeConfigurationRefuses(t *testing.T) {
	good := string(Canonical(Default()))
	for _, test := range []struct{ name, body, want string }{
		{"nothing", "", "EOF"},
		{"unknown setting", strings.Replace(good, `"layers"`, `"layer"`, 1), `unknown field "layer"`},
		{"white space", strings.Replace(good, ":", ": ", 1), "not in canonical form"},
		{"a default that was not written", strings.Replace(good, `"k":0,`, "", 1), "not in canonical form"},
		{"what nothing reads", strings.Replace(good, `"k":0,`, `"k":0,"preset":"paper",`, 1), "not in canonical form"},
		{"out of range", strings.Replace(good, `"layers":4`, `"layers":0`, 1), "layers = 0: must be"},
		{"trailing data", good + "{}", "unexpected text after"},
		{"number too large", strings.Replace(good, `"k":0,`, `"k":1e999,`, 1), "cannot unmarshal"},
	} {
		_, err := DecodeConfiguration([]byte(test.body))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.want)
		}
	}
}

func TestCanonicalRefusesNaN(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NaN was encoded")
		}
	}()
	c := Default()
	var zero float64
	c.K = zero / zero
	Canonical(c)
}

func FuzzDecodeConfiguration(f *testing.F) {
	f.Add(Canonical(Default()))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := DecodeConfiguration(body)
		slowly, fault := decodeConfiguration(body)
		if c != slowly || (err == nil) != (fault == nil) {
			t.Errorf("%q: %v, by encoding/json %v", body, err, fault)
		}
		if err != nil {
			return
		}
		if !json.Valid(body) || c.Validate() != nil {
			t.Errorf("%q was accepted", body)
		}
	})
}
