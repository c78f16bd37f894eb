package sweep

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ModelSpiQGAN is the model of the paper: patches of a noise-driven circuit, trained
// against a critic.
const ModelSpiQGAN = "spiqgan"

// MaxQubits bounds neurons + auxiliary, the qubits of one patch.
const MaxQubits = 20

// MaxQuadratureNodes bounds the time of an exact evaluation.
const MaxQuadratureNodes = 1 << 15

// MaxStateBits is the largest n·t for which the joint distribution of all words is
// computed.
const MaxStateBits = 16

// Configuration holds every setting that decides the numbers of one task, with all
// defaults resolved. It has no setting that only decides where and when the task
// runs.
type Configuration struct {
	// Model is the kind of model: ModelSpiQGAN or one of Baselines.
	Model string `json:"model"`
	// Objective is the objective of the training: "wgan", "likelihood" or "mmd".
	Objective string `json:"objective"`
	// Neurons is the number of modelled neurons and of feature qubits, n ≥ 1.
	Neurons int `json:"neurons"`
	// Timesteps is the number of bins in a window and of patches, t ≥ 1.
	Timesteps int `json:"timesteps"`
	// K is the weight of the K-loss; 0 is the standard loss.
	K float64 `json:"k"`
	// Replicate numbers the trainings of one configuration from 0.
	Replicate int `json:"replicate"`
	// Seed is the sweep's seed. The settings above also select the random streams.
	Seed uint64 `json:"seed"`

	// Preset is the name of the preset that the settings started from. It is a label.
	Preset string `json:"preset"`

	Recording  RecordingSettings  `json:"recording"`
	Circuit    CircuitSettings    `json:"circuit"`
	Training   TrainingSettings   `json:"training"`
	Evaluation EvaluationSettings `json:"evaluation"`
}

// RecordingSettings select the data (DESIGN.md, section 1.1). A recording's file is
// identified by its digest, not by its path.
type RecordingSettings struct {
	Source  string  `json:"source"`  // "surrogate", or "file" for a recording given on the command line or by path
	Select  string  `json:"select"`  // "most_active", "first", "random", or neuron numbers "50,2,16"
	Holdout float64 `json:"holdout"` // share of the repeats that training never sees, [0, 1)
	// HoldoutTime is the share of the movie's blocks that training never sees in any
	// repeat, [0, 1).
	HoldoutTime float64 `json:"holdout_time"`
	Clip        bool    `json:"clip"` // accept counts above 1 as 1
	// BinMS is the width of a bin in milliseconds.
	BinMS float64 `json:"bin_ms"`
	// Axes is the order of the axes in the file, such as "repeats,neurons,bins".
	Axes string `json:"axes"`
	// Variable is the name of the array in a MATLAB or .npz file; "" is the only one.
	Variable string `json:"variable"`
	// DurationS is the length of a repeat in a file of spike times, seconds; 0 is up to the
	// last spike.
	DurationS float64 `json:"duration_s"`
}

// CircuitSettings are the ansatz and its noise (DESIGN.md, section 1.2).
type CircuitSettings struct {
	Layers           int     `json:"layers"`
	Order            string  `json:"order"`             // "encode_first", "parameters_first"
	FinalEncoding    bool    `json:"final_encoding"`    //
	Entangler        string  `json:"entangler"`         // "chain", "ring", "brick", "none"
	Auxiliary        int     `json:"auxiliary"`         // further qubits besides the feature qubits
	AuxiliaryReadout string  `json:"auxiliary_readout"` // "trace", "postselect"
	Noise            string  `json:"noise"`             // "shared", "per_qubit", "none"
	NoisePerPatch    bool    `json:"noise_per_patch"`
	NoisePerLayer    bool    `json:"noise_per_layer"`
	NoiseLow         float64 `json:"noise_low"`      // radians
	NoiseHigh        float64 `json:"noise_high"`     // radians
	InitialAngles    string  `json:"initial_angles"` // "uniform_2pi", "uniform_1"
}

