package agent

import (
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Lease is a task held under a fencing token.
type Lease struct {
	Task    string
	Attempt uint64
}

// Event is an input of an agent.
type Event interface{ event() }

// The events. Errors are those of gRPC calls; their status codes decide whether the agent
// retries.
type (
	// Started is the first event.
	Started struct{}
	// Answered is the response to the Sync with a sequence number.
	Answered struct {
		Sequence uint64
		Response *spiqsweepv1.SyncResponse
	}
	// CallFailed reports that the Sync with a sequence number failed. Unreached: no
	// coordinator received it.
	CallFailed struct {
		Sequence  uint64
		Err       error
		Unreached bool
	}
	// RecordingFetched ends a FetchRecording.
	RecordingFetched struct {
		Digest string
		Err    error
	}
	// CheckpointFetched ends a FetchCheckpoint.
	CheckpointFetched struct {
		Lease Lease
		Step  uint64
		Body  []byte
		Err   error
	}
	// CheckpointStored ends a StoreCheckpoint.
	CheckpointStored struct {
		Lease Lease
		Step  uint64
		Err   error
	}
	// Progressed reports the number of steps that a task has done.
	Progressed struct {
		Lease Lease
		Step  uint64
	}
	// CheckpointMade carries the state of a task after a step.
	CheckpointMade struct {
		Lease Lease
		Step  uint64
		Body  []byte
	}
	// Ended reports that a task no longer runs, and its last step. It has finished if
	// Result is set, failed if Failure is set, and was stopped otherwise.
	Ended struct {
		Lease   Lease
		Step    uint64
		Result  *spiqsweepv1.Result
		Failure *spiqsweepv1.Failure
	}
	// Woken reports that the timer of the last SetTimer has fired.
	Woken struct{}
	// Drain asks the agent to hand back and leave.
	Drain struct{}
	// Stop asks the agent to leave immediately.
	Stop struct{}
)

func (Started) event()           {}
func (Answered) event()          {}
func (CallFailed) event()        {}
func (RecordingFetched) event()  {}
func (CheckpointFetched) event() {}
func (CheckpointStored) event()  {}
func (Progressed) event()        {}
func (CheckpointMade) event()    {}
func (Ended) event()             {}
func (Woken) event()             {}
func (Drain) event()             {}
func (Stop) event()              {}

// Action is an output of an agent.
type Action interface{ action() }

// The actions. The event that each comment names follows the action.
type (
	// Call sends a Sync and cancels one in flight. Answered or CallFailed follows,
	// unless another Call replaces it.
	Call struct{ Request *spiqsweepv1.SyncRequest }
	// FetchRecording fetches a recording; RecordingFetched follows.
	FetchRecording struct{ Digest string }
	// DropRecording drops a fetched recording.
	DropRecording struct{ Digest string }
	// FetchCheckpoint fetches the checkpoint to resume from; CheckpointFetched follows.
	FetchCheckpoint struct{ Lease Lease }
	// StoreCheckpoint stores a checkpoint; CheckpointStored follows.
	StoreCheckpoint struct {
		Lease Lease
		Step  uint64
		Body  []byte
	}
	// StartTask starts a task, from a checkpoint if Body is not nil. Progressed and
	// CheckpointMade may follow, and Ended always does.
	StartTask struct {
		Lease Lease
		Task  *spiqsweepv1.Task
		Body  []byte
	}
	// StopTask asks a running task to stop at its next step.
	StopTask struct{ Lease Lease }
	// SetTimer replaces the timer; Woken follows at that time, or never if it is zero.
	SetTimer struct{ At time.Time }
	// Say writes to the log.
	Say struct {
		Level   hclog.Level
		Message string
		Pairs   []any
	}
	// Exit ends the process. It is the last action.
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
