package agent

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// cachedRecording is a recording that was fetched or is being fetched.
type cachedRecording struct {
	transfer
	have bool
	used uint64 // Agent.uses at its last use
}

// ensureRecording reports whether the recording of a task was fetched, and fetches it if not.
func (a *Agent) ensureRecording(now time.Time, h *heldLease) bool {
	r := a.recordings[h.recording()]
	if r == nil {
		r = &cachedRecording{}
		a.recordings[h.recording()] = r
	}
	a.uses++
	r.used = a.uses
	if !r.have && !r.inProgress && r.due(now) {
		r.inProgress = true
		a.do(FetchRecording{Digest: h.recording()})
	}
	return r.have
}

func (a *Agent) recordingFetched(now time.Time, e RecordingFetched) {
	r := a.recordings[e.Digest]
	if r == nil || !r.inProgress {
		return
	}
	r.inProgress = false
	switch {
	case e.Err == nil:
		r.have = true
	case retryable(e.Err):
		r.failed(now, e.Err, a.Random)
		a.log(hclog.Debug, "cannot fetch the recording: will try again", "digest", e.Digest, "error", e.Err)
	case unauthenticated(e.Err):
		r.failed(now, e.Err, a.Random) // another coordinator may serve it
		for _, h := range a.leases {
			if h.preparing() && h.recording() == e.Digest {
				a.handBackRefused(now, h, e.Err)
			}
		}
	default:
		delete(a.recordings, e.Digest)
		for _, h := range a.leases {
			if h.preparing() && h.recording() == e.Digest {
				h.slot = false
				a.fail(now, h, &spiqsweepv1.Failure{Message: fmt.Sprintf("fetch recording %s: %v", e.Digest, e.Err)})
			}
		}
	}
}

// handBackRefused hands back a lease whose recording or checkpoint a coordinator refuses to
// this worker: that is no fault of the task. The call that reports it shows whether all
// coordinators refuse the worker.
func (a *Agent) handBackRefused(now time.Time, h *heldLease, err error) {
	h.slot = false
	a.logLease(hclog.Warn, "a coordinator refuses this worker", h.lease, "reason", credentials.Explain(err))
	a.handBack(now, h, "a coordinator refused the worker: "+credentials.Explain(err))
	a.callBy(now)
}

// dropRecordings drops the least recently used recordings beyond keptRecordings.
func (a *Agent) dropRecordings() {
	needed := map[string]bool{}
	for _, h := range a.leases {
		needed[h.recording()] = true
	}
	for {
		idle, oldest := 0, ""
		for digest, r := range a.recordings {
			if !r.have || needed[digest] {
				continue
			}
			idle++
			if oldest == "" || r.used < a.recordings[oldest].used {
				oldest = digest
			}
		}
		if idle <= keptRecordings {
			return
		}
		delete(a.recordings, oldest)
		a.do(DropRecording{Digest: oldest})
	}
}

// ensureCheckpoint reports whether the checkpoint to resume from is known, and fetches it if not.
func (a *Agent) ensureCheckpoint(now time.Time, h *heldLease) bool {
	if h.task.GetCheckpointStep() == 0 {
		return true
	}
	if !h.resumed && !h.resume.inProgress && h.resume.due(now) {
		h.resume.inProgress = true
		a.do(FetchCheckpoint{Lease: h.lease})
	}
	return h.resumed
}

func (a *Agent) checkpointFetched(now time.Time, e CheckpointFetched) {
	h := a.find(e.Lease)
	if h == nil || !h.resume.inProgress {
		return
	}
	h.resume.inProgress = false
	switch {
	case e.Err == nil:
		h.resumed, h.resumeBody, h.step = true, e.Body, e.Step
	case retryable(e.Err):
		h.resume.failed(now, e.Err, a.Random)
		a.logLease(hclog.Debug, "cannot fetch the checkpoint: will try again", e.Lease, "error", e.Err)
	case unauthenticated(e.Err):
		if h.preparing() {
			a.handBackRefused(now, h, e.Err)
		}
	default:
		h.resumed = true
		a.logLease(hclog.Warn, "there is no checkpoint: starting from step 0", e.Lease, "error", e.Err)
	}
}

// checkpointMade keeps the newest checkpoint until it is stored.
func (a *Agent) checkpointMade(e CheckpointMade) {
	h := a.find(e.Lease)
	if h == nil || h.released || h.report != nil || h.pending != nil && h.pending.step >= e.Step {
		return
	}
	h.pending = &checkpoint{step: e.Step, body: e.Body}
	a.advance(h, e.Step)
}

func (a *Agent) storeCheckpoints(now time.Time) {
	for _, h := range a.leases {
		if h.storable() && !h.store.inProgress && h.store.due(now) {
			h.store.inProgress = true
			a.do(StoreCheckpoint{Lease: h.lease, Step: h.pending.step, Body: h.pending.body})
		}
	}
}

func (a *Agent) checkpointStored(now time.Time, e CheckpointStored) {
	h := a.find(e.Lease)
	if h == nil || !h.store.inProgress {
		return
	}
	h.store.inProgress = false
	if e.Err != nil && retryable(e.Err) && !tooLarge(e.Err) {
		h.store.failed(now, e.Err, a.Random)
		return
	}
	if e.Err != nil {
		a.logLease(hclog.Warn, "checkpoint is refused", e.Lease, "step", e.Step, "error", e.Err)
	}
	h.store.retry = retry{}
	if h.pending != nil && h.pending.step <= e.Step {
		h.pending = nil
	}
}
