package agent

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// recordingHeld is a recording that is at hand, or being fetched.
type recordingHeld struct {
	errand
	have bool
	used uint64 // when it was last needed, in the order of uses
}

// recordingReady reports whether the bits are at hand, and has them fetched if not.
func (a *Agent) recordingReady(now time.Time, h *hold) bool {
	r := a.recordings[h.recording()]
	if r == nil {
		r = &recordingHeld{}
		a.recordings[h.recording()] = r
	}
	a.uses++
	r.used = a.uses
	if !r.have && !r.asked && r.due(now) {
		r.asked = true
		a.do(FetchRecording{Digest: h.recording()})
	}
	return r.have
}

func (a *Agent) recordingFetched(now time.Time, e RecordingFetched) {
	r := a.recordings[e.Digest]
	if r == nil || !r.asked {
		return
	}
	r.asked = false
	switch {
	case e.Err == nil:
		r.have = true
	case worthRetrying(e.Err):
		r.failed(now, e.Err, a.Random)
		a.say(hclog.Debug, "cannot fetch the recording: will try again", "digest", e.Digest, "error", e.Err)
	default:
		delete(a.recordings, e.Digest)
		for _, h := range a.holds {
			if h.preparing() && h.recording() == e.Digest {
				h.slot = false
				a.fail(now, h, &spiqsweepv1.Failure{Message: fmt.Sprintf("fetch recording %s: %v", e.Digest, e.Err)})
			}
		}
	}
}

// forgetRecordings drops those that were least recently needed, if too many are at hand.
func (a *Agent) forgetRecordings() {
	needed := map[string]bool{}
	for _, h := range a.holds {
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

// checkpointReady reports whether it is known where to start, and asks if not.
func (a *Agent) checkpointReady(now time.Time, h *hold) bool {
	if h.task.GetCheckpointStep() == 0 {
		return true
	}
	if !h.resumed && !h.resume.asked && h.resume.due(now) {
		h.resume.asked = true
		a.do(FetchCheckpoint{Lease: h.lease})
	}
	return h.resumed
}

func (a *Agent) checkpointFetched(now time.Time, e CheckpointFetched) {
	h := a.find(e.Lease)
	if h == nil || !h.resume.asked {
		return
	}
	h.resume.asked = false
	switch {
	case e.Err == nil:
		h.resumed, h.origin, h.step = true, e.Body, e.Step
	case worthRetrying(e.Err):
		h.resume.failed(now, e.Err, a.Random)
		a.say(hclog.Debug, "cannot fetch the checkpoint: will try again", "task", e.Lease.Task, "error", e.Err)
	default:
		h.resumed = true
		a.say(hclog.Warn, "there is no checkpoint: starting from step 0", "task", e.Lease.Task, "error", e.Err)
	}
}

// checkpointMade keeps the newest state until it is stored.
func (a *Agent) checkpointMade(e CheckpointMade) {
	h := a.find(e.Lease)
	if h == nil || h.released || h.report != nil || h.pending != nil && h.pending.step >= e.Step {
		return
	}
	h.pending = &checkpoint{step: e.Step, body: e.Body}
	h.step = max(h.step, e.Step)
}

func (a *Agent) storeCheckpoints(now time.Time) {
	for _, h := range a.holds {
		if h.storable() && !h.store.asked && h.store.due(now) {
			h.store.asked = true
			a.do(StoreCheckpoint{Lease: h.lease, Step: h.pending.step, Body: h.pending.body})
		}
	}
}

func (a *Agent) checkpointStored(now time.Time, e CheckpointStored) {
	h := a.find(e.Lease)
	if h == nil || !h.store.asked {
		return
	}
	h.store.asked = false
	if e.Err != nil && worthRetrying(e.Err) && !tooLarge(e.Err) {
		h.store.failed(now, e.Err, a.Random)
		return
	}
	if e.Err != nil {
		a.say(hclog.Warn, "checkpoint is refused", "task", e.Lease.Task, "step", e.Step, "error", e.Err)
	}
	h.store.retry = retry{}
	if h.pending != nil && h.pending.step <= e.Step {
		h.pending = nil
	}
}
