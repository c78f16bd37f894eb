// Package protocol holds what coordinators, workers and remote clients must agree on
// beside the messages of proto/spiqsweep: the compression of bodies and its limits, the
// time of a long poll, the standard input and the exit codes of workers, and the
// connection to one of several coordinators.
package protocol
