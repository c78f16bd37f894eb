package sweep_test

import (
	"testing"

	"spiqsweep/sweep"
)

func TestCell(t *testing.T) {
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.K, c.Circuit.Entangler, c.Circuit.FinalEncoding = 8, 4, 0.5, "ring", true
	for name, test := range map[string]struct {
		cell sweep.ConfigurationFilter
		want bool
	}{
		"every cell":      {nil, true},
		"whole number":    {sweep.ConfigurationFilter{"neurons": 8.0}, true},
		"all of several":  {sweep.ConfigurationFilter{"neurons": 8.0, "k": 0.5, "entangler": "ring", "final_encoding": true}, true},
		"another value":   {sweep.ConfigurationFilter{"neurons": 8.0, "timesteps": 5.0}, false},
		"of another type": {sweep.ConfigurationFilter{"neurons": "8"}, false},
		"no setting":      {sweep.ConfigurationFilter{"neuron": 8.0}, false},
	} {
		if got := test.cell.Has(c); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
