package queue

import (
	"time"

	"spiqsweep/sweep"
)

// SyncRequest is what a process says in one call.
type SyncRequest struct {
	Process
	// Sequence grows with every call of the process. A call that is not newer
	// than one before changes nothing, but its results are judged.
	Sequence uint64
	// Held names every lease that the process has, reported ones included until
	// they are judged.
	Held    []Held
	Reports []Report
	// FreeSlots could be given work.
	FreeSlots int
	Draining  bool
}

// Held is a lease that a process has.
type Held struct {
	Lease
	Step    uint64
	Started bool
}

// SyncAnswer is what the process should do.
type SyncAnswer struct {
	// Assignments name everything that the process should hold. A lease that it
	// holds but that is not named is withdrawn.
	Assignments []Assignment
	// Verdicts judge the reports, in their order.
	Verdicts    []Verdict
	CallAgainIn time.Duration // at the latest
	// Done: nothing is pending or leased in any sweep.
	Done      bool
	LeaseTerm time.Duration
}

// Assignment is a lease that a process should hold.
type Assignment struct {
	Lease
	Work *Work // nil if the process named the lease itself
}

// Work is all that a process needs to know of a task.
type Work struct {
	sweep.Task
	CheckpointStep uint64        // to resume from; 0: from the start
	StallTimeout   time.Duration // without a new step, the task has failed
}
