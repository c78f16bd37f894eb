// Package spiqsweep holds the default grid. The project trains quantum generative
// models of neural spikes, many of them, on any number of machines: the programs are
// in coordinator and worker, the science is in simulator, and DESIGN.md describes how
// they fit together.
package spiqsweep
