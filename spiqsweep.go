package spiqsweep

import _ "embed" // for DefaultGrid

// DefaultGrid is the text of sweep.hcl, which the coordinator runs without --grid.
//
//go:embed sweep.hcl
var DefaultGrid []byte
