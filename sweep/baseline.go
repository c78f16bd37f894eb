package sweep

import (
	"fmt"
	"slices"
)

// Baselines lists the models that a trained generator is compared with (DESIGN.md,
// section 2.4). Each is fitted to the same windows, without random draws, so a
// configuration of it has one replicate. Their order is that of tables and figures.
var Baselines = []string{
	"independent", "psth", "pairwise", "k_pairwise", "population_tracking",
	"dichotomised_gaussian", "markov", "time_independent",
}

// MaxEnumeratedNeurons is the largest number of neurons of the baselines whose law is
// computed word by word.
const MaxEnumeratedNeurons = 12

// IsBaseline reports whether the model is one of Baselines.
func (c Configuration) IsBaseline() bool { return c.Model != ModelSpiQGAN }

// Baseline returns the configuration of a baseline on the same data. The settings
// that a baseline does not read have their defaults, so that all configurations that
// differ only in them have the same baseline. The error says why this baseline is
// not defined for the numbers of neurons and time steps.
func (c Configuration) Baseline(model string) (Configuration, error) {
	switch {
	case !slices.Contains(Baselines, model):
		return Configuration{}, fmt.Errorf("there is no baseline %q", model)
	case enumerated(model) && c.Neurons > MaxEnumeratedNeurons:
		return Configuration{}, fmt.Errorf("the baseline %q needs neurons of at most %d", model, MaxEnumeratedNeurons)
	case (model == "markov" || model == "time_independent") && c.Timesteps == 1:
		return Configuration{}, fmt.Errorf("the baseline %q needs timesteps of at least 2", model)
	}
	c.Model, c.Replicate = model, 0
	for _, s := range settings {
		if s.ReadBy(c) {
			continue
		}
		if err := s.Set(&c, s.Default); err != nil {
			panic("sweep: the table's default " + err.Error())
		}
	}
	return c, nil
}

// enumerated reports whether a baseline's law is computed word by word.
func enumerated(model string) bool {
	switch model {
	case "pairwise", "k_pairwise", "population_tracking", "dichotomised_gaussian":
		return true
	}
	return false
}

// ReadByBaselines reports whether baselines read the setting. They read those that
// choose the data.
func (s Setting) ReadByBaselines() bool {
	return s.Block == "recording" || slices.Contains([]string{"neurons", "timesteps", "seed"}, s.Name)
}

// parameterLengths returns the names and lengths of the fitted parameters that the
// result of a baseline keeps: rates in spikes per bin, or the probability of each
// word. The others follow from counts of the recording.
func parameterLengths(c Configuration) map[string]int {
	switch {
	case c.Model == "independent":
		return map[string]int{"rates": c.Neurons}
	case enumerated(c.Model):
		return map[string]int{"law": 1 << c.Neurons}
	}
	return nil
}
