// Package peak measures how many multiply-adds in float32 a core makes in a
// second: what the kernels' speed is compared with. Its benchmark runs loops that
// do nothing else, on registers alone, with as many independent chains as hide the
// latency. It is for measuring only; no program imports it.
package peak