// TrainingSettings are the critic, the losses and the optimiser (DESIGN.md, section 1.3).
type TrainingSettings struct {
	Steps                 int     `json:"steps"`    // generator updates
	Restarts              int     `json:"restarts"` // independent starts that share the steps
	BatchSize             int     `json:"batch_size"`
	CriticUpdates         int     `json:"critic_updates"` // per generator update
	HiddenUnits           int     `json:"hidden_units"`
	GeneratorLearningRate float64 `json:"generator_learning_rate"`
	CriticLearningRate    float64 `json:"critic_learning_rate"`
	Beta1                 float64 `json:"beta1"`
	Beta2                 float64 `json:"beta2"`
	Constraint            string  `json:"constraint"`     // "one_sided", "two_sided", "none", "clip"
	PenaltyWeight         float64 `json:"penalty_weight"` // of the one- and two-sided penalty
	ClipBound             float64 `json:"clip_bound"`     // of "clip"
	Gradient              string  `json:"gradient"`       // "local", "expectation", "straight_through", "reinforce", "parameter_shift"
	KLoss                 string  `json:"k_loss"`         // "absolute", … (DESIGN.md, section 1.3)
	Schedule              string  `json:"schedule"`       // "cosine_generator", "cosine", "constant"
	Average               float64 `json:"average"`        // decay of the moving average of the angles, 0 = none
}

// EvaluationSettings are those of the trained model's statistics (DESIGN.md, section
// 2).
type EvaluationSettings struct {
	Method       string `json:"method"`        // "exact", "samples"
	Samples      int    `json:"samples"`       // windows, where statistics are sampled
	HistoryEvery int    `json:"history_every"` // steps between two points of the Jensen–Shannon history
}

// Qubits returns the number of qubits of a patch: feature and auxiliary ones.
func (c Configuration) Qubits() int { return c.Neurons + c.Circuit.Auxiliary }

// TrainableParameters returns the number of angles: RY and RZ for each qubit, layer
// and time step. It includes the RZ of the last layer, which do not change any
// probability (DESIGN.md, section 1.4). A classical generator has as many;
// an RBM leaves fewer than Neurons + 1 of each step unused. A fitted model has none.
func (c Configuration) TrainableParameters() int {
	if c.IsFitted() {
		return 0
	}
	return c.Timesteps * c.Circuit.Layers * c.Qubits() * 2
}

// HasHoldout reports whether a part of the recording is held out: repeats, or blocks
// of the movie.
func (c Configuration) HasHoldout() bool {
	return c.Recording.Holdout > 0 || c.Recording.HoldoutTime > 0
}

// HasState reports whether the joint distribution of all n·t bits is computed.
func (c Configuration) HasState() bool { return c.Neurons*c.Timesteps <= MaxStateBits }

// Sampled reports whether the statistics come from samples: because of the setting
// method, or because the noise of a patch has more than one angle, for which there
// is no exact quadrature (DESIGN.md, section 2.1).
func (c Configuration) Sampled() bool {
	return c.Evaluation.Method == "samples" || c.severalAngles()
}

// severalAngles reports whether the noise of a patch has more than one angle.
func (c Configuration) severalAngles() bool {
	return c.Circuit.Noise == "per_qubit" || c.noisy() && c.Circuit.NoisePerLayer
}

// HasLikelihood reports whether a result may have a likelihood: it has a holdout, and
// the probability of a window is an integral over one noise angle. It still has none
// if that needs more than MaxQuadratureNodes nodes, which only long windows do.
func (c Configuration) HasLikelihood() bool { return c.HasHoldout() && !c.severalAngles() }

func (c Configuration) noisy() bool { return c.Circuit.Noise != "none" }

func (c Configuration) postselects() bool {
	return c.Circuit.Auxiliary > 0 && c.Circuit.AuxiliaryReadout == "postselect"
}

// trainsCritic reports whether the objective has a critic, whose settings and K-loss
// the other objectives do not read.
func (c Configuration) trainsCritic() bool { return c.Objective == "wgan" }

// drawsBatches reports whether a generator update draws windows. The likelihood of
// few joint words sums over all windows.
func (c Configuration) drawsBatches() bool { return c.Objective != "likelihood" || !c.HasState() }

// restarts reports whether a training has several starts.
func (c Configuration) restarts() bool { return !c.trainsCritic() && c.HasState() }

