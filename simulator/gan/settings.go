package gan

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"spiqsweep/simulator/circuit"
)

// InitialAngles is the distribution of the initial angles.
type InitialAngles string

// The distributions of the initial angles, in radians.
const (
	Uniform2Pi InitialAngles = "uniform_2pi" // uniform on [0, 2π)
	Uniform1   InitialAngles = "uniform_1"   // uniform on [0, 1)
)

// Settings determines a training, together with its data and its random address
// (DESIGN.md, section 1.3). It has no defaults: every field must be set.
type Settings struct {
	Generator
	InitialAngles InitialAngles

	Steps         int // generator updates, ≥ 1
	BatchSize     int // B, samples and windows of an update, ≥ 1
	CriticUpdates int // before each generator update, ≥ 1
	HiddenUnits   int // of the critic, ≥ 1

	GeneratorLearningRate, CriticLearningRate float64 // > 0
	Beta1, Beta2                              float64 // of Adam, [0, 1)
	Schedule                                  Schedule
	Average                                   float64 // decay of the moving average of the angles, [0, 1); 0 = none

	Constraint    Constraint
	PenaltyWeight float64 // of one_sided and two_sided, ≥ 0
	ClipBound     float64 // of clip, > 0

	Gradient Gradient
	K        float64 // weight of the K-term, ≥ 0; 0 is the standard loss
	KLoss    KLoss

	Objective Objective // only WGAN reads the critic's fields, the constraint, Gradient, K and KLoss
	Restarts  int       // starts of Likelihood and MMD, 1 to Steps; see Settings.starts
}

// Validate returns an error that lists every setting out of bounds.
func (s Settings) Validate() error {
	var faults []error
	want := wanting(&faults)
	share := func(x float64) bool { return x >= 0 && x < 1 }
	if err := s.Generator.Validate(); err != nil {
		faults = append(faults, err)
	}
	want(oneOf(s.InitialAngles, Uniform2Pi, Uniform1), "initial_angles", quoted(s.InitialAngles), `"uniform_2pi" or "uniform_1"`)
	want(oneOf(s.Objective, WGAN, Likelihood, MMD), "objective", quoted(s.Objective), `"wgan", "likelihood" or "mmd"`)
	want(s.Steps >= 1, "steps", s.Steps, "1 or more")
	want(s.BatchSize >= 1, "batch_size", s.BatchSize, "1 or more")
	want(positive(s.GeneratorLearningRate), "generator_learning_rate", s.GeneratorLearningRate, "a number above 0")
	want(share(s.Beta1), "beta1", s.Beta1, "[0, 1)")
	want(share(s.Beta2), "beta2", s.Beta2, "[0, 1)")
	want(share(s.Average), "average", s.Average, "[0, 1)")
	want(oneOf(s.Schedule, Cosine, CosineGenerator, Constant), "schedule", quoted(s.Schedule), `"cosine", "cosine_generator" or "constant"`)
	switch s.Objective {
	case Likelihood:
		want(s.integrable() || s.Ansatz.Noise == circuit.NoNoise, "objective", quoted(s.Objective),
			"at most one noise angle for a patch, and no postselection under noise: otherwise its likelihood is no integral over one angle")
	case MMD:
		want(s.BatchSize >= 2, "batch_size", s.BatchSize, `2 or more for objective "mmd", which compares the samples of a batch`)
	default:
		faults = append(faults, s.validateCritic()...)
	}
	want(s.starts() >= 1 && s.starts() <= s.Steps, "restarts", s.Restarts, "1 to the number of steps")
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("validate training: %w", err)
	}
	return nil
}

