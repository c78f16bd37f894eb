package queue

import (
	"fmt"
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
	Failed     Phase = "failed"      // given up until a retry
	Diverged   Phase = "diverged"    // a result is accepted, another contradicts it
)

// Phases lists every phase.
var Phases = []Phase{Waiting, BackingOff, Leased, Done, Failed, Diverged}

// State is the phase as results.csv prints it.
func (p Phase) State() sweep.State {
	switch p {
	case Done:
		return sweep.Done
	case Failed:
		return sweep.Failed
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
	// NotBefore ends the back-off; zero without one.
	NotBefore time.Time
	// Accepted is the digest of the accepted result, "" before there is one.
	Accepted string
	// Compute is how long the accepted attempt worked.
	Compute time.Duration
	// Verifying: the task has an accepted result and runs once more to be
	// compared with it. It counts as done meanwhile.
	Verifying bool
	// Reason says why the task failed, how its results differ, or why a
	// done one could not be verified. Of one that is being verified, it says what
	// contradicts it already.
	Reason string
}

// State is the record as results.csv prints it.
func (r Record) State() sweep.State {
	if r.Verifying {
		return sweep.Done
	}
	return r.Phase.State()
}

// Specification is what a task is, and what it costs.
type Specification struct {
	sweep.Task               // Cell is 0: it belongs to a sweep
	Cost       time.Duration // on the reference kernel, by the cost model
}

// Tally sums up the tasks of a sweep that are in one phase.
type Tally struct {
	Tasks   int
	Cost    float64 // seconds, by the cost model
	Compute float64 // seconds, measured; of accepted results
	// Verifying of the tasks are done, and run once more.
	Verifying int
	// Arrivals counts those that have ever come into the phase from another.
	Arrivals int
}

func (c *call) record(task sweep.TaskID) (Record, error) {
	r, found, err := c.tx.Record(task)
	if err == nil && !found {
		err = fmt.Errorf("%w: task %q", ErrUnknown, task)
	}
	return r, err
}

func (c *call) specification(task sweep.TaskID) (Specification, error) {
	s, found, err := c.tx.Specification(task)
	if err == nil && !found {
		err = fmt.Errorf("%w: task %q", ErrUnknown, task)
	}
	return s, err
}