// Encodings returns the number of noise encodings of a patch.
func (c Configuration) Encodings() int {
	if c.Circuit.FinalEncoding {
		return c.Circuit.Layers + 1
	}
	return c.Circuit.Layers
}

// QuadratureNodes returns the number of Gauss–Legendre nodes of an exact evaluation
// (DESIGN.md, section 2.1): enough for pairs of time steps and for joint words.
// Postselection may need more; without noise there is one.
func (c Configuration) QuadratureNodes() float64 {
	if c.HasState() {
		return c.nodes(max(2, c.Timesteps))
	}
	return c.nodes(2)
}

// nodes returns the number of nodes for products of the probabilities of patches.
func (c Configuration) nodes(factors int) float64 {
	if !c.noisy() {
		return 1
	}
	degree := float64(factors * c.Encodings() * c.Qubits())
	return math.Ceil(1.1*degree*(c.Circuit.NoiseHigh-c.Circuit.NoiseLow)/4) + 32
}

// LikelihoodNodes returns the number of quadrature nodes with which the likelihood of
// a window is exact, and with it the law of intervals between spikes.
func (c Configuration) LikelihoodNodes() float64 {
	if c.Circuit.NoisePerPatch {
		return c.nodes(1)
	}
	return c.nodes(c.Timesteps)
}

// Label returns a label for people, such as "n=4 t=5 k=1 replicate 2", with the
// values of the given further axes before the replicate. That of a baseline begins with
// its name, and has only what it reads, such as "pairwise n=4 t=5".
func (c Configuration) Label(axes ...Setting) string {
	label := c.LabelOfReplicates(axes...)
	if c.IsFitted() {
		return label
	}
	return fmt.Sprintf("%s replicate %d", label, c.Replicate)
}

// LabelOfReplicates returns the part of Label that all replicates share.
func (c Configuration) LabelOfReplicates(axes ...Setting) string {
	label := fmt.Sprintf("n=%d t=%d", c.Neurons, c.Timesteps)
	if c.IsBaseline() {
		label = c.Model + " " + label
	}
	if !c.IsFitted() {
		label += " k=" + Format(c.K)
	}
	for _, s := range axes {
		if s.ReadByModel(c.Model) {
			label += fmt.Sprintf(" %s=%s", s.Name, Format(s.Value(c)))
		}
	}
	return label
}

