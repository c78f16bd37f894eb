// Package peak measures the float32 multiply-adds per second of a core, the limit
// that the speed of the kernels is compared with, and its clock. Its benchmarks run loops of
// multiply-adds on registers, with enough independent chains to hide their latency, and of
// additions that wait for each other. No program imports it.
package peak
