// Package spiqsweepv1 is the wire contract between worker, coordinator and a
// person's commands: messages and services generated from worker.proto and
// operator.proto, and the version that both sides compare.
package spiqsweepv1

// ProtocolVersion is the version of this contract that programs built from it
// speak (Process.protocol). Whoever changes what a message means raises it.
const ProtocolVersion = 1
