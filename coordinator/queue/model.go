package queue

import (
	"math"
	"time"

	"spiqsweep/sweep"
)

// Sweep is the newest revision of a sweep. Queue.Plan sets Revision, CreatedAt, Turn
// and Plan.
type Sweep struct {
	ID          string // random, kept in the output folder
	Name        string // a label
	Revision    int    // from 1
	Grid        []byte // the text of the grid file
	Numerics    int    // of every task of the sweep
	KernelClass string
	CreatedAt   time.Time
	// Turn orders the sweeps that share a store: the smallest is served next. Grants
	// advance it.
	Turn int64
	// Plan is the key of the plan.
	Plan string
	// Digest is the digest of the plan (see [Digest]). Queue.Plan uses a given digest
	// to recognise an unchanged plan, and sets it.
	Digest string
	// Note is a text for people.
	Note string
	// Recording is the name of the file that the tasks are trained on; "" if they are trained
	// on the surrogate alone, or if the name is not known.
	Recording string
	Limits
}

// Planned is a task with its position in a plan.
type Planned struct {
	Task  sweep.Task
	Row   int     // position in results.csv
	Order int     // position in the order of execution
	Cost  float64 // seconds on the reference kernel
}

// Expected returns the cost as a duration, rounded to a microsecond.
func (p Planned) Expected() time.Duration {
	return time.Duration(math.Round(p.Cost*1e6)) * time.Microsecond
}

// Revision describes the changes that a plan made.
type Revision struct {
	Number      int
	Added       int // tasks new to the sweep
	Kept        int // tasks that the previous revision had, too
	Dropped     int // tasks that only the previous revision had
	AlreadyDone int // those of Added and Kept that were finished before
}

// Row is a planned task with its state. A stream of rows omits the configuration and
// the recording unless there is a Reason, because the reader has the grid.
type Row struct {
	Planned
	Phase  Phase
	State  sweep.State
	Reason string // why the task failed, or how its results differ
	// Digest names the accepted result. Measures holds its table values, as
	// sweep.Measures.Encode writes them. Both are empty unless the task is done or
	// diverged.
	Digest   string
	Measures []byte
}

// Lease names a task and the attempt under which a process holds it. The attempt's
// number is the fencing token.
type Lease struct {
	Task    sweep.TaskID
	Attempt uint64
}

// Outcome is how an attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	Live          Outcome = ""            // it has not ended
	Accepted      Outcome = "accepted"    // its result was accepted
	Late          Outcome = "late"        // its result arrived after a later attempt was granted
	AttemptFailed Outcome = "failed"      // the task itself failed
	Lost          Outcome = "lost"        // its process fell silent or ended
	HandedBack    Outcome = "handed_back" // the process gave the task back
	Withdrawn     Outcome = "withdrawn"   // no sweep refers to the task any more
	Cancelled     Outcome = "cancelled"   // an operator cancelled the task
	Verified      Outcome = "verified"    // its result equals the accepted one bit for bit
	Differed      Outcome = "differed"    // its result was meant to verify the accepted one and differs
)

// Attempt is one grant of a task to a process: a line of attempts.csv.
type Attempt struct {
	Lease
	Process string // the holder
	Host    string // labels of the holder
	Kernel  string

	GrantedAt time.Time
	EndedAt   time.Time // zero while live
	From      uint64    // step of the checkpoint at the grant
	Started   bool      // the holder has begun to work on it
	Step      uint64    // the latest step that the holder has reported
	Saved     uint64    // step of the task's checkpoint when the attempt was lost

	Outcome Outcome
	// SoleTask means that the holder held no other task when the attempt was lost.
	SoleTask bool
	// Excused means that blame ignores the loss.
	Excused bool
	Reason  string        // of a failure, loss, hand-back or withdrawal
	Log     string        // the last lines of a failed task's log
	Digest  string        // of the reported result, accepted or not
	Compute time.Duration // the compute time of that result
}

