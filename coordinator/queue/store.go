package queue

import (
	"context"
	"time"

	"spiqsweep/sweep"
)

// Store keeps everything. What it has answered is durable.
type Store interface {
	// Update runs a call in a transaction of its own: if call returns an error,
	// nothing has happened, and Update returns that error. If the outcome of the
	// commit is failure or unknown, Update returns ErrUnavailable. The context
	// ends only the waiting: the call may still happen. So call must not touch
	// what its caller reads after an error, and since it may be run more than
	// once, it must begin by resetting what it leaves behind.
	Update(ctx context.Context, call func(Tx) error) error
	// View is an Update that may only read.
	View(ctx context.Context, call func(Tx) error) error
	// Changed returns a channel that is closed once a transaction that announced
	// itself is durable, whichever user of the store made it, or once one may
	// have been missed.
	Changed() <-chan struct{}
	// Close waits for what is under way. Later calls return ErrUnavailable.
	Close() error
}

// Tx is one transaction. It is used by one goroutine, within the call alone.
// Byte slices that go in or come out are not changed by either side. A method
// that looks for one thing says whether there is one. Its errors are
// ErrUnavailable; after one, the call must return it.
type Tx interface {
	// Claim says what the transaction keeps to: a process (or none), tasks, those
	// whose live attempts the process has, and what Next lists. It may read the
	// rest of a sweep, but must not build on its staying as it is. Transactions
	// with claims that do not meet may run at once; one without a claim is alone
	// in the store. If it is made, it is the first call.
	Claim(process string, tasks []sweep.TaskID) error
	// Now is the time of the transaction, in microseconds and UTC: the same at each call.
	Now() time.Time
	// Announce closes the channel of Changed once the transaction is durable, for
	// the callers of this store before the call is answered.
	Announce()

	SweepTx
	TaskTx
	AttemptTx
	ProcessTx
	BodyTx
}

// SweepTx is the part of a Tx about sweeps and their plans.
type SweepTx interface {
	Sweep(id string) (s Sweep, found bool, err error)
	// Sweeps lists all, by turn and then ID, without their grids.
	Sweeps() ([]Sweep, error)
	PutSweep(Sweep) error
	// SetTurn changes the turn alone.
	SetTurn(sweepID string, turn int64) error
	DeleteSweep(id string) error

	// Drafts lists the plans that no sweep has: those that are being written or
	// taken away, by key.
	Drafts() ([]Draft, error)
	PutDraft(Draft) error
	DeleteDraft(plan string) error

	// PutPlanned puts a task in its place within a plan: the first one counts. The
	// record must be the task's, whose specification must exist.
	PutPlanned(plan string, p Planned, r Record) error
	// CountPlanned counts the tasks of a plan, one by one.
	CountPlanned(plan string) (int, error)
	// Plans says whether a plan has a task.
	Plans(plan string, task sweep.TaskID) (bool, error)
	DropPlanned(plan string, task sweep.TaskID) error
	// DeleteTallies forgets the tallies of a plan without tasks.
	DeleteTallies(plan string) error
	// PlannedTasks pages through the tasks of a plan by ID: up to limit after one.
	PlannedTasks(plan string, after sweep.TaskID, limit int) ([]sweep.TaskID, error)
	// TasksIn pages through those of them that are in a phase.
	TasksIn(plan string, phase Phase, after sweep.TaskID, limit int) ([]sweep.TaskID, error)
	// Referring lists the sweeps whose plan has a task, by ID.
	Referring(sweep.TaskID) ([]string, error)

	// Tallies of a plan, kept up to date, so that reading them is cheap. A phase
	// without tasks may be absent.
	Tallies(plan string) (map[Phase]Tally, error)
	// Waiting lists the plans that have waiting tasks, by key, as cheaply.
	Waiting() ([]string, error)
	// Open counts what is waiting, backing off or leased in the plans of all sweeps, as cheaply.
	Open() (int, error)
	// Next lists up to limit waiting tasks of a plan, by Order and Row: those that
	// must be alone only if that is asked. What it lists is this transaction's; what
	// another has listed and not yet committed or given up is left out.
	Next(plan string, alone bool, limit int) ([]Next, error)
	// Rows pages through a plan by row: up to limit above one. Only those with a
	// reason have their configuration and recording.
	Rows(plan string, after, limit int) ([]Row, error)
	// RowsIn lists up to limit rows of a plan in a phase, by Order and Row, with
	// their configurations, without results.
	RowsIn(plan string, phase Phase, limit int) ([]Row, error)
	// History pages through the attempts of a plan's tasks, by row and number:
	// up to limit after one.
	History(plan string, afterRow int, afterAttempt uint64, limit int) ([]History, error)
}

// TaskTx is the part of a Tx about tasks.
type TaskTx interface {
	Specification(sweep.TaskID) (s Specification, found bool, err error)
	PutSpecification(Specification) error
	Record(sweep.TaskID) (r Record, found bool, err error)
	// AddRecords returns the records of tasks, in their order, and makes one that
	// waits where there is none.
	AddRecords([]sweep.TaskID) ([]Record, error)
	// PutRecord stores a record, and with it what Tallies, Open and Next say.
	PutRecord(Record) error
	// Due lists up to limit tasks whose back-off has ended by now, by its end and ID.
	Due(now time.Time, limit int) ([]sweep.TaskID, error)
}

// Next is a waiting task.
type Next struct {
	Task       sweep.TaskID
	Order, Row int
	Cost       time.Duration
	Alone      bool // as its record says
}

// AttemptTx is the part of a Tx about attempts.
type AttemptTx interface {
	Attempt(Lease) (a Attempt, found bool, err error)
	PutAttempt(Attempt) error
	// Attempts lists a task's, by number.
	Attempts(sweep.TaskID) ([]Attempt, error)
	// HeldBy lists the live attempts of a process, by time of the grant, task and number.
	HeldBy(process string) ([]Attempt, error)
}

// ProcessTx is the part of a Tx about processes.
type ProcessTx interface {
	Presence(process string) (p Presence, found bool, err error)
	PutPresence(Presence) error
	// Present lists the processes whose deadline is not zero, by ID.
	Present() ([]Presence, error)
	// Overdue lists those of them whose deadline is not after now, by ID.
	Overdue(now time.Time) ([]Presence, error)
	// LastTick is when any coordinator last ticked; zero before the first time.
	LastTick() (time.Time, error)
	PutLastTick(time.Time) error
}

// BodyTx is the part of a Tx about large bodies.
type BodyTx interface {
	Result(task sweep.TaskID, digest string) (body []byte, found bool, err error)
	// Measures are those that were stored with a result.
	Measures(task sweep.TaskID, digest string) (body []byte, found bool, err error)
	// PutResult leaves what it finds under that digest as it is.
	PutResult(task sweep.TaskID, digest string, r StoredResult) error
	DeleteResult(task sweep.TaskID, digest string) error
	Checkpoint(sweep.TaskID) (step uint64, body []byte, found bool, err error)
	// CheckpointStep is 0 without a checkpoint.
	CheckpointStep(sweep.TaskID) (step uint64, err error)
	PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error
	DeleteCheckpoint(sweep.TaskID) error
	Recording(digest string) (body []byte, found bool, err error)
	PutRecording(digest string, body []byte) error
}
