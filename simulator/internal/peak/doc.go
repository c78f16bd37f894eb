// Package peak measures the float32 multiply-adds per second of a core, the limit
// that the speed of the kernels is compared with. Its benchmark runs loops of
// multiply-adds on registers, with enough independent chains to hide their latency.
// No program imports it.
package peak
