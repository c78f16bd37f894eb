package agent

import (
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Lease is a task held under a fencing token.
type Lease struct {
	Task    string
	Attempt uint64
}

// Event is something that happened to an agent.
type Event interface{ event() }

// What may happen. Errors are those of gRPC calls: their status code says
// whether another try makes sense.
type (
	// Started is the first event of every history.
	Started struct{}
	// Answered is the answer to the Sync of that number.
	Answered struct {
		Sequence uint64
		Response *spiqsweepv1.SyncResponse
	}
	// CallFailed says that the Sync of that number has no answer. Unreached: nobody
	// took it, so that whoever was called neither accepts this worker nor refuses it.
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
	// Progressed says that a task has done so many steps.
	Progressed struct {
		Lease Lease
		Step  uint64
	}
	// CheckpointMade offers the state of a task after a step.
	CheckpointMade struct {
		Lease Lease
		Step  uint64
		Body  []byte
	}
	// Ended says that a task no longer runs: finished if there is a Result,
	// failed if there is a Failure, stopped otherwise. So many steps were done.
	Ended struct {
		Lease   Lease
		Step    uint64
		Result  *spiqsweepv1.Result
		Failure *spiqsweepv1.Failure
	}
	// Woken says that the time of the last SetTimer has come.
	Woken struct{}
	// Drain asks the agent to hand back and leave.
	Drain struct{}
	// Stop asks it to leave at once.
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
