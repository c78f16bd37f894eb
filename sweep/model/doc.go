// Package model writes trained generators as files that need none of our
// programs to be used: models/TASK.json, in the format "spiqsweep-model/1".
//
// A file is one JSON object. It says what the model was trained on, every
// setting of its circuit, its angles, and a few test vectors: laws that whoever
// reads the angles must be able to reproduce. model.py, beside this file, does
// so with numpy, computes the law of a time step over the noise, and draws
// windows: it explains the format.
//
//   - angles[time][layer][qubit] = [RY, RZ], radians, with all their digits.
//   - qubit_order: qubit i < neurons is neuron i, the recording's neuron neuron_ids[i], and bit i of
//     a word; auxiliary qubits follow.
//   - tests: the law of patch `time` for the noise angles
//     gamma[encoding][qubit], one probability for each word of the neurons.
//
// A model file is a view of a stored result and can be made again at any time.
package model
