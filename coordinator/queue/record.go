package queue

import (
	"time"

	"spiqsweep/sweep"
)

// Phase is where a task stands in its life (see the package comment).
type Phase string

// The phases of a task.
const (
	Waiting    Phase = "waiting"     // may be granted
	BackingOff Phase = "backing_off" // failed; waits until NotBefore
	Leased     Phase = "leased"      // its newest attempt is live
	Done       Phase = "done"        // a result is accepted, no other contradicts it
	SetAside   Phase = "set_aside"   // given up until a retry
	Diverged   Phase = "diverged"    // a result is accepted, another contradicts it
)

// Phases lists every phase.
var Phases = []Phase{Waiting, BackingOff, Leased, Done, SetAside, Diverged}

// State is the phase as results.csv prints it.
func (p Phase) State() sweep.State {
	switch p {
	case Done:
		return sweep.Done
	case SetAside:
		return sweep.SetAside
	case Diverged:
		return sweep.Diverged
	default:
		return sweep.Pending
	}
}

// Record is what changes during a task's life. All sweeps that refer to the
// task share it.
type Record struct {
	Task  sweep.TaskID
	Phase Phase
	// Attempt is the number of the newest attempt: the fencing token. It rises
	// at each grant and never falls.
	Attempt uint64
	// Pardoned attempts are forgotten by blame: those up to this number.
	Pardoned uint64
	// Alone: a process was lost with this task, so it is granted only to one
	// that holds nothing else.
	Alone bool
	// NotBefore ends the back-off.
	NotBefore time.Time
	// Accepted is the digest of the accepted result, "" before there is one.
	Accepted string
	// Compute is how long the accepted attempt worked.
	Compute time.Duration
	// Reason says why the task was set aside or diverged.
	Reason string
}

// Tally sums up the tasks of a sweep that are in one phase.
type Tally struct {
	Tasks   int
	Cost    time.Duration // by the cost model
	Compute time.Duration // measured; of accepted results
}
