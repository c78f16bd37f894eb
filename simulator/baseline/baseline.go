package baseline

import (
	"fmt"
	"slices"
	"strings"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
)

// Model is a law of windows that was fitted to a recording. It is immutable and
// safe for concurrent use.
type Model interface {
	// Statistics returns the model's statistics, exact up to rounding.
	Statistics() (statistics.Statistics, error)
	// LogLikelihood returns the natural logarithm of the probability of a window of
	// t words; −Inf if the model excludes it.
	LogLikelihood(window []uint32) float64
	// Sample draws windows of t words. Window w comes from the generator at address
	// (w, 0), so a smaller number of windows gives a prefix of a larger one.
	Sample(r random.Stream, windows int) [][]uint32
	// Parameters returns the number of free parameters of the family of laws that
	// the model was chosen from.
	Parameters() int
	// Values returns what determines the law, by name; the package documentation
	// lists the names. The slices must not be modified.
	Values() map[string][]float64
}

// fits lists the models in the order of Names.
var fits = []struct {
	name string
	// most is the largest number of neurons: the model enumerates all words, or all
	// that fit a word.
	most int
	fit  func(counts) (Model, error)
}{
	{"independent", maxNeurons, fitIndependent},
	{"psth", maxNeurons, fitPSTH},
	{"pairwise", maxEnumerated, fitPairwise},
	{"k_pairwise", maxEnumerated, fitKPairwise},
	{"population_tracking", maxEnumerated, fitPopulationTracking},
	{"dichotomised_gaussian", maxEnumerated, fitDichotomisedGaussian},
	{"markov", maxNeurons, fitMarkov},
	{"time_independent", maxNeurons, fitTimeIndependent},
}

const (
	maxNeurons    = 16
	maxEnumerated = 12
)

// Names returns the names of the models.
func Names() []string {
	names := make([]string, len(fits))
	for i, f := range fits {
		names[i] = f.name
	}
	return names
}

// MaxNeurons returns the largest number of neurons that a model can be fitted to,
// or 0 if there is no model of that name.
func MaxNeurons(name string) int {
	for _, f := range fits {
		if f.name == name {
			return f.most
		}
	}
	return 0
}

// Fit fits a model to the windows. Equal windows give the same bits on all
// machines of a kernel class. It fails if there is no model of that name, if there
// are more neurons than MaxNeurons of it or no windows, or if the fit does not
// converge.
func Fit(name string, w statistics.RepeatedWindows) (Model, error) {
	i := slices.Index(Names(), name)
	switch {
	case i < 0:
		return nil, fmt.Errorf("fit a model named %q: want one of %s", name, strings.Join(Names(), ", "))
	case w.Neurons() > fits[i].most:
		return nil, fmt.Errorf("fit the model %s: %d neurons are too many, it takes at most %d", name, w.Neurons(), fits[i].most)
	case w.Len() == 0:
		return nil, fmt.Errorf("fit the model %s: the recording has no windows", name)
	}
	m, err := fits[i].fit(count(w))
	if err != nil {
		return nil, fmt.Errorf("fit the model %s: %w", name, err)
	}
	return m, nil
}
