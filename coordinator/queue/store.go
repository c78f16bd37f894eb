package queue

import (
	"context"
	"time"

	"spiqsweep/sweep"
)

// Store keeps the state of a queue. Everything that a committed call has read or
// written is durable when Update returns. Its methods may be called concurrently.
type Store interface {
	// Update runs call in a transaction that may change what is claimed, or anything if
	// claim is nil. If call returns an error, its changes are rolled back and Update
	// returns that error. If the commit fails or its outcome is unknown, Update returns
	// ErrUnavailable. If the context ends, Update returns immediately, but call may still
	// run and commit. So call must not write to variables that its caller reads after an
	// error. It may run more than once, so it must first reset the variables that it sets.
	//
	// Transactions with disjoint claims may run concurrently; one without a claim excludes
	// all others. Several calls may share a transaction, one after the other.
	Update(ctx context.Context, claim *Claim, call func(Tx) error) error
	// View is Update for a call that reads only.
	View(ctx context.Context, call func(Tx) error) error
	// Changed returns a channel that is closed after the next commit of a transaction
	// that called Announce, by any user of the store, or if such a commit may have
	// been missed.
	Changed() <-chan struct{}
	// Close waits for running calls. Later calls return ErrUnavailable.
	Close() error
}

// Claim is what a transaction may change: a process ("" for none) and tasks, with those
// that the process holds and those that Next lists. The transaction may read other data but
// must not rely on it to stay unchanged.
type Claim struct {
	Process string
	Tasks   []sweep.TaskID
}

// Tx is one transaction. Only the goroutine that runs the call may use it, and only
// until the call returns. Neither side may change a byte slice that was passed or
// returned. A lookup returns found = false if there is no such entry. Every error is
// an ErrUnavailable, and the call must then return it.
type Tx interface {
	// Now returns the time of the transaction in UTC, in whole microseconds. It is
	// the same at each call.
	Now() time.Time
	// Announce makes the commit close the channel of Changed. The transaction's own Store
	// closes it before Update returns.
	Announce()

	SweepTx
	TaskTx
	AttemptTx
	ProcessTx
	BodyTx
}

// SweepTx is the part of Tx for sweeps and their plans.
type SweepTx interface {
	Sweep(id string) (s Sweep, found bool, err error)
	// Sweeps lists all sweeps by turn, then ID, without their grids.
	Sweeps() ([]Sweep, error)
	// PutSweep stores a sweep and removes its plan from the drafts.
	PutSweep(Sweep) error
	// SetTurn changes only the turn of a sweep.
	SetTurn(sweepID string, turn int64) error
	DeleteSweep(id string) error
	// ClaimSweep reports whether no concurrent transaction has claimed the sweep. If so, the
	// transaction has it to its end, and reads tallies that include those of all that had
	// it before. It never waits.
	ClaimSweep(id string) (bool, error)

	// Drafts lists the plans that are being written or deleted, by key.
	Drafts() ([]Draft, error)
	PutDraft(Draft) error

	// AddPlanned adds a page of tasks to a plan, with their specifications and, for
	// those without a record, a waiting one. It skips tasks that the plan has already.
	// previous is the plan to compare with, "" for none.
	AddPlanned(plan, previous string, page []Planned) (AddedPage, error)
	// DropPlanned removes up to limit tasks from a plan, by Row, and returns them. If
	// fewer were left, it also deletes the plan's draft and tallies.
	DropPlanned(plan string, limit int) ([]sweep.TaskID, error)
	// PlannedTasks lists up to limit tasks of a plan after a row number, by row.
	PlannedTasks(plan string, after, limit int) ([]PlannedTask, error)
	// PlannedWithPrefix lists up to limit tasks of a plan whose IDs begin with a prefix, by
	// ID.
	PlannedWithPrefix(plan string, prefix sweep.TaskID, limit int) ([]sweep.TaskID, error)
	// Referring lists the sweeps whose plan has a task, by ID.
	Referring(sweep.TaskID) ([]string, error)

	// Tallies returns the sums of a plan, which the store keeps up to date, so that
	// reading them is cheap. A phase without tasks may be absent.
	Tallies(plan string) (map[Phase]Tally, error)
	// Waiting lists the plans with waiting tasks, by key. It reads tallies.
	Waiting() ([]string, error)
	// CountUnfinished counts the waiting, backing-off and leased tasks in the plans of all
	// sweeps. It reads tallies.
	CountUnfinished() (int, error)
	// Next lists up to limit waiting tasks of a plan by Order, then Row, and adds them
	// to the claim. It omits exclusive tasks unless exclusive is set, and tasks that a
	// concurrent transaction has listed.
	// It also omits tasks that cost more than most and have no checkpoint.
	Next(plan string, exclusive bool, most time.Duration, limit int) ([]Next, error)
	// Rows lists up to limit rows of a plan after a row number, by row. Only rows with
	// a reason have their configuration and recording.
	Rows(plan string, after, limit int) ([]Row, error)
	// RowsIn lists up to limit rows of a plan in a phase, Failed or Diverged, by Order,
	// then Row, with configurations and without results.
	RowsIn(plan string, phase Phase, limit int) ([]Row, error)
	// History lists up to limit attempts of a plan's tasks after one, by row, then
	// attempt.
	History(plan string, afterRow int, afterAttempt uint64, limit int) ([]History, error)
}

