package queue

import (
	"time"

	"spiqsweep/sweep"
)

// Status sums a sweep up.
type Status struct {
	Sweep    Sweep
	AsOf     time.Time
	Counts   Counts
	Workers  []Worker // of the whole store
	SetAside []Row    // the first MaxListed, without results
	Diverged []Row
	// TimeLeft is an estimate: by the cost model, corrected by what finished
	// tasks took, on the slots that are there now. Zero without any slot.
	TimeLeft time.Duration
}

// MaxListed bounds the lists of a Status.
const MaxListed = 100

// Counts of the tasks of a sweep; all but Planned add up to Planned.
type Counts struct {
	Planned, Done, Leased, Pending, SetAside, Diverged int
}

// Finished says whether nothing is left that could still run.
func (c Counts) Finished() bool { return c.Leased == 0 && c.Pending == 0 }

// Worker is a process that has been heard of within the last lease term.
type Worker struct {
	Presence
	Running []Running
}

// Running is a live lease.
type Running struct {
	Attempt
	Task sweep.Task
}

// RetryRequest says which tasks to reopen.
type RetryRequest struct {
	Tasks    []sweep.TaskID // empty: all
	Diverged bool           // those that diverged, instead of those that were set aside
}
