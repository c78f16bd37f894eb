package queue

import (
	"time"

	"spiqsweep/sweep"
)

// Sweep is a live sweep: the newest revision of its grid.
type Sweep struct {
	ID          string // random, kept in the output folder
	Name        string // a label
	Revision    int    // counts the grids from 1; Plan sets it
	Grid        []byte // the grid's text as it was run
	Numerics    int    // of every task of the sweep
	KernelClass string
	CreatedAt   time.Time // Plan sets it
	// Turn orders the sweeps that share a store: the smallest is served next.
	Turn int64
}

// Planned is a task in its place within a sweep.
type Planned struct {
	Task  sweep.Task
	Row   int     // position in results.csv
	Order int     // position in the order of execution
	Cost  float64 // seconds on the reference kernel
}

// Revision says what a plan changed.
type Revision struct {
	Number      int
	Added       int // tasks new to the sweep
	Kept        int // tasks that the revision before had too
	Dropped     int // tasks that only the revision before had
	AlreadyDone int // of Added and Kept: finished before, whichever sweep asked
}

// Row is a planned task and what is known of it.
type Row struct {
	Planned
	Phase  Phase
	State  sweep.State
	Reason string // why it was set aside, or with which digests it diverged
	Result []byte // canonical JSON of the accepted result; nil unless done or diverged
}
