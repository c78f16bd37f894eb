package plan

import (
	"math"
	"strings"

	"spiqsweep/sweep"
)

// Cost estimates the seconds that a task takes on one core of the project's machine
// with a kernel class. On other machines all costs differ by about the same factor,
// so the order of the tasks and their shares of the total stay the same. The
// estimate of the remaining time learns the factor from finished tasks.
func Cost(c sweep.Configuration, kernelClass string) float64 {
	m := model{c, ratesOf(kernelClass)}
	if c.IsFitted() {
		return (m.evaluation() + perFittedWord*math.Exp2(float64(c.Neurons))) * 1e-9
	}
	steps := float64(c.Training.Steps)
	ns := steps*m.iteration() + m.ends() + m.evaluation()
	if c.HasState() {
		ns += steps / float64(c.Evaluation.HistoryEvery) * m.historyPoint()
	}
	return ns * 1e-9
}

// The costs of an evaluation, in nanoseconds, measured in single runs.
const (
	perExactAmplitude = 2.4 // like those of an engine, but in float64
	perExactRotation  = 100
	perStateWord      = 0.45 // for each joint word and node: the state distribution
	perScoredBin      = 1.8  // for each bin of a held-out window and node: the likelihood
	perSeenWord       = 20   // for each joint word in a recording and node: a point of the history
	perDataBit        = 250e3
	perDataWord       = 190e3 // for each joint word in a recording: its floor, over all splits
	perRecording      = 10e6
	perFittedWord     = 1e6 // for each word of a bin: the fit of a baseline, roughly
)

// The costs of the objectives without a critic, in nanoseconds, from single runs, and
// the counts that they multiply. They are the same in all kernels.
const (
	perNode     = 6.0 // likelihood: for each window and node
	perNodeStep = 1.5 // … and for each step of them
	perOther    = 5.5 // mmd: for each other window of the batch
	perOutcome  = 1.0 // mmd: for each outcome and neuron
	kernels     = 3.0
	manyWords   = 22e3 // of these joint words, about half occur in a recording
	endWindows  = 1 << 14
)

// The costs of a restricted Boltzmann machine, in nanoseconds, which are the same in all
// kernels, measured by BenchmarkCost beside circuits of the same size.
const (
	perRBMWord    = 16 // for each word and component: its probability
	perRBMPull    = 8  // … and its derivative
	perHiddenWord = 15 // for each hidden unit and word: an exponential
	perRBMSample  = 50
	rbmLanes      = 16 // samples that are computed together, and share their components
)

// model counts the operations of one task.
type model struct {
	sweep.Configuration
	rates rates
}

// engine returns the engine of a circuit (DESIGN.md, section 3.2), its number of
// rotations, and the number of amplitudes that they change. In the fast engine the
// first layer acts on single qubits.
func (m model) engine() (e engine, rotations, amplitudes float64) {
	layers, qubits := float64(m.Circuit.Layers), float64(m.Qubits())
	states := qubits * math.Exp2(qubits)
	postselects := m.Circuit.Auxiliary > 0 && m.Circuit.AuxiliaryReadout == "postselect"
	if postselects || m.Circuit.Entangler == "ring" || m.Circuit.Entangler == "brick" {
		return general, layers * qubits, layers * states
	}
	e = m.rates.fast
	if m.Qubits() > cachedQubits {
		e.forward *= m.rates.uncached
		e.gradient *= m.rates.uncached
	}
	return e, layers * qubits, max(layers-1, 0.5) * states
}

// isRBM reports whether the model is a restricted Boltzmann machine.
func (m model) isRBM() bool { return m.Model == sweep.ModelRBM }

// rbm returns the numbers of words, times the components of a sample, and of words times
// the hidden units of a restricted Boltzmann machine.
func (m model) rbm() (components, hidden float64) {
	n, words := float64(m.Neurons), math.Exp2(float64(m.Neurons))
	all := 2 * float64(m.Circuit.Layers)
	distinct := all * (1 - math.Pow(1-1/all, rbmLanes)) // of the samples that share them
	return words * distinct / rbmLanes, words * math.Floor((all-2)*n/(n+1))
}

func (m model) forward() float64 {
	if m.isRBM() {
		components, _ := m.rbm()
		return perRBMSample + perRBMWord*components
	}
	e, rotations, amplitudes := m.engine()
	return e.forward*amplitudes + e.forwardRotation*rotations
}

