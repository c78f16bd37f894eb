// Package spiqsweep trains quantum generative models of neuronal spikes, many
// of them, on as many machines as there are. The programs are in coordinator
// and worker, the science in simulator; DESIGN.md says how they fit.
package spiqsweep

import _ "embed" // for DefaultGrid

// DefaultGrid is the text of sweep.hcl, which the coordinator runs without --grid.
//
//go:embed sweep.hcl
var DefaultGrid []byte
