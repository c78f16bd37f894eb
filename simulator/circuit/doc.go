// Package circuit runs the quantum circuit of one patch: the probabilities of
// its words, measurements, and the gradient of an expected weight with respect
// to the angles.
package circuit