// end closes an attempt.
func (a *Attempt) end(o Outcome, reason string, now time.Time) {
	a.Outcome, a.Reason, a.EndedAt = o, reason, now
}

// reopen undoes end.
func (a *Attempt) reopen() {
	a.end(Live, "", time.Time{})
	a.SoleTask, a.Excused, a.Saved = false, false, 0
}

// History is an attempt with the row of its task.
type History struct {
	Row int
	Attempt
}

// Phase is the state of a task in its life cycle (see the package comment).
type Phase string

// The phases of a task.
const (
	Waiting    Phase = "waiting"     // may be granted
	BackingOff Phase = "backing_off" // an attempt failed; waits until NotBefore
	Leased     Phase = "leased"      // its newest attempt is live
	Done       Phase = "done"        // a result is accepted and none contradicts it
	Failed     Phase = "failed"      // until a retry
	Diverged   Phase = "diverged"    // a result is accepted and another contradicts it
)

// Phases lists every phase.
var Phases = []Phase{Waiting, BackingOff, Leased, Done, Failed, Diverged}

// State returns the phase as results.csv prints it.
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

// Record is the mutable state of a task. All sweeps that refer to the task share it.
type Record struct {
	Task  sweep.TaskID
	Phase Phase
	// Attempt is the number of the newest attempt, the fencing token. Each grant
	// increments it.
	Attempt uint64
	// Pardoned is the number of the last attempt that blame ignores.
	Pardoned uint64
	// Exclusive means that a process was lost with this task, so that it is granted only
	// to a process that holds nothing else.
	Exclusive bool
	// NotBefore ends the back-off; zero without one.
	NotBefore time.Time
	// Accepted is the digest of the accepted result, "" before there is one.
	Accepted string
	// Compute is the compute time of the accepted result.
	Compute time.Duration
	// Verifying means that the task has an accepted result and runs again to be
	// compared with it. It still counts as done.
	Verifying bool
	// Reason is why the task failed, how its results differ, or why its verification
	// failed. During a verification it is the contradiction found so far.
	Reason string
}

// State returns the record's state as results.csv prints it.
func (r Record) State() sweep.State {
	if r.Verifying {
		return sweep.Done
	}
	return r.Phase.State()
}

// Specification is the immutable part of a task and its expected cost.
type Specification struct {
	sweep.Task               // without its ConfigurationIndex, which belongs to a plan
	Cost       time.Duration // on the reference kernel, by the cost model
}

// Tally is the sum over the tasks of a plan in one phase.
type Tally struct {
	Tasks   int
	Cost    float64 // seconds, by the cost model
	Compute float64 // seconds, measured; of accepted results
	// Verifying counts the tasks that are being verified.
	Verifying int
	// Arrivals counts how often tasks have entered the phase from another.
	Arrivals int
}

// Process is one run of the worker program.
type Process struct {
	ID          string // random, made at start-up
	Host        string // a label
	Version     string // of the program, a label
	Numerics    int    // must equal the sweep's
	KernelClass string // must equal the sweep's
	Kernel      string // a label
	Slots       int    // tasks that it runs concurrently
	EngineJob   string // a label: the job of an engine in which it runs; "": none
}

// Presence is the store's entry for a process.
type Presence struct {
	Process
	// Sequence is the number of the newest call that took effect.
	Sequence  uint64
	FirstSeen time.Time
	LastSeen  time.Time
	// Deadline is when all leases of the process expire. Each newer call moves it. It
	// is zero once the process has expired or left.
	Deadline time.Time
	// ExcuseLoss means that the coordinator was away after the process's last call. If
	// the process never calls again, the coordinator's absence or a common cause may
	// be the reason, so its tasks are not blamed.
	ExcuseLoss bool
	// Leaving means that an operator asked the process to hand back its tasks and to
	// exit.
	Leaving bool
}

// extend gives a process that has called a full term.
func (p *Presence) extend(now time.Time, term time.Duration) {
	p.LastSeen, p.Deadline, p.ExcuseLoss = now, now.Add(term), false
}
