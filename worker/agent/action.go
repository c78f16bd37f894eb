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
