package agent

import (
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func (w *simulation) duration(label string, low, high time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(int64(low), int64(high)).Draw(w.t, label))
}

// odds returns true once in a number of times while faults are injected.
func (w *simulation) odds(label string, of int) bool {
	return w.troubles && rapid.IntRange(1, of).Draw(w.t, label) == 1
}

func (w *simulation) perform(action Action) {
	switch a := action.(type) {
	case Call:
		w.send(a.Request)
	case FetchRecording:
		w.later(w.duration("fetch", 0, time.Second), RecordingFetched{Digest: a.Digest, Err: w.trouble("fetch fails", 5)})
	case DropRecording:
		w.recordings[a.Digest] = false
	case FetchCheckpoint:
		e := CheckpointFetched{Lease: a.Lease, Err: w.trouble("resume fails", 5)}
		if l := w.leases[a.Lease]; l != nil && e.Err == nil {
			e.Step, e.Body = l.task.checkpoint, []byte("state")
		} else if e.Err == nil {
			e.Err = errUnknown
		}
		w.later(w.duration("resume", 0, time.Second), e)
	case StoreCheckpoint:
		e := CheckpointStored{Lease: a.Lease, Step: a.Step, Err: w.trouble("store fails", 5)}
		if l := w.leases[a.Lease]; l != nil && e.Err == nil {
			l.task.checkpoint = max(l.task.checkpoint, a.Step)
		}
		w.later(w.duration("store", 0, time.Second), e)
	case StartTask:
		w.start(a)
	case StopTask:
		r := w.running[a.Lease]
		if r == nil {
			w.t.Fatalf("stops %v, which does not run", a.Lease)
		}
		if !r.stopping && !r.stuck {
			r.stopping = true
			w.later(0, CheckpointMade{Lease: a.Lease, Step: 50, Body: []byte("state")})
			w.later(w.duration("stop", time.Millisecond, time.Second), Ended{Lease: a.Lease})
		}
	case SetTimer:
		w.timer = a.At
	case Exit:
		w.code = a.Code
	case Say:
		checkSaid(w.t, w.agent, a)
	}
}

func (w *simulation) trouble(label string, of int) error {
	if w.odds(label, of) {
		return errAway
	}
	return nil
}

// start simulates a task that finishes, fails or stalls.
func (w *simulation) start(a StartTask) {
	if w.running[a.Lease] != nil {
		w.t.Fatalf("starts %v twice", a.Lease)
	}
	if len(w.running) >= int(w.agent.Process.GetSlots()) {
		w.t.Fatalf("starts %v beyond its slots", a.Lease)
	}
	if !w.recordings[a.Task.GetRecordingDigest()] {
		w.t.Fatalf("starts %v without its recording", a.Lease)
	}
	if w.draining {
		w.t.Fatalf("starts %v while draining", a.Lease)
	}
	r := &run{}
	w.running[a.Lease] = r
	takes := w.duration("takes", time.Millisecond, 2*time.Minute)
	switch {
	case w.odds("stuck", 15):
		r.stuck = true
	case w.odds("fails", 10):
		w.later(takes, Ended{Lease: a.Lease, Failure: &spiqsweepv1.Failure{Message: "NaN"}})
	default:
		w.later(takes/2, CheckpointMade{Lease: a.Lease, Step: 30, Body: []byte("state")})
		w.later(takes, Ended{Lease: a.Lease, Result: result(rapid.IntRange(1, reportBytes).Draw(w.t, "size"))})
	}
}

// send simulates a call, whose request or response may be lost, late or repeated.
func (w *simulation) send(r *spiqsweepv1.SyncRequest) {
	w.calls++
	if w.inFlight && !r.GetDraining() {
		w.t.Fatal("two calls in flight")
	}
	if r.GetSequence() <= w.sent {
		w.t.Fatalf("sequence %d after %d", r.GetSequence(), w.sent)
	}
	w.inFlight, w.sent = true, r.GetSequence()
	w.checkRequest(r)

	fails := CallFailed{Sequence: r.GetSequence(), Err: errAway}
	if w.odds("request is lost", 5) {
		w.later(w.duration("notices", 0, protocol.CallTimeout), fails)
		return
	}
	answer := Answered{Sequence: r.GetSequence(), Response: w.sync(r)}
	took := w.duration("answer takes", 0, time.Second)
	if w.odds("answer is lost", 5) {
		w.later(w.duration("notices", 0, protocol.CallTimeout), fails)
		took = w.duration("late answer takes", 0, time.Minute)
	}
	w.later(took, answer)
	if w.odds("answer comes twice", 8) {
		w.later(took+w.duration("second answer takes", 0, time.Minute), answer)
	}
	if w.odds("request comes twice", 8) {
		w.sync(r)
	}
}

func (w *simulation) checkRequest(r *spiqsweepv1.SyncRequest) {
	held := map[Lease]bool{}
	for _, h := range r.GetHeld() {
		l := leaseOf(h.GetLease())
		if held[l] {
			w.t.Fatalf("names %v twice", l)
		}
		held[l] = true
	}
	bytes := 0
	for _, report := range r.GetReports() {
		bytes += proto.Size(report)
		if !held[leaseOf(report.GetLease())] {
			w.t.Fatalf("reports %v without naming it", report.GetLease())
		}
	}
	if len(r.GetReports()) > 1 && bytes > reportBytes {
		w.t.Fatalf("%d bytes of reports in a call", bytes)
	}
	for l := range w.owed {
		if !held[l] {
			w.t.Fatalf("%v has an unjudged result and is not named", l)
		}
	}
	if busy := len(w.running) + int(r.GetFreeSlots()); busy > int(w.agent.Process.GetSlots()) {
		w.t.Fatalf("%d tasks run and %d slots are free, of %d", len(w.running), r.GetFreeSlots(), w.agent.Process.GetSlots())
	}
}
