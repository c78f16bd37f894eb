// Package model writes trained generators as files that other programs can use
// without ours: models/TASK.json, in the format "spiqsweep-model/1".
//
// A file is one JSON object. It holds the data that the model was trained on, its
// settings, its angles, and a few test vectors: probabilities that a reader must
// reproduce from the angles. model.py, in this folder, documents the format: it checks
// the test vectors with numpy, computes the distribution of a time step over the noise,
// and draws windows.
//
//   - angles[time][layer][qubit] = [RY, RZ], radians, with all their digits.
//   - qubit_order: qubit i < neurons is neuron i, the recording's neuron
//     neuron_ids[i], and bit i of a word; auxiliary qubits follow.
//   - tests: the distribution of patch `time` for the noise angles
//     gamma[encoding][qubit], one probability for each word of the neurons, and
//     above 16 neurons for the first 65,536 words alone.
//   - settings: every setting on which the model's numbers depend, by its name in a grid,
//     and the preset; circuit repeats those that a reader of the angles needs.
//
// A model file is a view of a stored result and can be made again at any time.
package model
