// Package wire puts the queue's types into the words of OperatorService, and
// back: the two ends, coordinator/service and coordinator/remote, say the same
// by the same code. What one writes, the other reads unchanged, but for what the
// contract leaves out (each reader says what).
//
// A reader believes nothing: sizes, digests, labels and numbers are checked, and
// a configuration must be the canonical form of a valid one. Its error says what
// is wrong with the message, which is its sender's fault.
//
// The package has no state, and nothing here outlives a call.
package wire
