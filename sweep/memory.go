package sweep

import (
	"fmt"
	"math"
)

// SlotBytes is the memory that a slot of a worker counts for, which holds every task of up
// to 14 qubits or so.
const SlotBytes = 128 << 20

// Memory of a task, in bytes. TestMemory compares them with trainings.
const (
	programBytes = 40 << 20  // of the program, the recording and what training does not multiply
	perAmplitude = 132       // of a state of the fast engine: 16 lanes, and a gap of a row in 33
	perGeneral   = 80        // of all states of the general engine, for each of 16 lanes
	perLaw       = 160       // for each word: a classical generator in 16 lanes
	perLaneWord  = 64        // for each word: a number in float32 in 16 lanes
	perExactWord = 80        // for each amplitude: the evaluation's states in complex128
	recordedBins = 297 * 952 // of the paper's recording
	mostScored   = 1 << 24   // windows whose likelihood an evaluation computes
	lanes        = 16        // samples that a circuit computes together
	collected    = 1.1       // what the program takes of what it holds, before garbage is collected
)

// MemoryBytes estimates the memory of a worker that runs a task of the configuration, at
// its peak. It doubles with each qubit. That of a recording is that of the paper's.
func (c Configuration) MemoryBytes() float64 {
	held := c.evaluationBytes()
	if !c.IsFitted() {
		held += c.trainingBytes()
	}
	return programBytes + collected*held
}

// words returns the number of words of a bin.
func (c Configuration) words() float64 { return math.Exp2(float64(c.Neurons)) }

// amplitudes returns the number of amplitudes of a patch.
func (c Configuration) amplitudes() float64 { return math.Exp2(float64(c.Qubits())) }

// isGeneral reports whether the circuit runs on the general engine, which holds a state
// of each lane in complex128.
func (c Configuration) isGeneral() bool {
	return c.postselects() || c.Circuit.Entangler == "ring" || c.Circuit.Entangler == "brick"
}

// tileBytes returns the memory of the states of 16 samples, forward alone, and forward and
// backward.
func (c Configuration) tileBytes() (forward, both float64) {
	switch {
	case c.IsBaseline():
		return perLaw * c.words(), perLaw * c.words()
	case c.isGeneral():
		return lanes * perGeneral * c.amplitudes(), lanes * perGeneral * c.amplitudes()
	}
	rotations := c.Circuit.Layers
	if c.Circuit.FinalEncoding || c.Circuit.Order == "parameters_first" {
		rotations++
	}
	state := perAmplitude * c.amplitudes()
	return 2 * state, float64(max(3, rotations+1)) * state
}

// patchBytes returns the memory of the tables of all patches, for one set of angles.
func (c Configuration) patchBytes() float64 {
	steps := float64(c.Timesteps)
	switch {
	case c.Model == ModelRBM:
		return 16 * c.words() * steps
	case c.IsBaseline() || c.isGeneral():
		return 0
	}
	return (20*float64(c.Circuit.Layers) + 32) * c.amplitudes() / 32 * steps
}

// trainingBytes returns the memory of the training.
func (c Configuration) trainingBytes() float64 {
	forward, both := c.tileBytes()
	held := forward + both + c.patchBytes() + perLaneWord*c.words() // and the weights of the outcomes
	held += c.batchBytes()
	nodes, steps := c.LikelihoodNodes(), float64(c.Timesteps)
	joint := math.Exp2(float64(min(c.Neurons*c.Timesteps, MaxStateBits)))
	switch c.Objective {
	case "likelihood":
		windows := float64(c.Training.BatchSize)
		if c.HasState() {
			windows = joint
		}
		return held + (perLaneWord+4)*c.words() + 12*nodes*steps*min(windows, c.words())
	case "mmd":
		if c.HasState() && !c.Sampled() { // the objective is evaluated over all joint words
			held += perLaneWord*c.words() + 4*nodes*steps*min(joint, c.words())
		}
		size := float64(c.Training.BatchSize)
		return held + 8*c.words() + 8*size*size // the distances of windows
	}
	held += c.criticBytes()
	switch c.Training.Gradient {
	case "straight_through", "expectation":
	case "parameter_shift":
		blocks := math.Ceil(float64(c.Training.BatchSize) / lanes)
		held += forward + blocks*perLaneWord*c.words()
		fallthrough
	default:
		held += (perLaneWord + float64(c.Training.HiddenUnits)/4) * c.words()
	}
	if c.Training.Gradient == "reinforce" {
		held += perLaneWord * c.words()
	}
	return held
}

// batchBytes returns the memory of a batch: its noise, as drawn and for every qubit, and its words,
// generated and real.
func (c Configuration) batchBytes() float64 {
	angles := 8 * float64(c.Qubits())
	if c.Circuit.NoisePerPatch {
		angles *= float64(c.Timesteps)
	}
	if c.Circuit.NoisePerLayer {
		angles *= float64(c.Encodings())
	}
	return float64(c.Training.BatchSize) * (angles + 24*float64(c.Timesteps))
}

// criticBytes returns the memory of the critic: its weights with their gradient and two moments, and
// for each window of a batch, generated and real, its slopes along the inputs, these as bits in two orders
// and its hidden units.
func (c Configuration) criticBytes() float64 {
	inputs, units := float64(c.Neurons*c.Timesteps), float64(c.Training.HiddenUnits)
	return 16*(inputs+2)*units + 2*float64(c.Training.BatchSize)*(4*inputs+inputs/4+4*units)
}

// evaluationBytes returns the memory of the evaluation, and of the history if there is one.
func (c Configuration) evaluationBytes() float64 {
	forward, _ := c.tileBytes()
	model, laws := 0.0, 16*c.words()*float64(c.Timesteps+1)
	if !c.IsFitted() {
		model = forward + c.patchBytes() + perExactWord*c.amplitudes()
	}
	if c.Sampled() {
		laws = 8 * float64(c.Evaluation.Samples) * float64(c.Timesteps)
	}
	if c.HasLikelihood() {
		laws += 16*c.words()*float64(c.Timesteps) + 8*min(mostScored, recordedBins*float64(c.Timesteps))
	}
	if c.HasState() && !c.IsFitted() {
		model += model + perLaneWord*c.words()*float64(c.Timesteps)
	}
	return model + laws
}

// FormatMemory formats a number of bytes for messages about memory, such as "1.7 GB".
func FormatMemory(bytes float64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.0f MB", bytes/1e6)
	}
	return fmt.Sprintf("%.1f GB", bytes/1e9)
}
