package runner

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
)

// TestEverySettingReachesTheSimulator changes one setting at a time and requires a
// different training.
func TestEverySettingReachesTheSimulator(t *testing.T) {
	ignored := map[string]string{
		"model": "chooses the runner", "preset": "a label",
		"source": "the raster", "select": "the raster", "clip": "the raster", "axes": "the raster", "variable": "the raster", "duration_s": "the raster", "bin_ms": "dataKey", "holdout": "dataKey", "holdout_time": "dataKey",
		"method": "Configuration.Sampled", "samples": "newModel", "history_every": "newHistory",
	}
	said := func(c sweep.Configuration) string {
		return fmt.Sprintf("%+v %+v", settingsOf(c, portable()), addressOf(c))
	}
	base := sweep.Default()
	for _, setting := range sweep.Settings() {
		if _, ok := ignored[setting.Name]; ok {
			continue
		}
		changed := base
		if err := setting.Set(&changed, anotherValue(t, setting, base)); err != nil {
			t.Fatal(err)
		}
		if said(changed) == said(base) {
			t.Errorf("%s does not reach the simulator", setting.Name)
		}
	}
}

func anotherValue(t *testing.T, s sweep.Setting, c sweep.Configuration) any {
	t.Helper()
	switch value := s.Value(c).(type) {
	case bool:
		return !value
	case string:
		for _, other := range s.Values {
			if other != value {
				return other
			}
		}
	case float64:
		for _, other := range []float64{value + 1, 0.5, 0.25} {
			if other != value && s.Check(other) == nil {
				return other
			}
		}
	}
	t.Fatalf("%s has no other value", s.Name)
	return nil
}

func TestNoise(t *testing.T) {
	shared := statistics.Noise{Kind: statistics.Shared, Low: 0, High: 3, Degree: 8, Polynomial: true}
	with := func(change func(*statistics.Noise)) statistics.Noise {
		n := shared
		change(&n)
		return n
	}
	tests := map[string]struct {
		settings []any
		want     statistics.Noise
	}{
		"shared":         {nil, shared},
		"final encoding": {[]any{"final_encoding", true}, with(func(n *statistics.Noise) { n.Degree = 10 })},
		"per patch":      {[]any{"noise_per_patch", true}, with(func(n *statistics.Noise) { n.Kind = statistics.PerPatch })},
		"none":           {[]any{"noise", "none"}, with(func(n *statistics.Noise) { n.Kind = statistics.None })},
		"traced":         {[]any{"auxiliary", 1.0}, with(func(n *statistics.Noise) { n.Degree = 12 })},
		"postselected": {[]any{"auxiliary", 1.0, "auxiliary_readout", "postselect"}, with(func(n *statistics.Noise) {
			n.Degree, n.Polynomial = 12, false
		})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			task := smallTask(t, 2, 1, append(test.settings, "noise_high", 3.0)...)
			if diff := cmp.Diff(test.want, generatorOf(task.Configuration, portable()).Noise()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