func (m model) gradient() float64 {
	if m.isRBM() {
		components, hidden := m.rbm()
		return 2*perRBMSample + (perRBMWord+perRBMPull)*components + perHiddenWord*hidden/rbmLanes
	}
	e, rotations, amplitudes := m.engine()
	if m.Objective == "wgan" && m.Training.Gradient == "parameter_shift" {
		return 4 * rotations * m.forward() // two circuits for each of two angles
	}
	return e.gradient*amplitudes + e.gradientRotation*rotations
}

// iteration returns the cost of a training step.
func (m model) iteration() float64 {
	tables := m.rates.perGate * float64(m.Timesteps*m.Circuit.Layers*m.Qubits())
	if m.isRBM() {
		_, hidden := m.rbm()
		tables = 2 * perHiddenWord * hidden * float64(m.Timesteps)
	}
	switch m.Objective {
	case "likelihood":
		return m.likelihood() + tables
	case "mmd":
		return m.discrepancy() + tables
	default:
		return m.adversarial() + tables
	}
}

// adversarial returns the cost of a generator update with its critic updates: with
// the defaults, 64 circuits forward and 32 forward and backward for each patch.
func (m model) adversarial() float64 {
	batch, updates := float64(m.Training.BatchSize), float64(m.Training.CriticUpdates)
	hidden, steps, words := float64(m.Training.HiddenUnits), float64(m.Timesteps), math.Exp2(float64(m.Neurons))
	sample := updates*m.forward() + m.gradient()
	if m.Training.Gradient != "straight_through" && m.Training.Gradient != "expectation" {
		sample += m.rates.perBend*hidden*words/math.Sqrt(steps) + m.rates.perWord*words + m.rates.perUnit*hidden
	}
	pair := m.rates.perInput*hidden*float64(m.Neurons)*steps + m.rates.perPair
	if m.Training.Constraint == "one_sided" || m.Training.Constraint == "two_sided" {
		pair += m.rates.perPenalty * hidden
	}
	return batch * (steps*sample + updates*pair)
}

// likelihood returns the cost of an update by likelihood: the circuits of all nodes,
// with long windows forward once more because their states are not kept, and the product over the steps
// for every window and node.
func (m model) likelihood() float64 {
	nodes, steps := m.LikelihoodNodes(), float64(m.Timesteps)
	circuit, windows := m.gradient()+m.forward(), float64(m.Training.BatchSize)
	if m.HasState() {
		circuit, windows = m.gradient(), m.words()/(1+m.words()/manyWords)
	}
	return nodes * (steps*circuit + windows*(perNode+perNodeStep*steps))
}

// discrepancy returns the cost of an update by maximum mean discrepancy: the circuits
// of the batch, and for every sample, patch and kernel the other windows and the
// outcomes.
func (m model) discrepancy() float64 {
	batch, outcomes := float64(m.Training.BatchSize), math.Exp2(float64(m.Neurons))
	weights := kernels * (2*batch*perOther + float64(m.Neurons)*outcomes*perOutcome)
	return batch * float64(m.Timesteps) * (m.gradient() + weights)
}

// ends returns the cost of evaluating the objective MMD at the ends of several starts.
// That of the likelihood costs less than a step.
func (m model) ends() float64 {
	switch {
	case m.Objective != "mmd" || !m.HasState():
		return 0
	case m.Sampled():
		return float64(m.Training.Restarts) * endWindows * float64(m.Timesteps) * m.forward()
	default:
		return float64(m.Training.Restarts) * m.words() * m.LikelihoodNodes() * (perNode + perNodeStep*float64(m.Timesteps))
	}
}

// evaluation returns the cost of the statistics, floors and draws of the data and of the
// trained model.
func (m model) evaluation() float64 {
	data := perRecording + perDataBit*float64(m.Neurons*m.Timesteps)
	if m.HasState() {
		data += perDataWord * m.seenWords()
	}
	if m.HasHoldout() {
		data *= 2
	}
	cost := data + m.scoring()
	if m.Sampled() {
		return cost + m.sampling()
	}
	return cost + m.integration()
}

// scoring returns the cost of the probabilities of the windows of a recording of the
// size of the surrogate's.
func (m model) scoring() float64 {
	nodes := m.LikelihoodNodes()
	if !m.HasLikelihood() || nodes > sweep.MaxQuadratureNodes {
		return 0
	}
	const bins = 297 * 952
	windows := bins * (m.Recording.Holdout + m.Recording.HoldoutTime)
	return nodes*m.exactCircuits() + nodes*perScoredBin*windows*float64(m.Timesteps)
}

