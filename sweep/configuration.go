package sweep

import (
	"fmt"
	"math"
)

// ModelSpiQGAN is the model of the paper: patches of a noise-driven circuit
// against a critic.
const ModelSpiQGAN = "spiqgan"

// MaxQubits bounds neurons + auxiliary, the qubits of one patch.
const MaxQubits = 16

// MaxQuadratureNodes bounds the work of an exact evaluation.
const MaxQuadratureNodes = 1 << 15

// MaxStateBits bounds n·t where the joint distribution of all words is followed.
const MaxStateBits = 16

// Configuration holds every setting that decides the numbers of one task, with
// all defaults resolved. What only decides where and when it runs (leases,
// time-outs, priorities) is not part of it.
type Configuration struct {
	// Model is what is trained: ModelSpiQGAN.
	Model string `json:"model"`
	// Objective is what the training minimises: "wgan".
	Objective string `json:"objective"`
	// Neurons is the number of cells and of feature qubits, n ≥ 1.
	Neurons int `json:"neurons"`
	// Timesteps is the number of bins in a window and of patches, t ≥ 1.
	Timesteps int `json:"timesteps"`
	// K is the weight of the K-loss; 0 is the standard loss.
	K float64 `json:"k"`
	// Replicate counts the trainings of one cell from 0.
	Replicate int `json:"replicate"`
	// Seed is the sweep's seed; the other addresses of a stream are above.
	Seed uint64 `json:"seed"`

	// Preset names the start that the other settings were changed from; a label.
	Preset string `json:"preset"`

	Recording  RecordingSettings  `json:"recording"`
	Circuit    CircuitSettings    `json:"circuit"`
	Training   TrainingSettings   `json:"training"`
	Evaluation EvaluationSettings `json:"evaluation"`
}

// RecordingSettings choose the data (DESIGN.md, section 1.1). The file itself
// is known by its digest, not by its path.
type RecordingSettings struct {
	Source  string  `json:"source"`  // "surrogate", or "file" for a recording given on the command line or by path
	Select  string  `json:"select"`  // "most_active", "first", "random", or cell numbers "50,2,16"
	Holdout float64 `json:"holdout"` // share of the repeats that training never sees, [0, 1)
	Clip    bool    `json:"clip"`    // accept counts above 1 as 1
}

// CircuitSettings are the ansatz and its noise (DESIGN.md, section 1.2).
type CircuitSettings struct {
	Layers           int     `json:"layers"`
	Order            string  `json:"order"`             // "encode_first", "parameters_first"
	FinalEncoding    bool    `json:"final_encoding"`    //
	Entangler        string  `json:"entangler"`         // "chain", "ring", "brick", "none"
	Auxiliary        int     `json:"auxiliary"`         // further qubits beside the feature qubits
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
	Steps                 int     `json:"steps"` // generator updates
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

// EvaluationSettings say how the trained model is measured (DESIGN.md, section 2).
type EvaluationSettings struct {
	Method       string `json:"method"`        // "exact", "samples"
	Samples      int    `json:"samples"`       // windows, where statistics are sampled
	HistoryEvery int    `json:"history_every"` // steps between two points of the Jensen–Shannon history
}

// Qubits of one patch: n feature qubits and the auxiliary ones.
func (c Configuration) Qubits() int { return c.Neurons + c.Circuit.Auxiliary }

// TrainableParameters counts the angles: RY and RZ per qubit, layer and time
// step. The RZ of the last layer are counted, though they never change a
// probability (DESIGN.md, section 1.4).
func (c Configuration) TrainableParameters() int {
	return c.Timesteps * c.Circuit.Layers * c.Qubits() * 2
}

// HasState says whether the joint distribution of all n·t bits is followed.
func (c Configuration) HasState() bool { return c.Neurons*c.Timesteps <= MaxStateBits }

// Sampled says whether the statistics come from samples: because method says
// so, or because the noise of a patch has more than one angle, where no
// quadrature is exact (DESIGN.md, section 2.1).
func (c Configuration) Sampled() bool {
	severalAngles := c.Circuit.Noise == "per_qubit" || c.noisy() && c.Circuit.NoisePerLayer
	return c.Evaluation.Method == "samples" || severalAngles
}

func (c Configuration) noisy() bool { return c.Circuit.Noise != "none" }

// Encodings counts the noise encodings of a patch.
func (c Configuration) Encodings() int {
	if c.Circuit.FinalEncoding {
		return c.Circuit.Layers + 1
	}
	return c.Circuit.Layers
}

// QuadratureNodes counts the Gauss–Legendre nodes of an exact evaluation
// (DESIGN.md, section 2.1): for pairs of time steps, or for joint words if those
// are more. Postselection may take more; without noise there is one.
func (c Configuration) QuadratureNodes() float64 {
	if !c.noisy() {
		return 1
	}
	factors := 2
	if c.HasState() {
		factors = max(factors, c.Timesteps)
	}
	degree := float64(factors * c.Encodings() * c.Qubits())
	return math.Ceil(1.1*degree*(c.Circuit.NoiseHigh-c.Circuit.NoiseLow)/4) + 32
}

// Label names a task for people: "n=4 t=5 k=1 replicate 2", with the values of
// further axes in between.
func (c Configuration) Label(axes ...Setting) string {
	label := fmt.Sprintf("n=%d t=%d k=%s", c.Neurons, c.Timesteps, Format(c.K))
	for _, s := range axes {
		label += fmt.Sprintf(" %s=%s", s.Name, Format(s.Value(c)))
	}
	return fmt.Sprintf("%s replicate %d", label, c.Replicate)
}