// Validate returns all faults of a configuration: values that are not allowed for
// their setting, and conflicts between settings.
func (c Configuration) Validate() error {
	var faults []error
	if c.IsBaseline() && !slices.Contains(Baselines, c.Model) {
		faults = append(faults, fmt.Errorf("model = %q: must be %s", c.Model, Alternatives(append([]string{ModelSpiQGAN}, Baselines...))))
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

// Conflict is a fault of several settings together, each of which has an allowed
// value.
type Conflict struct {
	Settings []string // their names
	Reason   string   // the fault, with the values, and the remedy
}

func (c Conflict) Error() string { return strings.Join(c.Settings, ", ") + ": " + c.Reason }

// Conflicts returns the conflicts between the settings.
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
			fmt.Sprintf(`noise_low = %s must be below noise_high = %s; noise = "none" needs neither`,
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
	if c.trainsCritic() && c.Training.Gradient == "parameter_shift" && c.postselects() {
		found = append(found, Conflict{
			[]string{"gradient", "auxiliary", "auxiliary_readout"},
			`gradient = "parameter_shift" cannot be combined with auxiliary_readout = "postselect": a renormalised law has no parameter-shift rule`,
		})
	}
	if c.Model == ModelRBM && c.trainsCritic() && c.Training.Gradient == "parameter_shift" {
		found = append(found, Conflict{
			[]string{"model", "gradient"},
			`gradient = "parameter_shift" cannot train model = "rbm", whose probabilities have no parameter-shift rule: choose another gradient`,
		})
	}
	if c.Recording.Holdout > 0 && c.Recording.HoldoutTime > 0 {
		found = append(found, Conflict{
			[]string{"holdout", "holdout_time"},
			fmt.Sprintf("holdout = %s and holdout_time = %s hold out repeats and blocks of the movie: set one of them to 0",
				Format(c.Recording.Holdout), Format(c.Recording.HoldoutTime)),
		})
	}
	found = append(found, c.objectiveConflicts()...)
	if neurons, ok := NeuronIDList(c.Recording.Select); ok && len(neurons) < c.Neurons {
		found = append(found, Conflict{
			[]string{"select", "neurons"},
			fmt.Sprintf("%d neuron numbers are listed for neurons = %d: list at least as many", len(neurons), c.Neurons),
		})
	}
	return found
}

// objectiveConflicts returns the conflicts of the objectives without a critic.
func (c Configuration) objectiveConflicts() []Conflict {
	var found []Conflict
	conflict := func(reason string, settings ...string) {
		found = append(found, Conflict{append([]string{"objective"}, settings...), reason})
	}
	if c.Objective == "likelihood" {
		switch nodes := c.LikelihoodNodes(); {
		case c.Circuit.Noise == "per_qubit":
			conflict(`objective = "likelihood" integrates over one noise angle, and noise = "per_qubit" has one for each qubit: choose noise = "shared" or "none", or objective = "mmd"`, "noise")
		case c.severalAngles():
			conflict(`objective = "likelihood" integrates over one noise angle, and noise_per_layer = true has one for each encoding: choose noise_per_layer = false, or objective = "mmd"`, "noise_per_layer")
		case c.postselects() && c.noisy():
			conflict(`objective = "likelihood" cannot be combined with auxiliary_readout = "postselect" under noise: a renormalised law is no polynomial, so no fixed number of quadrature nodes is exact; choose "trace", noise = "none", or objective = "mmd"`, "auxiliary", "auxiliary_readout")
		case nodes > MaxQuadratureNodes:
			conflict(fmt.Sprintf(`the likelihood with noise on [%s, %s] needs %.0f quadrature nodes for timesteps = %d, at most %d are allowed: narrow the interval, or lower timesteps`,
				Format(c.Circuit.NoiseLow), Format(c.Circuit.NoiseHigh), nodes, c.Timesteps, MaxQuadratureNodes), "noise_low", "noise_high", "timesteps")
		}
	}
	if c.Objective == "mmd" && c.Training.BatchSize < 2 {
		conflict(fmt.Sprintf(`objective = "mmd" compares the samples of a batch: batch_size = %d must be at least 2`, c.Training.BatchSize), "batch_size")
	}
	if c.restarts() && c.Training.Restarts > c.Training.Steps {
		conflict(fmt.Sprintf("restarts = %d starts share steps = %d, fewer than one step each: lower restarts, or raise steps", c.Training.Restarts, c.Training.Steps), "restarts", "steps")
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

// isVariableName reports whether a text may name an array in a file: it is printable and not
// longer than a file's name.
func isVariableName(text string) bool { return text == Printable(text) && len(text) <= 255 }

func isNeuronIDList(text string) bool {
	_, ok := NeuronIDList(text)
	return ok
}

// ModelKey is the key of the model in a ConfigurationFilter. It is no setting.
const ModelKey = "model"

// ConfigurationFilter selects the configurations that have all the given values, each a
// float64, bool or string by the name of its setting, or the model by ModelKey. A
// configuration has only the values of settings that its model reads. An empty filter
// selects every configuration.
type ConfigurationFilter map[string]any

// Has reports whether the filter selects a configuration.
func (f ConfigurationFilter) Has(c Configuration) bool {
	for name, value := range f {
		if has, found := c.FilterValue(name); !found || has != value {
			return false
		}
	}
	return true
}

// String formats a filter as the command line takes it.
func (f ConfigurationFilter) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		pairs = append(pairs, name+"="+Format(f[name]))
	}
	return strings.Join(pairs, ",")
}

// FilterValue returns the value of the configuration for a key of a ConfigurationFilter.
func (c Configuration) FilterValue(key string) (value any, found bool) {
	if key == ModelKey {
		return c.Model, true
	}
	setting, known := Lookup(key)
	if !known || !setting.ReadByModel(c.Model) {
		return nil, false
	}
	return setting.Value(c), true
}
