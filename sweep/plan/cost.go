package plan

import (
	"math"

	"spiqsweep/sweep"
)

// Cost estimates how many seconds a task takes on one core of the project's
// machine, with a kernel of that class. Machines differ by a factor; what matters
// is the order of tasks and their share of the whole. The estimate of time left
// learns the factor from finished tasks.
func Cost(c sweep.Configuration, kernelClass string) float64 {
	m := model{c, ratesOf(kernelClass)}
	steps := float64(c.Training.Steps)
	ns := steps*m.iteration() + m.evaluation()
	if c.HasState() {
		ns += steps / float64(c.Evaluation.HistoryEvery) * m.historyPoint()
	}
	return ns * 1e-9
}

// What is not in a training's rates, in nanoseconds: read off single runs.
const (
	perExactAmplitude = 2.4 // as an engine's, in float64 for the evaluation
	perExactRotation  = 100
	perStateWord      = 0.45 // joint word and node: the state distribution
	perSeenWord       = 20   // joint word that a recording may show, and node: a point of the history
	perDataBit        = 170e3
	perDataWord       = 190e3 // joint word that a recording may show: its floor, over all splits
	perRecording      = 7e6
)

// model counts the operations of one task.
type model struct {
	sweep.Configuration
	rates rates
}

// engine says which way a circuit goes (DESIGN.md, section 3.2), and how many
// amplitudes its rotations turn: the fast one's first acts on single qubits.
func (m model) engine() (e engine, rotations, amplitudes float64) {
	layers, qubits := float64(m.Circuit.Layers), float64(m.Qubits())
	states := qubits * math.Exp2(qubits)
	postselects := m.Circuit.Auxiliary > 0 && m.Circuit.AuxiliaryReadout == "postselect"
	if postselects || m.Circuit.Entangler == "ring" || m.Circuit.Entangler == "brick" {
		return general, layers * qubits, layers * states
	}
	return m.rates.fast, layers * qubits, max(layers-1, 0.5) * states
}

func (m model) forward() float64 {
	e, rotations, amplitudes := m.engine()
	return e.forward*amplitudes + e.forwardRotation*rotations
}

func (m model) gradient() float64 {
	e, rotations, amplitudes := m.engine()
	if m.Training.Gradient == "parameter_shift" {
		return 4 * rotations * m.forward() // two circuits for each of two angles
	}
	return e.gradient*amplitudes + e.gradientRotation*rotations
}

// iteration is one generator update with its critic updates: by the defaults, 64
// circuits forward and 32 forward and backward for each patch.
func (m model) iteration() float64 {
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
	tables := m.rates.perGate * float64(m.Circuit.Layers*m.Qubits())
	return batch*(steps*sample+updates*pair) + steps*tables
}

// evaluation is everything once: data, floors and the trained model.
func (m model) evaluation() float64 {
	data := perRecording + perDataBit*float64(m.Neurons*m.Timesteps)
	if m.HasState() {
		data += perDataWord * m.seenWords()
	}
	if m.Recording.Holdout > 0 {
		data *= 2
	}
	if m.Sampled() {
		return data + m.sampling()
	}
	return data + m.integration()
}

// sampling is that of the windows which sampled statistics are made of.
func (m model) sampling() float64 {
	return float64(m.Evaluation.Samples*m.Timesteps) * m.forward()
}

// integration is one exact evaluation.
func (m model) integration() float64 {
	rotations := float64(m.Circuit.Layers * m.Qubits())
	amplitudes := rotations * math.Exp2(float64(m.Qubits()))
	nodes := m.QuadratureNodes()
	circuits := nodes * float64(m.Timesteps) * (perExactAmplitude*amplitudes + perExactRotation*rotations)
	if m.HasState() {
		return circuits + nodes*perStateWord*m.words()
	}
	return circuits
}

// historyPoint is one point of the Jensen–Shannon history, on the fast kernel.
func (m model) historyPoint() float64 {
	if m.Sampled() {
		return m.sampling()
	}
	return m.QuadratureNodes() * (float64(m.Timesteps)*m.forward() + perSeenWord*m.seenWords())
}

// words counts the joint words of a window.
func (m model) words() float64 { return math.Exp2(float64(m.Neurons * m.Timesteps)) }

// seenWords is roughly in proportion to those that a recording shows.
func (m model) seenWords() float64 { return math.Pow(m.words(), 0.65) }