// sampling returns the cost of the windows for sampled statistics.
func (m model) sampling() float64 {
	return float64(m.Evaluation.Samples*m.Timesteps) * m.forward()
}

// integration returns the cost of one exact evaluation. Without joint words the
// intervals between spikes have separate nodes.
func (m model) integration() float64 {
	nodes := m.QuadratureNodes()
	circuits := nodes * m.exactCircuits()
	if m.HasState() {
		return circuits + nodes*perStateWord*m.words()
	}
	if further := m.LikelihoodNodes(); further > nodes && further <= sweep.MaxQuadratureNodes {
		circuits += further * m.exactCircuits()
	}
	return circuits
}

// exactCircuits returns the cost of the circuits of all patches at one node.
func (m model) exactCircuits() float64 {
	if m.isRBM() {
		_, hidden := m.rbm()
		return float64(m.Timesteps) * (perRBMWord*math.Exp2(float64(m.Neurons)) + 2*perHiddenWord*hidden)
	}
	rotations := float64(m.Circuit.Layers * m.Qubits())
	amplitudes := rotations * math.Exp2(float64(m.Qubits()))
	return float64(m.Timesteps) * (perExactAmplitude*amplitudes + perExactRotation*rotations)
}

// historyPoint returns the cost of one point of the Jensen–Shannon history.
func (m model) historyPoint() float64 {
	if m.Sampled() {
		return m.sampling()
	}
	return m.QuadratureNodes() * (float64(m.Timesteps)*m.forward() + perSeenWord*m.seenWords())
}

// words returns the number of joint words of a window.
func (m model) words() float64 { return math.Exp2(float64(m.Neurons * m.Timesteps)) }

// seenWords is roughly proportional to the number of joint words in a recording.
func (m model) seenWords() float64 { return math.Pow(m.words(), 0.65) }

// cachedQubits is the largest number of qubits whose states, of 8 MiB, a core's share of the
// caches holds. Loops in AVX2 and AVX-512 are slower beyond; the portable ones are not.
const cachedQubits = 16

// rates are the costs of the operations of a training on one core of the project's
// machine, in nanoseconds each. They were fitted to the processor time of
// gan.Trainer.Step by least squares of the relative error, over n = 2 … 11,
// t = 1 … 30, all gradients, and various batches, critics, layers and constraints.
// The root mean square error is 7 %, the largest 20 %. TestCostAgreesWithMeasurements
// has a selection of the measurements; BenchmarkCost compares with this machine.
type rates struct {
	fast     engine
	uncached float64 // factor of its amplitudes above cachedQubits
	// The local gradient, for each sample and patch.
	perBend float64 // for each word and hidden unit, at t = 1; with more steps, a patch switches fewer units
	perWord float64 // for each word
	perUnit float64 // for each hidden unit
	// The critic, for each pair of windows.
	perInput   float64 // for each hidden unit and bit: both passes and Adam
	perPenalty float64 // for each hidden unit
	perPair    float64 // for each pair, with its draws
	perGate    float64 // for each rotation of a patch: its tables, once an iteration
}

// engine is the cost of one circuit, for each amplitude that a rotation changes and
// for each rotation.
type engine struct {
	forward, forwardRotation   float64
	gradient, gradientRotation float64 // forward and backward together
}

var (
	simd = rates{
		fast: engine{forward: 0.054, forwardRotation: 3.1, gradient: 0.21, gradientRotation: 1.2}, uncached: 2.4,
		perBend: 0.029, perWord: 1.04, perUnit: 1.0, perInput: 0.037, perPenalty: 0.36, perPair: 120, perGate: 110,
	}
	portable = rates{
		fast: engine{forward: 0.545, forwardRotation: 11.7, gradient: 1.87, gradientRotation: 28.5}, uncached: 1,
		perBend: 1.13, perWord: 0.2, perUnit: 10.7, perInput: 1.62, perPenalty: 6.3,
	}
	// general is the engine for settings that the fast one does not support. It is
	// the same in all kernels.
	general = engine{forward: 2.3, forwardRotation: 170, gradient: 8.3, gradientRotation: 310}
)

// ratesOf returns the rates of a kernel class (see circuit.Kernel).
func ratesOf(kernelClass string) rates {
	if strings.HasPrefix(kernelClass, "simd/") {
		return simd
	}
	return portable
}
