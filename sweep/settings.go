package sweep

import (
	"math"
	"slices"
)

// Settings returns all settings in the order of the documentation: those of the
// sweep block, then block by block.
func Settings() []Setting { return slices.Clone(settings) }

// Lookup finds a setting by name.
func Lookup(name string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// Default returns the configuration in which every setting has its default.
func Default() Configuration {
	c := Configuration{Model: ModelSpiQGAN}
	for _, s := range settings {
		if err := s.Set(&c, s.Default); err != nil {
			panic("sweep: the table's default " + err.Error())
		}
	}
	return c
}

var settings = slices.Concat(sweepSettings, recordingSettings, circuitSettings, trainingSettings, evaluationSettings)

var sweepSettings = []Setting{
	{
		Name: "preset", Default: "", Values: append([]string{""}, presetNames()...), outside: true,
		Doc:   "a published variant of the model; explicit settings override it",
		field: func(c *Configuration) any { return &c.Preset },
	},
	{
		Name: "objective", Default: "wgan", Values: []string{"wgan", "likelihood", "mmd"},
		Doc:   "objective of the training: against a critic, exact likelihood, or maximum mean discrepancy",
		field: func(c *Configuration) any { return &c.Objective },
	},
	{
		Name: "neurons", Default: 2.0, Range: between(1, MaxQubits),
		Doc:   "modelled neurons, and feature qubits: n",
		field: func(c *Configuration) any { return &c.Neurons },
	},
	{
		Name: "timesteps", Default: 1.0, Range: between(1, 1000),
		Doc:   "bins of a window, and patches: t",
		field: func(c *Configuration) any { return &c.Timesteps },
	},
	{
		Name: "k", Default: 0.0, Range: between(0, largest),
		Doc:  "weight of the K-loss; 0 is the standard loss",
		When: whenCritic, reads: Configuration.trainsCritic,
		field: func(c *Configuration) any { return &c.K },
	},
	{
		Name: "seed", Default: 1.0, Range: between(0, maxWhole),
		Doc:   "seed of all random streams",
		field: func(c *Configuration) any { return &c.Seed },
	},
}

var recordingSettings = []Setting{
	{
		Name: "source", Block: "recording", Default: "surrogate", Values: []string{"surrogate", "file"}, outside: true,
		Doc:   "the built-in surrogate, or a recording's file: the default where path or --recording gives one",
		field: func(c *Configuration) any { return &c.Recording.Source },
	},
	{
		Name: "select", Block: "recording", Default: "most_active", Values: []string{"most_active", "first", "random"},
		pattern: &pattern{"distinct neuron numbers such as [50, 2, 16]", isNeuronIDList}, outside: true,
		Doc:   "which neurons are modelled; numbers count from 0, and the first n of them are taken",
		field: func(c *Configuration) any { return &c.Recording.Select },
	},
	{
		Name: "holdout", Block: "recording", Default: 0.0, Range: share(),
		Doc:   "share of the repeats that training never sees",
		field: func(c *Configuration) any { return &c.Recording.Holdout },
	},
	{
		Name: "holdout_time", Block: "recording", Default: 0.0, Range: share(), implied: 0.0,
		Doc:   "share of the movie, in blocks of about 1 s, that training never sees in any repeat",
		field: func(c *Configuration) any { return &c.Recording.HoldoutTime },
	},
	{
		Name: "clip", Block: "recording", Default: false, outside: true,
		Doc:   "accept counts above 1 as 1",
		field: func(c *Configuration) any { return &c.Recording.Clip },
	},
	{
		Name: "bin_ms", Block: "recording", Default: oldBinMS, Range: between(0.1, 10000), implied: oldBinMS,
		Doc:   "width of a bin of the file, ms: rates and intervals between spikes follow it",
		field: func(c *Configuration) any { return &c.Recording.BinMS },
	},
	{
		Name: "axes", Block: "recording", Default: "repeats,neurons,bins", outside: true,
		Values: []string{
			"repeats,neurons,bins", "repeats,bins,neurons", "neurons,repeats,bins", "neurons,bins,repeats",
			"bins,repeats,neurons", "bins,neurons,repeats", "neurons,bins", "bins,neurons",
		},
		Doc:   "order of the axes in the file; an array of two axes is one repeat",
		field: func(c *Configuration) any { return &c.Recording.Axes },
	},
	{
		Name: "variable", Block: "recording", Default: "", Values: []string{""}, pattern: &pattern{"a name", isVariableName}, outside: true,
		Doc:   "the array in a MATLAB or .npz file of several; \"\" is the only one, and --variable replaces it",
		field: func(c *Configuration) any { return &c.Recording.Variable },
	},
	{
		Name: "duration_s", Block: "recording", Default: 0.0, Range: between(0, 1e7), outside: true,
		Doc:   "length of every repeat in a file of spike times, s; 0 is up to the last spike",
		field: func(c *Configuration) any { return &c.Recording.DurationS },
	},
}

var circuitSettings = []Setting{
	{
		Name: "layers", Block: "circuit", Default: 4.0, Range: between(1, 100),
		Doc:   "parametrised layers of a patch",
		field: func(c *Configuration) any { return &c.Circuit.Layers },
	},
	{
		Name: "order", Block: "circuit", Default: "encode_first", Values: []string{"encode_first", "parameters_first"},
		Doc:   "whether a layer encodes the noise before or after its rotations",
		field: func(c *Configuration) any { return &c.Circuit.Order },
	},
	{
		Name: "final_encoding", Block: "circuit", Default: false,
		Doc:   "one more noise encoding at the end",
		field: func(c *Configuration) any { return &c.Circuit.FinalEncoding },
	},
	{
		Name: "entangler", Block: "circuit", Default: "chain", Values: []string{"chain", "ring", "brick", "none"},
		Doc:   "the CNOTs of a layer; none is the classical control",
		field: func(c *Configuration) any { return &c.Circuit.Entangler },
	},
	{
		Name: "auxiliary", Block: "circuit", Default: 0.0, Range: between(0, MaxQubits-1),
		Doc:   "further qubits besides the feature qubits",
		field: func(c *Configuration) any { return &c.Circuit.Auxiliary },
	},
	{
		Name: "auxiliary_readout", Block: "circuit", Default: "trace", Values: []string{"trace", "postselect"},
		Doc:   "ignore the auxiliary qubits, or keep only their outcome 0…0",
		When:  "auxiliary > 0",
		reads: func(c Configuration) bool { return c.Circuit.Auxiliary > 0 },
		field: func(c *Configuration) any { return &c.Circuit.AuxiliaryReadout },
	},
	{
		Name: "noise", Block: "circuit", Default: "shared", Values: []string{"shared", "per_qubit", "none"},
		Doc:   "one angle for all qubits, one for each, or none",
		field: func(c *Configuration) any { return &c.Circuit.Noise },
	},
	{
		Name: "noise_per_patch", Block: "circuit", Default: false, When: whenNoisy, reads: Configuration.noisy,
		Doc:   "fresh noise for every patch: time steps become independent",
		field: func(c *Configuration) any { return &c.Circuit.NoisePerPatch },
	},
	{
		Name: "noise_per_layer", Block: "circuit", Default: false, When: whenNoisy, reads: Configuration.noisy,
		Doc:   "fresh noise for every encoding",
		field: func(c *Configuration) any { return &c.Circuit.NoisePerLayer },
	},
	{
		Name: "noise_low", Block: "circuit", Default: 0.0, Range: between(-1000, 1000), When: whenNoisy, reads: Configuration.noisy,
		Doc:   "lower end of the noise, radians",
		field: func(c *Configuration) any { return &c.Circuit.NoiseLow },
	},
	{
		Name: "noise_high", Block: "circuit", Default: math.Pi, Range: between(-1000, 1000), When: whenNoisy, reads: Configuration.noisy,
		Doc:   "upper end of the noise, radians",
		field: func(c *Configuration) any { return &c.Circuit.NoiseHigh },
	},
	{
		Name: "initial_angles", Block: "circuit", Default: "uniform_2pi", Values: []string{"uniform_2pi", "uniform_1"},
		Doc:   "initial angles: uniform on [0, 2π) or [0, 1)",
		field: func(c *Configuration) any { return &c.Circuit.InitialAngles },
	},
}

var trainingSettings = []Setting{
	{
		Name: "steps", Block: "training", Default: 2000.0, Range: between(1, 1e9),
		Doc:   "generator updates",
		field: func(c *Configuration) any { return &c.Training.Steps },
	},
	{
		Name: "restarts", Block: "training", Default: 8.0, Range: between(1, 1000),
		Doc:  "independent starts that share the steps; the one with the smallest objective is kept",
		When: `objective != "wgan" && neurons * timesteps <= 16`, reads: Configuration.restarts,
		field: func(c *Configuration) any { return &c.Training.Restarts },
	},
	{
		Name: "batch_size", Block: "training", Default: 32.0, Range: between(1, 1<<16),
		Doc:  "windows of a batch: B",
		When: `objective != "likelihood" || neurons * timesteps > 16`, reads: Configuration.drawsBatches,
		field: func(c *Configuration) any { return &c.Training.BatchSize },
	},
	{
		Name: "critic_updates", Block: "training", Default: 2.0, Range: between(1, 1000),
		Doc:  "critic updates before each generator update",
		When: whenCritic, reads: Configuration.trainsCritic,
		field: func(c *Configuration) any { return &c.Training.CriticUpdates },
	},
	{
		Name: "hidden_units", Block: "training", Default: 64.0, Range: between(1, 1<<16),
		Doc:  "hidden units of the critic",
		When: whenCritic, reads: Configuration.trainsCritic,
		field: func(c *Configuration) any { return &c.Training.HiddenUnits },
	},
	{
		Name: "generator_learning_rate", Block: "training", Default: 0.05, Range: between(smallest, largest),
		Doc:   "Adam's learning rate of the angles",
		field: func(c *Configuration) any { return &c.Training.GeneratorLearningRate },
	},
	{
		Name: "critic_learning_rate", Block: "training", Default: 0.002, Range: between(smallest, largest),
		Doc:  "Adam's learning rate of the critic",
		When: whenCritic, reads: Configuration.trainsCritic,
		field: func(c *Configuration) any { return &c.Training.CriticLearningRate },
	},
	{
		Name: "beta1", Block: "training", Default: 0.0, Range: share(),
		Doc:   "Adam's decay of the first moment",
		field: func(c *Configuration) any { return &c.Training.Beta1 },
	},
	{
		Name: "beta2", Block: "training", Default: 0.9, Range: share(),
		Doc:   "Adam's decay of the second moment",
		field: func(c *Configuration) any { return &c.Training.Beta2 },
	},
	{
		Name: "constraint", Block: "training", Default: "one_sided", Values: []string{"one_sided", "two_sided", "none", "clip"},
		Doc:  "constraint on the critic's slope: a gradient penalty, none, or clipped weights",
		When: whenCritic, reads: Configuration.trainsCritic,
		field: func(c *Configuration) any { return &c.Training.Constraint },
	},
	{
		Name: "penalty_weight", Block: "training", Default: 10.0, Range: between(0, largest),
		Doc:  "weight of the gradient penalty",
		When: `objective == "wgan" && (constraint == "one_sided" || constraint == "two_sided")`,
		reads: func(c Configuration) bool {
			return c.trainsCritic() && (c.Training.Constraint == "one_sided" || c.Training.Constraint == "two_sided")
		},
		field: func(c *Configuration) any { return &c.Training.PenaltyWeight },
	},
	{
		Name: "clip_bound", Block: "training", Default: 0.01, Range: between(smallest, largest),
		Doc:   "largest magnitude of a clipped weight",
		When:  `objective == "wgan" && constraint == "clip"`,
		reads: func(c Configuration) bool { return c.trainsCritic() && c.Training.Constraint == "clip" },
		field: func(c *Configuration) any { return &c.Training.ClipBound },
	},
	{
		Name: "gradient", Block: "training", Default: "local",
		Values: []string{"local", "expectation", "straight_through", "reinforce", "parameter_shift"},
		Doc:    "how the gradient passes through a measured bit-string",
		When:   whenCritic, reads: Configuration.trainsCritic,
		field: func(c *Configuration) any { return &c.Training.Gradient },
	},
	{
		Name: "k_loss", Block: "training", Default: "absolute",
		Values: []string{
			"absolute", "absolute_sign", "absolute_independent", "square", "absolute_pairs", "square_pairs",
			"sorted", "population", "linear", "linear_flipped",
		},
		Doc:   "the form of the K-loss",
		When:  `objective == "wgan" && k != 0`,
		reads: func(c Configuration) bool { return c.trainsCritic() && c.K != 0 },
		field: func(c *Configuration) any { return &c.Training.KLoss },
	},
	{
		Name: "schedule", Block: "training", Default: "cosine_generator", Values: []string{"cosine_generator", "cosine", "constant"},
		Doc:   "learning rates that fall to 0: the generator's, both, or none",
		field: func(c *Configuration) any { return &c.Training.Schedule },
	},
	{
		Name: "average", Block: "training", Default: 0.0, Range: share(),
		Doc:   "decay of the moving average of the angles, which is evaluated in their place; 0 is none",
		field: func(c *Configuration) any { return &c.Training.Average },
	},
}

var evaluationSettings = []Setting{
	{
		Name: "method", Block: "evaluation", Default: "exact", Values: []string{"exact", "samples"},
		Doc:   "statistics by quadrature if a patch has at most one noise angle, or by sampling",
		field: func(c *Configuration) any { return &c.Evaluation.Method },
	},
	{
		Name: "samples", Block: "evaluation", Default: 20000.0, Range: between(100, 1e8),
		Doc:   "windows to sample",
		When:  `method == "samples" || noise == "per_qubit" || noise != "none" && noise_per_layer`,
		reads: Configuration.Sampled,
		field: func(c *Configuration) any { return &c.Evaluation.Samples },
	},
	{
		Name: "history_every", Block: "evaluation", Default: 100.0, Range: between(1, 1e9),
		Doc:   "steps between two points of the Jensen–Shannon history",
		When:  "neurons * timesteps <= 16",
		reads: Configuration.HasState,
		field: func(c *Configuration) any { return &c.Evaluation.HistoryEvery },
	},
}

// oldBinMS is the width of a bin in tasks older than the setting bin_ms.
const oldBinMS = 20.0

const (
	whenNoisy  = `noise != "none"`
	whenCritic = `objective == "wgan"`
)
