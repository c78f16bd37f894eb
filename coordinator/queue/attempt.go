package queue

import (
	"time"

	"spiqsweep/sweep"
)

// Lease names a task and the attempt under which it is held. The number of the
// attempt is the fencing token.
type Lease struct {
	Task    sweep.TaskID
	Attempt uint64
}

// Outcome says how an attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	Live          Outcome = ""            // it has not ended
	Accepted      Outcome = "accepted"    // its result counts
	Late          Outcome = "late"        // its result came when a later attempt had been granted
	AttemptFailed Outcome = "failed"      // the task's own fault
	Lost          Outcome = "lost"        // its process fell silent
	HandedBack    Outcome = "handed_back" // given back unharmed
	Withdrawn     Outcome = "withdrawn"   // no sweep wanted the task any more
	Cancelled     Outcome = "cancelled"   // by an operator
	Verified      Outcome = "verified"    // its result is the accepted one, bit for bit
	Differed      Outcome = "differed"    // its result was to verify the accepted one, and is another
)

// Attempt is one grant of a task to a process, and its history: a line of
// attempts.csv.
type Attempt struct {
	Lease
	Process string // the holder
	Host    string // labels of the holder
	Kernel  string

	GrantedAt time.Time
	EndedAt   time.Time // zero while live
	From      uint64    // step of the checkpoint that it was granted with
	Started   bool      // the holder has begun to work on it
	Step      uint64    // the newest that the holder told
	Saved     uint64    // step of the task's checkpoint when it was lost

	Outcome Outcome
	// Alone: the holder held nothing else when it was lost.
	Alone bool
	// Excused: the loss is not to be blamed on the task.
	Excused bool
	Reason  string        // of a failure, loss, hand-back or withdrawal
	Log     string        // the last lines of a failed task's log
	Digest  string        // of the result that it reported, counted or not
	Compute time.Duration // that its result took
}

// end closes an attempt.
func (a *Attempt) end(o Outcome, reason string, now time.Time) {
	a.Outcome, a.Reason, a.EndedAt = o, reason, now
}

// reopen undoes end.
func (a *Attempt) reopen() {
	a.end(Live, "", time.Time{})
	a.Alone, a.Excused, a.Saved = false, false, 0
}

// History is an attempt in the place of its task within a sweep.
type History struct {
	Row int
	Attempt
}
