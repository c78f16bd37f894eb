package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Validate says everything that is wrong with a configuration: values outside
// their setting's range, and settings that cannot work together.
func (c Configuration) Validate() error {
	var faults []error
	if c.Model != ModelSpiQGAN {
		faults = append(faults, fmt.Errorf("model = %q: must be %q", c.Model, ModelSpiQGAN))
	}
	if c.Replicate < 0 {
		faults = append(faults, fmt.Errorf("replicate = %d: must be a whole number of at least 0", c.Replicate))
	}
	for _, s := range settings {
		if err := s.Check(s.Value(c)); err != nil {
			faults = append(faults, err)
		}
	}
	for _, conflict := range c.Conflicts() {
		faults = append(faults, conflict)
	}
	return errors.Join(faults...)
}

// Conflict is a fault of several settings together, each of which is allowed.
type Conflict struct {
	Settings []string // by name
	Reason   string   // what is wrong, with the values, and what would be right
}

func (c Conflict) Error() string { return strings.Join(c.Settings, ", ") + ": " + c.Reason }

// Conflicts lists the settings that cannot work together.
func (c Configuration) Conflicts() []Conflict {
	var found []Conflict
	if c.Qubits() > MaxQubits {
		found = append(found, Conflict{
			[]string{"neurons", "auxiliary"},
			fmt.Sprintf("a patch has neurons + auxiliary qubits, %d + %d = %d here: must be at most %d",
				c.Neurons, c.Circuit.Auxiliary, c.Qubits(), MaxQubits),
		})
	}
	if c.noisy() && c.Circuit.NoiseLow >= c.Circuit.NoiseHigh {
		found = append(found, Conflict{
			[]string{"noise_low", "noise_high"},
			fmt.Sprintf(`noise_low = %s must be below noise_high = %s; noise = "none" does without`,
				Format(c.Circuit.NoiseLow), Format(c.Circuit.NoiseHigh)),
		})
	}
	if nodes := c.QuadratureNodes(); !c.Sampled() && nodes > MaxQuadratureNodes {
		found = append(found, Conflict{
			[]string{"noise_low", "noise_high", "method"},
			fmt.Sprintf(`exact statistics of noise on [%s, %s] need %.0f quadrature nodes, at most %d are allowed: narrow the interval, or choose method = "samples"`,
				Format(c.Circuit.NoiseLow), Format(c.Circuit.NoiseHigh), nodes, MaxQuadratureNodes),
		})
	}
	if c.Training.Gradient == "parameter_shift" && c.Circuit.Auxiliary > 0 && c.Circuit.AuxiliaryReadout == "postselect" {
		found = append(found, Conflict{
			[]string{"gradient", "auxiliary", "auxiliary_readout"},
			`gradient = "parameter_shift" cannot be had with auxiliary_readout = "postselect": a renormalised law has no parameter-shift rule`,
		})
	}
	if neurons, ok := NeuronIDList(c.Recording.Select); ok && len(neurons) < c.Neurons {
		found = append(found, Conflict{
			[]string{"select", "neurons"},
			fmt.Sprintf("%d neuron numbers are listed for neurons = %d: list at least as many", len(neurons), c.Neurons),
		})
	}
	return found
}

// NeuronIDList reads a value of the setting `select` that lists neurons, such as
// "50,2,16": distinct numbers, counted from 0.
func NeuronIDList(text string) (neurons []int, ok bool) {
	for field := range strings.SplitSeq(text, ",") {
		neuron, err := strconv.Atoi(field)
		if err != nil || neuron < 0 || strconv.Itoa(neuron) != field || slices.Contains(neurons, neuron) {
			return nil, false
		}
		neurons = append(neurons, neuron)
	}
	return neurons, true
}

func isNeuronIDList(text string) bool {
	_, ok := NeuronIDList(text)
	return ok
}