// validateCritic returns the faults of the settings that only WGAN reads.
func (s Settings) validateCritic() []error {
	var faults []error
	want := wanting(&faults)
	want(s.CriticUpdates >= 1, "critic_updates", s.CriticUpdates, "1 or more")
	want(s.HiddenUnits >= 1, "hidden_units", s.HiddenUnits, "1 or more")
	want(positive(s.CriticLearningRate), "critic_learning_rate", s.CriticLearningRate, "a number above 0")
	want(oneOf(s.Constraint, OneSided, TwoSided, NoConstraint, Clip), "constraint", quoted(s.Constraint), `"one_sided", "two_sided", "none" or "clip"`)
	if s.Constraint == OneSided || s.Constraint == TwoSided {
		want(s.PenaltyWeight == 0 || positive(s.PenaltyWeight), "penalty_weight", s.PenaltyWeight, "0 or a number above")
	}
	if s.Constraint == Clip {
		want(positive(s.ClipBound), "clip_bound", s.ClipBound, "a number above 0")
	}
	want(oneOf(s.Gradient, Local, Expectation, StraightThrough, Reinforce, ParameterShift), "gradient", quoted(s.Gradient),
		`"local", "expectation", "straight_through", "reinforce" or "parameter_shift"`)
	want(s.Gradient != ParameterShift || s.Ansatz.Readout != circuit.Postselect, "gradient", quoted(s.Gradient),
		`another with auxiliary_readout "postselect": a renormalised law has no parameter-shift rule`)
	want(s.Gradient != ParameterShift || s.Ansatz.Model != circuit.RBM, "gradient", quoted(s.Gradient),
		`another for model "rbm", whose probabilities have no parameter-shift rule`)
	want(s.K == 0 || positive(s.K), "k", s.K, "0 or a number above")
	want(slices.Contains(kLosses, s.KLoss), "k_loss", quoted(s.KLoss), fmt.Sprintf("one of %q", kLosses))
	return faults
}

// blocks returns the number of blocks of lanes of a batch.
func (s Settings) blocks() int { return (s.BatchSize + lanes - 1) / lanes }

// samplesAreIndependent reports whether the weights of a sample depend on no other
// sample. Shifted circuits run on whole batches.
func (s Settings) samplesAreIndependent() bool { return s.Objective == WGAN && s.K == 0 && !s.shifts() }

// shifts reports whether the gradient comes from shifted circuits.
func (s Settings) shifts() bool { return s.Objective == WGAN && s.Gradient == ParameterShift }

// wanting returns a function that adds a fault unless a setting is within its bounds.
func wanting(faults *[]error) func(ok bool, name string, value any, bounds string) {
	return func(ok bool, name string, value any, bounds string) {
		if !ok {
			*faults = append(*faults, fmt.Errorf("%s is %v, want %s", name, value, bounds))
		}
	}
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

func oneOf[T comparable](value T, allowed ...T) bool { return slices.Contains(allowed, value) }

func quoted[T ~string](value T) string { return fmt.Sprintf("%q", value) }

// Schedule is the course of the learning rates over the training.
type Schedule string

// The schedules. The cosine lowers a rate from its full value to 0: factor
// (1 + cos(π·step/steps))/2 (Loshchilov & Hutter 2017, without restarts).
const (
	// Cosine lowers both rates.
	Cosine Schedule = "cosine"
	// CosineGenerator lowers only the generator's rate, so that the critic tracks
	// the slowing generator ever more closely (two time scales: Heusel et al. 2017).
	// On the recording's most active neurons, t = 1, its final divergence is a
	// seventh of Cosine's at n = 2 and half of it at n = 4, and varies less between
	// seeds.
	CosineGenerator Schedule = "cosine_generator"
	// Constant keeps both rates constant.
	Constant Schedule = "constant"
)

// factors returns the factors of the generator's and the critic's learning rate at
// a step, counted from 0.
func (s Schedule) factors(step, steps int) (generator, critic float64) {
	cosine := (1 + math.Cos(math.Pi*float64(step)/float64(steps))) / 2
	switch s {
	case Cosine:
		return cosine, cosine
	case CosineGenerator:
		return cosine, 1
	default:
		return 1, 1
	}
}
