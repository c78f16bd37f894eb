package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestIdentityDifferencesDecideTheID checks that two configurations have tasks with the same
// ID exactly if IdentityDifferences finds none.
func TestIdentityDifferencesDecideTheID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Default()
		b := a
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			s := rapid.SampledFrom(Settings()).Draw(t, "setting")
			value := s.Default
			switch s.Kind() {
			case Boolean:
				value = rapid.Bool().Draw(t, "value")
			case Text:
				value = rapid.SampledFrom(s.Values).Draw(t, "value")
			case Whole, Real:
				value = rapid.SampledFrom([]any{s.Default, s.Range.Low}).Draw(t, "value")
			}
			c := rapid.SampledFrom([]*Configuration{&a, &b}).Draw(t, "which")
			if err := s.Set(c, value); err != nil {
				t.Fatal(err)
			}
		}
		id := func(c Configuration) TaskID { return NewTaskID(c, "digest", Numerics, "class") }
		differences := IdentityDifferences(a, b)
		if (len(differences) == 0) != (id(a) == id(b)) {
			t.Fatalf("IDs %s and %s, differences %v", id(a), id(b), differences)
		}
	})
}

func TestIdentityDifferences(t *testing.T) {
	a := Default()
	b := a
	b.K, b.Replicate = 1, 2
	want := []SettingDifference{{"k", 0.0, 1.0}, {"k_loss", nil, "absolute"}, {"replicate", 0.0, 2.0}}
	if diff := cmp.Diff(want, IdentityDifferences(a, b)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
