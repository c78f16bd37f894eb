package sweep

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTableCoversConfiguration checks that every field of Configuration is a setting
// of its name and block, and that every setting is documented.
func TestTableCoversConfiguration(t *testing.T) {
	want := map[string]string{}
	fields(reflect.TypeFor[Configuration](), "", want)
	delete(want, "model") // decided by the row, not by a setting
	delete(want, "replicate")
	got := map[string]string{}
	pointers := map[any]string{}
	c := new(Configuration)
	for _, s := range Settings() {
		got[s.Name] = s.Block
		if other, taken := pointers[s.field(c)]; taken {
			t.Errorf("%s and %s are the same field", s.Name, other)
		}
		pointers[s.field(c)] = s.Name
		if s.Doc == "" || strings.ContainsAny(s.Doc, "\n") {
			t.Errorf("%s: Doc = %q, want one line", s.Name, s.Doc)
		}
		if (s.When == "") != (s.reads == nil) {
			t.Errorf("%s: When = %q, but its function says otherwise", s.Name, s.When)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings by block (-Configuration +table):\n%s", diff)
	}
}

// fields collects the JSON names of a struct with their blocks.
func fields(t reflect.Type, block string, into map[string]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("json")
		if f.Type.Kind() == reflect.Struct {
			fields(f.Type, name, into)
			continue
		}
		into[name] = block
	}
}

func TestAccessorsMatchNames(t *testing.T) {
	for _, s := range Settings() {
		c := Default()
		changed := otherValue(t, s)
		if err := s.Set(&c, changed); err != nil {
			t.Fatalf("Set(%v): %v", changed, err)
		}
		if got := s.Value(c); got != changed {
			t.Errorf("%s: Value = %v after Set(%v)", s.Name, got, changed)
		}
		if got := fieldByTag(reflect.ValueOf(c), s.Name); !reflect.DeepEqual(got, changed) {
			t.Errorf("%s: the field of this name holds %v after Set(%v)", s.Name, got, changed)
		}
	}
}

// otherValue returns an allowed value that is not the default.
func otherValue(t *testing.T, s Setting) any {
	t.Helper()
	switch d := s.Default.(type) {
	case bool:
		return !d
	case string:
		for _, v := range s.Values {
			if v != d {
				return v
			}
		}
		if s.pattern != nil && s.pattern.admits("spikes") {
			return "spikes"
		}
	case float64:
		for _, v := range []float64{d + 1, d / 2, 0.5} {
			if v != d && s.Check(v) == nil {
				return v
			}
		}
	}
	t.Fatalf("%s: no value other than %v", s.Name, s.Default)
	return nil
}

func fieldByTag(v reflect.Value, name string) any {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Struct {
			if got := fieldByTag(f, name); got != nil {
				return got
			}
			continue
		}
		if v.Type().Field(i).Tag.Get("json") != name {
			continue
		}
		if f.CanInt() {
			return float64(f.Int())
		}
		if f.CanUint() {
			return float64(f.Uint())
		}
		return f.Interface()
	}
	return nil
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		want  string // "" is no error
	}{
		{"neurons", 1.0, ""},
		{"neurons", 20.0, ""},
		{"neurons", 21.0, "neurons = 21: must be a whole number from 1 to 20"},
		{"neurons", 0.0, "neurons = 0: must be a whole number from 1 to 20"},
		{"neurons", 2.5, "neurons = 2.5: must be a whole number from 1 to 20"},
		{"neurons", "4", `neurons = "4": must be a whole number from 1 to 20`},
		{"neurons", nil, "neurons = <nil>: must be a whole number from 1 to 20"},
		{"k", 0.0, ""},
		{"k", 0.25, ""},
		{"k", -1.0, "k = -1: must be a number from 0 to 1e+37"},
		{"k", math.Inf(1), "k = +Inf: must be a number from 0 to 1e+37"},
		{"k", math.NaN(), "k = NaN: must be a number from 0 to 1e+37"},
		{"seed", float64(1<<53 - 1), ""},
		{"seed", float64(1 << 53), "seed = 9.007199254740992e+15: must be a whole number from 0 to 9007199254740991"},
		{"holdout", 0.99, ""},
		{"holdout", 1.0, "holdout = 1: must be a number from 0 to below 1"},
		{"generator_learning_rate", 0.0, "generator_learning_rate = 0: must be a number from 1e-37 to 1e+37"},
		{"noise_low", -3.5, ""},
		{"noise_low", math.Inf(-1), "noise_low = -Inf: must be a number from -1000 to 1000"},
		{"final_encoding", true, ""},
		{"final_encoding", 1.0, "final_encoding = 1: must be true or false"},
		{"entangler", "ring", ""},
		{"entangler", "chian", `entangler = "chian": must be "chain", "ring", "brick" or "none"`},
		{"entangler", true, `entangler = true: must be "chain", "ring", "brick" or "none"`},
		{"objective", "likelihood", ""},
		{"objective", "gan", `objective = "gan": must be "wgan", "likelihood" or "mmd"`},
		{"select", "first", ""},
		{"select", "50,2,16", ""},
		{"select", "0", ""},
		{"select", "50,2,50", `select = "50,2,50": must be "most_active", "first", "random" or distinct neuron numbers such as [50, 2, 16]`},
		{"select", "-1", `select = "-1": must be "most_active", "first", "random" or distinct neuron numbers such as [50, 2, 16]`},
		{"select", "1, 2", `select = "1, 2": must be "most_active", "first", "random" or distinct neuron numbers such as [50, 2, 16]`},
		{"select", "", `select = "": must be "most_active", "first", "random" or distinct neuron numbers such as [50, 2, 16]`},
		{"preset", "paper-l5", ""},
	} {
		s, ok := Lookup(test.name)
		if !ok {
			t.Fatalf("Lookup(%q) found nothing", test.name)
		}
		got := ""
		c := Default()
		if err := s.Set(&c, test.value); err != nil {
			got = err.Error()
			if diff := cmp.Diff(Default(), c); diff != "" {
				t.Errorf("Set(%v) failed, but changed the configuration:\n%s", test.value, diff)
			}
		}
		if got != test.want {
			t.Errorf("%s = %v:\n got %s\nwant %s", test.name, test.value, got, test.want)
		}
	}
}

func TestMinusZeroIsZero(t *testing.T) {
	s, _ := Lookup("k")
	c := Default()
	if err := s.Set(&c, math.Copysign(0, -1)); err != nil {
		t.Fatal(err)
	}
	if math.Signbit(c.K) {
		t.Error("k = −0 was kept, and would be another task than k = 0")
	}
}

func TestLookupOfNothing(t *testing.T) {
	if s, ok := Lookup("no_such_setting"); ok {
		t.Errorf("Lookup found %q", s.Name)
	}
}

func TestSettingsIsACopy(t *testing.T) {
	Settings()[0].Name = "changed"
	if Settings()[0].Name == "changed" {
		t.Error("a caller can change the table")
	}
}

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{2000000.0, "2000000"},
		{0.05, "0.05"},
		{1e-9, "1e-09"},
		{1e22, "1e+22"},
		{math.Pi, "3.141592653589793"},
		{true, "true"},
		{"ring", `"ring"`},
	} {
		if got := Format(test.value); got != test.want {
			t.Errorf("Format(%v) = %s, want %s", test.value, got, test.want)
		}
	}
}