// TaskTx is the part of Tx for tasks.
type TaskTx interface {
	Specification(sweep.TaskID) (s Specification, found bool, err error)
	Record(sweep.TaskID) (r Record, found bool, err error)
	// PutRecord stores a record and updates the tallies.
	PutRecord(Record) error
	// Due lists up to limit tasks whose back-off has ended by now, by its end, then ID.
	Due(now time.Time, limit int) ([]sweep.TaskID, error)
}

// AddedPage counts the tasks of a page that was added to a plan.
type AddedPage struct {
	New  int // tasks that the plan did not have
	Kept int // tasks that the previous plan has, too
	Done int // tasks that are done already
}

// PlannedTask is a task of a plan.
type PlannedTask struct {
	Task  sweep.TaskID
	Row   int
	Phase Phase // of its record
}

// Next is a waiting task that may be granted.
type Next struct {
	Task       sweep.TaskID
	Order, Row int
	Cost       time.Duration
	Exclusive  bool // as its record says
}

// AttemptTx is the part of Tx for attempts.
type AttemptTx interface {
	Attempt(Lease) (a Attempt, found bool, err error)
	PutAttempt(Attempt) error
	// Attempts lists the attempts of a task by number.
	Attempts(sweep.TaskID) ([]Attempt, error)
	// HeldBy lists the live attempts of a process by time of the grant, then task, then
	// number.
	HeldBy(process string) ([]Attempt, error)
	// OldestGrant returns when the live attempt that was granted first was granted.
	OldestGrant() (at time.Time, found bool, err error)
}

// ProcessTx is the part of Tx for processes.
type ProcessTx interface {
	Presence(process string) (p Presence, found bool, err error)
	PutPresence(Presence) error
	// Present lists the processes with a deadline up to a time, or with any deadline if
	// the time is zero, by ID.
	Present(until time.Time) ([]Presence, error)
	// Tick stores the time of a coordinator's tick and returns that of the last tick of
	// any coordinator, or zero.
	Tick(now time.Time) (last time.Time, err error)
}

// BodyTx is the part of Tx for large bodies.
type BodyTx interface {
	Result(task sweep.TaskID, digest string) (r StoredResult, found bool, err error)
	// PutResult changes nothing if there is a result under the digest.
	PutResult(task sweep.TaskID, digest string, r StoredResult) error
	DeleteResult(task sweep.TaskID, digest string) error
	Checkpoint(sweep.TaskID) (step uint64, body []byte, found bool, err error)
	// CheckpointStep returns the step of the checkpoint, or 0 without one.
	CheckpointStep(sweep.TaskID) (step uint64, err error)
	PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error
	DeleteCheckpoint(sweep.TaskID) error
	Recording(digest string) (body []byte, found bool, err error)
	PutRecording(digest string, body []byte) error
}
