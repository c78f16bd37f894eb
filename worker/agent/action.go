package agent

import (
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Action is something that an agent wants done.
type Action interface{ action() }

// What an agent may want. Each is followed by the event named with it.
type (
	// Call sends a Sync, and gives up one that is still in flight. Answered or
	// CallFailed follows, unless another Call replaces it.
	Call struct{ Request *spiqsweepv1.SyncRequest }
	// FetchRecording asks for bits; RecordingFetched follows.
	FetchRecording struct{ Digest string }
	// DropRecording forgets bits that were fetched.
	DropRecording struct{ Digest string }
	// FetchCheckpoint asks where to resume; CheckpointFetched follows.
	FetchCheckpoint struct{ Lease Lease }
	// StoreCheckpoint hands a checkpoint over; CheckpointStored follows.
	StoreCheckpoint struct {
		Lease Lease
		Step  uint64
		Body  []byte
	}
	// StartTask trains, from a checkpoint if Body is not nil. Progressed and
	// CheckpointMade may follow, Ended will.
	StartTask struct {
		Lease Lease
		Task  *spiqsweepv1.Task
		Body  []byte
	}
	// StopTask asks a running task to stop at its next step.
	StopTask struct{ Lease Lease }
	// SetTimer replaces the timer; Woken follows at that time (never, if it is zero).
	SetTimer struct{ At time.Time }
	// Say writes to the log.
	Say struct {
		Level   hclog.Level
		Message string
		Pairs   []any
	}
	// Exit ends the process. No action follows it.
	Exit struct{ Code int }
)

// The exit codes of a worker (DESIGN.md, section 5.5).
const (
	ExitDone        = 0  // all done, or drained with nothing in hand
	ExitFault       = 1  // the worker's own fault, or refused by the coordinator
	ExitUsage       = 2  // bad flags or files
	ExitUnreachable = 69 // EX_UNAVAILABLE: no coordinator for the connect time-out
	ExitWorkLeft    = 75 // EX_TEMPFAIL: stopped with work left, start again to go on
)

func (Call) action()            {}
func (FetchRecording) action()  {}
func (DropRecording) action()   {}
func (FetchCheckpoint) action() {}
func (StoreCheckpoint) action() {}
func (StartTask) action()       {}
func (StopTask) action()        {}
func (SetTimer) action()        {}
func (Say) action()             {}
func (Exit) action()            {}
