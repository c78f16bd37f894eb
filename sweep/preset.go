package sweep

import (
	"fmt"
	"math"
)

// Preset is a published variant of the model: initial values of some settings, which
// the explicit settings of a grid override.
type Preset struct {
	Name   string
	Doc    string
	Values map[string]any // by setting; all others have their defaults
}

// Presets returns the variants of DESIGN.md, section 1.2.
func Presets() []Preset { return presets }

// Apply sets the preset's values in a configuration.
func (p Preset) Apply(c *Configuration) error {
	c.Preset = p.Name
	for name, value := range p.Values {
		s, ok := Lookup(name)
		if !ok {
			return fmt.Errorf("preset %q: there is no setting %q", p.Name, name)
		}
		if err := s.Set(c, value); err != nil {
			return fmt.Errorf("preset %q: %w", p.Name, err)
		}
	}
	return nil
}

var presets = []Preset{
	{
		Name:   "paper",
		Doc:    "main text: eq. 1 without a penalty, constant learning rates, one noise angle, 8n parameters",
		Values: map[string]any{"constraint": "none", "schedule": "constant"},
	},
	{
		Name:   "paper-vector",
		Doc:    "the supplement's noise vector: one angle per qubit",
		Values: map[string]any{"constraint": "none", "schedule": "constant", "noise": "per_qubit"},
	},
	{
		Name:   "paper-5-encodings",
		Doc:    "five encodings around four parametrised layers",
		Values: map[string]any{"constraint": "none", "schedule": "constant", "final_encoding": true},
	},
	{
		Name:   "paper-l5",
		Doc:    `"l = 5" read literally: five parametrised layers, 10n parameters`,
		Values: map[string]any{"constraint": "none", "schedule": "constant", "layers": 5.0},
	},
	{
		Name:   "population",
		Doc:    "the K-term over all of P(k), after the maximum-entropy models that the paper names; everything else has its default",
		Values: map[string]any{"k_loss": "population"},
	},
	{
		Name: "pqwgan",
		Doc:  "the ancestor's code: one noise angle per qubit in [0, 1), angles from [0, 1), two-sided penalty, constant learning rates",
		Values: map[string]any{
			"noise": "per_qubit", "noise_low": 0.0, "noise_high": 1.0, "initial_angles": "uniform_1",
			"constraint": "two_sided", "schedule": "constant",
		},
	},
	{
		Name: "heritage",
		Doc:  "the ancestor's training with the paper's noise: one angle per qubit in [0, π], angles from [0, 1), two-sided penalty, 500 steps",
		Values: map[string]any{
			"noise": "per_qubit", "noise_low": 0.0, "noise_high": math.Pi, "initial_angles": "uniform_1",
			"constraint": "two_sided", "penalty_weight": 10.0, "beta1": 0.0, "beta2": 0.9,
			"schedule": "constant", "steps": 500.0,
		},
	},
}

func presetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.Name
	}
	return names
}
