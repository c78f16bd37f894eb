package sweep

import (
	"math"
	"testing"
)

// TestMemoryGrows checks that a larger configuration takes more memory, and that the estimate is
// finite at the limits.
func TestMemoryGrows(t *testing.T) {
	base := Default()
	base.Neurons, base.Timesteps = 16, 2
	for name, change := range map[string]func(*Configuration){
		"neurons":      func(c *Configuration) { c.Neurons++ },
		"auxiliary":    func(c *Configuration) { c.Circuit.Auxiliary = 1 },
		"timesteps":    func(c *Configuration) { c.Timesteps++ },
		"layers":       func(c *Configuration) { c.Circuit.Layers++ },
		"encodings":    func(c *Configuration) { c.Circuit.FinalEncoding = true },
		"entangler":    func(c *Configuration) { c.Circuit.Entangler = "ring" },
		"hidden units": func(c *Configuration) { c.Training.HiddenUnits *= 2 },
		"shifts":       func(c *Configuration) { c.Training.Gradient = "parameter_shift" },
		"reinforce":    func(c *Configuration) { c.Training.Gradient = "reinforce" },
		"holdout":      func(c *Configuration) { c.Recording.Holdout = 0.25 },
	} {
		c := base
		change(&c)
		if with, without := c.MemoryBytes(), base.MemoryBytes(); with <= without {
			t.Errorf("%s: takes %s, without %s", name, FormatMemory(with), FormatMemory(without))
		}
	}
	c := base
	c.Neurons, c.Timesteps, c.Objective, c.Training.BatchSize = MaxQubits, 1000, "likelihood", 1<<16
	if bytes := c.MemoryBytes(); math.IsInf(bytes, 0) || math.IsNaN(bytes) || bytes > 1e15 {
		t.Errorf("the largest task takes %v bytes", bytes)
	}
	if bytes := Default().MemoryBytes(); bytes > SlotBytes/2 {
		t.Errorf("the default takes %s", FormatMemory(bytes))
	}
}

func TestFormatMemory(t *testing.T) {
	for bytes, want := range map[float64]string{144.8e6: "145 MB", 999e6: "999 MB", 1.707e9: "1.7 GB", 2e12: "2000.0 GB"} {
		if got := FormatMemory(bytes); got != want {
			t.Errorf("%v: %q, want %q", bytes, got, want)
		}
	}
}
