package plan

import (
	"math"

	"spiqsweep/sweep"
)

// Cost estimates how many seconds a task takes on one core of the reference: the
// portable kernel on the project's machine. Machines differ by a factor; what
// matters is the order of tasks and their share of the whole. The estimate of
// time left learns the factor from finished tasks.
func Cost(c sweep.Configuration) float64 {
	steps := float64(c.Training.Steps)
	ns := steps*iteration(c) + evaluation(c)
	if c.HasState() {
		ns += steps / float64(c.Evaluation.HistoryEvery) * point(c)
	}
	return ns * 1e-9
}

// The model counts operations; these are nanoseconds for each. They were fitted
// to the processor time of gan.Trainer.Step by least squares of the logarithm,
// over n = 2 … 10, t = 1 … 30, all gradients, other batches, critics and
// constraints: root mean square 4 %, largest error 17 % (cost_test.go has a
// selection). Those of the evaluation were read off single runs.
const (
	perLocalWeight = 0.86 // word and hidden unit: w of the local gradient
	perCriticInput = 2.1  // hidden unit and bit of a pair of windows: both passes, Adam
	perPenalty     = 3.2  // hidden unit of an interpolate
	perStep        = 4500 // of a training

	perExactAmplitude = 2.4  // the same as an engine's, in float64 for the evaluation
	perExactRotation  = 100  //
	perStateWord      = 0.45 // joint word and node: the state distribution
	perDataBit        = 170e3
	perDataWord       = 4100 // joint word: its floor, over all splits
	perRecording      = 8e6
)

// engine is what one circuit costs, by amplitude (layers·qubits·2^qubits) and by
// rotation (layers·qubits).
type engine struct {
	forward, forwardRotation   float64
	gradient, gradientRotation float64 // forward and backward together
}

var (
	fast    = engine{forward: 0.39, forwardRotation: 15, gradient: 1.56, gradientRotation: 33}
	general = engine{forward: 2.3, forwardRotation: 170, gradient: 8.3, gradientRotation: 310}
)

// engineOf says which way a circuit goes (DESIGN.md, section 3.2).
func engineOf(c sweep.Configuration) engine {
	postselects := c.Circuit.Auxiliary > 0 && c.Circuit.AuxiliaryReadout == "postselect"
	if postselects || c.Circuit.Entangler == "ring" || c.Circuit.Entangler == "brick" {
		return general
	}
	return fast
}

// size returns the rotations and amplitudes of one circuit.
func size(c sweep.Configuration) (rotations, amplitudes float64) {
	rotations = float64(c.Circuit.Layers * c.Qubits())
	return rotations, rotations * math.Exp2(float64(c.Qubits()))
}

func forward(c sweep.Configuration) float64 {
	rotations, amplitudes := size(c)
	e := engineOf(c)
	return e.forward*amplitudes + e.forwardRotation*rotations
}

func gradient(c sweep.Configuration) float64 {
	rotations, amplitudes := size(c)
	if c.Training.Gradient == "parameter_shift" {
		return 4 * rotations * forward(c) // two circuits for each of two angles
	}
	e := engineOf(c)
	return e.gradient*amplitudes + e.gradientRotation*rotations
}

// iteration is one generator update with its critic updates: by the defaults, 64
// circuits forward and 32 forward and backward for each patch.
func iteration(c sweep.Configuration) float64 {
	batch, updates := float64(c.Training.BatchSize), float64(c.Training.CriticUpdates)
	hidden := float64(c.Training.HiddenUnits)
	sample := updates*forward(c) + gradient(c)
	if c.Training.Gradient != "straight_through" && c.Training.Gradient != "expectation" {
		sample += perLocalWeight * hidden * math.Exp2(float64(c.Neurons))
	}
	pair := perCriticInput * hidden * float64(c.Neurons*c.Timesteps)
	if c.Training.Constraint == "one_sided" || c.Training.Constraint == "two_sided" {
		pair += perPenalty * hidden
	}
	return batch*(float64(c.Timesteps)*sample+updates*pair) + perStep
}

// evaluation is everything once: data, floors and the trained model.
func evaluation(c sweep.Configuration) float64 {
	data := perRecording + perDataBit*float64(c.Neurons*c.Timesteps)
	if c.HasState() {
		data += perDataWord * words(c)
	}
	if c.Recording.Holdout > 0 {
		data *= 2
	}
	if c.Sampled() {
		return data + float64(c.Evaluation.Samples*c.Timesteps)*forward(c)
	}
	return data + point(c)
}

// point is one exact evaluation: a point of the history, or the end.
func point(c sweep.Configuration) float64 {
	rotations, amplitudes := size(c)
	nodes := c.QuadratureNodes()
	circuits := nodes * float64(c.Timesteps) * (perExactAmplitude*amplitudes + perExactRotation*rotations)
	if c.HasState() {
		return circuits + nodes*perStateWord*words(c)
	}
	return circuits
}

// words counts the joint words of a window.
func words(c sweep.Configuration) float64 { return math.Exp2(float64(c.Neurons * c.Timesteps)) }
