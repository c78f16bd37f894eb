// Package spiqsweepv1 is the wire contract between worker, coordinator and a
// person's commands: messages and services generated from worker.proto and
// operator.proto, and the version that both sides compare.
package spiqsweepv1

// ProtocolVersion is the version of this contract that programs built from it
// speak (Process.protocol). Raise it with every change of what a message means.
const ProtocolVersion = 1
