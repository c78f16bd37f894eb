package table

import (
	"iter"

	"spiqsweep/sweep"
)

// Row is one planned task and what is known of it.
type Row struct {
	Task               sweep.TaskID
	ConfigurationIndex int // position of the cell in the grid, from 0
	State              sweep.State
	Configuration      sweep.Configuration
	Data               string          // "surrogate", or the recording's file name
	NeuronIDs          []int           // the modelled cells' numbers, from 0
	Digest             string          // of the accepted result; "" without one
	Measures           *sweep.Measures // of the accepted result; nil without one
}

// Rows yields the rows of a sweep in grid order, the replicates of a cell one
// after the other.
type Rows = iter.Seq2[Row, error]

// Shape says which columns a sweep has beside the fixed ones.
type Shape struct {
	Axes    []string // settings that the grid sweeps, in its order
	Holdout bool     // whether any cell holds repeats out
}
