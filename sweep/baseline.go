package sweep

import (
	"fmt"
	"slices"
)

// The classical generators, which are trained like the circuit and have as many angles.
const (
	ModelMixture = "mixture" // a mixture of independent neurons
	ModelRBM     = "rbm"     // a conditional restricted Boltzmann machine
)

// Baselines lists the models that a trained circuit is compared with (DESIGN.md,
// section 2.4), in the order of tables and figures. All but the classical
// generators are fitted to the windows, without random draws, so a configuration of them
// has one replicate.
var Baselines = []string{
	"independent", "psth", "pairwise", "k_pairwise", "population_tracking",
	"dichotomised_gaussian", "markov", "time_independent", ModelMixture, ModelRBM,
}

// The largest numbers of neurons of the fitted baselines: of all, and of those whose law
// is computed word by word.
const (
	MaxFittedNeurons     = 16
	MaxEnumeratedNeurons = 12
)

// IsBaseline reports whether the model is one of Baselines.
func (c Configuration) IsBaseline() bool { return c.Model != ModelSpiQGAN }

// IsFitted reports whether the model is fitted without training.
func (c Configuration) IsFitted() bool { return c.IsBaseline() && !isTrained(c.Model) }

// isTrained reports whether a baseline is a classical generator, which is trained.
func isTrained(model string) bool { return model == ModelMixture || model == ModelRBM }

// Baseline returns the configuration of a baseline to compare with: on the same data,
// and trained in the same way if it is trained. The settings that it does not read
// have their defaults, so that all configurations that differ only in them have the
// same baseline. The error says why this baseline is not defined for the numbers of
// neurons and time steps, or for the gradient.
func (c Configuration) Baseline(model string) (Configuration, error) {
	switch most := maxNeurons(model); {
	case !slices.Contains(Baselines, model):
		return Configuration{}, fmt.Errorf("there is no baseline %q", model)
	case c.Neurons > most:
		return Configuration{}, fmt.Errorf("the baseline %q needs neurons of at most %d", model, most)
	case (model == "markov" || model == "time_independent") && c.Timesteps == 1:
		return Configuration{}, fmt.Errorf("the baseline %q needs timesteps of at least 2", model)
	case model == ModelRBM && c.Circuit.Layers < 2:
		return Configuration{}, fmt.Errorf("the baseline %q needs layers of at least 2: a circuit of one layer has too few angles for a hidden unit", model)
	case model == ModelRBM && c.trainsCritic() && c.Training.Gradient == "parameter_shift":
		return Configuration{}, fmt.Errorf(`the baseline %q needs another gradient than "parameter_shift"`, model)
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

// maxNeurons returns the largest number of neurons of a baseline.
func maxNeurons(model string) int {
	switch {
	case isTrained(model):
		return MaxQubits
	case enumerated(model):
		return MaxEnumeratedNeurons
	}
	return MaxFittedNeurons
}

// enumerated reports whether a baseline's law is computed word by word.
func enumerated(model string) bool {
	switch model {
	case "pairwise", "k_pairwise", "population_tracking", "dichotomised_gaussian":
		return true
	}
	return false
}

// ReadByModel reports whether a model reads the setting: a fitted one reads those that
// choose the data, a trained one also those of the training. An RBM does not read
// initial_angles: its weights have another distribution.
func (s Setting) ReadByModel(model string) bool {
	if model == ModelSpiQGAN {
		return true
	}
	if s.Block == "recording" || slices.Contains([]string{"neurons", "timesteps", "seed"}, s.Name) {
		return true
	}
	return isTrained(model) && (s.Block == "training" || s.Block == "evaluation" ||
		slices.Contains([]string{"preset", "objective", "k", "layers", "noise_per_patch"}, s.Name) ||
		s.Name == "initial_angles" && model == ModelMixture)
}

// KeptParameters returns those of a fitted model's parameters that its result keeps.
func KeptParameters(c Configuration, all map[string][]float64) map[string][]float64 {
	name, length := keptParameter(c)
	if length == 0 {
		return nil
	}
	return map[string][]float64{name: all[name]}
}

// keptParameter returns the name and length of the parameter that the result of a
// fitted model keeps: rates in spikes per bin, or the probability of each word. The
// other models, of length 0, follow from counts of the recording.
func keptParameter(c Configuration) (name string, length int) {
	switch {
	case c.Model == "independent":
		return "rates", c.Neurons
	case enumerated(c.Model):
		return "law", 1 << c.Neurons
	}
	return "", 0
}
