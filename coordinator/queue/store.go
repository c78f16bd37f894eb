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
	Close() error
}

// Tx is one transaction. It is used by one goroutine, within the call alone.
// Byte slices that go in or come out are not changed by either side. A method
// that looks for one thing says whether there is one.
type Tx interface {
	// Now is the time of the transaction, in microseconds and UTC: the same at each call.
	Now() time.Time

	SweepTx
	TaskTx
	ProcessTx
	BlobTx
}

// SweepTx is the part of a Tx about sweeps and their plans.
type SweepTx interface {
	Sweep(id string) (s Sweep, found bool, err error)
	// Sweeps lists all, by turn and then ID, without their grids.
	Sweeps() ([]Sweep, error)
	PutSweep(Sweep) error
	// SetTurn changes the turn alone.
	SetTurn(sweep string, turn int64) error
	// DeleteSweep forgets a sweep without planned tasks.
	DeleteSweep(id string) error
	// Tallies of a sweep, kept up to date, so that reading them is cheap. A phase
	// without tasks may be absent.
	Tallies(sweep string) (map[Phase]Tally, error)

	// PutPlanned puts a task in its place within a revision of a sweep, and says
	// whether a revision before had it, and whether anything of it changed. Its
	// record must exist.
	PutPlanned(sweep string, revision int, p Planned) (kept, changed bool, err error)
	// DropPlanned removes the tasks that are not in the revision and returns them.
	DropPlanned(sweep string, revision int) ([]sweep.TaskID, error)
	// Referring lists the sweeps that refer to a task.
	Referring(sweep.TaskID) ([]string, error)
	// Rows pages through a sweep in row order: up to limit rows above after.
	Rows(sweep string, after, limit int, withResults bool) ([]Row, error)
	// RowsIn lists up to limit rows of a sweep in a phase, by Order and Row, without results.
	RowsIn(sweep string, phase Phase, limit int) ([]Row, error)
}

// TaskTx is the part of a Tx about tasks and their attempts.
type TaskTx interface {
	Record(sweep.TaskID) (r Record, found bool, err error)
	// PutRecord stores a record and keeps the tallies and Next in step.
	PutRecord(Record) error
	// Task returns what a task is; its Cell is that of any sweep.
	Task(sweep.TaskID) (t sweep.Task, found bool, err error)
	PutTask(sweep.Task) error
	// Next lists up to limit waiting tasks of a sweep, by Order and Row: those
	// whose records have Alone as asked.
	Next(sweep string, alone bool, limit int) ([]Next, error)
	// InPhase lists up to limit tasks in a phase, in any order: those after the
	// given one by ID.
	InPhase(phase Phase, after sweep.TaskID, limit int) ([]sweep.TaskID, error)
	// Due lists up to limit tasks whose back-off has ended by now.
	Due(now time.Time, limit int) ([]sweep.TaskID, error)

	Attempt(Lease) (a Attempt, found bool, err error)
	PutAttempt(Attempt) error
	// Attempts lists a task's, by number.
	Attempts(sweep.TaskID) ([]Attempt, error)
	// HeldBy lists the live attempts of a process, by time of the grant, task and number.
	HeldBy(process string) ([]Attempt, error)
	// History pages through the attempts of a sweep's tasks, by row and number:
	// up to limit of them after the given place.
	History(sweep string, afterRow int, afterAttempt uint64, limit int) ([]History, error)
}

// Next is a waiting task.
type Next struct {
	Task       sweep.TaskID
	Order, Row int
	Cost       time.Duration
}

// ProcessTx is the part of a Tx about processes.
type ProcessTx interface {
	Presence(process string) (p Presence, found bool, err error)
	PutPresence(Presence) error
	// Present lists the processes whose deadline is not zero, by ID.
	Present() ([]Presence, error)
	// Overdue lists those whose deadline is not zero and not after now, by ID.
	Overdue(now time.Time) ([]Presence, error)
}

// BlobTx is the part of a Tx about bodies.
type BlobTx interface {
	Result(task sweep.TaskID, digest string) (body []byte, found bool, err error)
	PutResult(task sweep.TaskID, digest string, body []byte) error
	Checkpoint(sweep.TaskID) (step uint64, body []byte, found bool, err error)
	// CheckpointStep is 0 without a checkpoint.
	CheckpointStep(sweep.TaskID) (step uint64, err error)
	PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error
	DeleteCheckpoint(sweep.TaskID) error
	Recording(digest string) (body []byte, found bool, err error)
	PutRecording(digest string, body []byte) error
}
