package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func TestCoordinatorAway(t *testing.T) {
	l := running(t, 1, "a")
	l.wake()
	lost := l.now
	var pauses []time.Duration
	for l.code < 0 {
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		before := l.now
		l.handle(Progressed{Lease: lease("a"), Step: 1}) // it trains on
		l.wake()
		pauses = append(pauses, l.now.Sub(before))
	}
	if l.code != protocol.ExitUnreachable {
		t.Errorf("exit code %d, want %d", l.code, protocol.ExitUnreachable)
	}
	answered := lost.Add(-20 * time.Second) // the last answer came a call_again_in earlier
	if took := l.now.Sub(answered); took != time.Minute {
		t.Errorf("gives up %v after the last answer, want a minute", took)
	}
	for i, pause := range pauses[:len(pauses)-1] {
		longest := min(firstPause<<i, longestPause)
		if pause < longest/2 || pause > longest {
			t.Errorf("pause %d is %v, want %v to %v", i, pause, longest/2, longest)
		}
	}
}

func TestRefusedWorkerLeaves(t *testing.T) {
	for _, code := range []codes.Code{codes.Unauthenticated, codes.PermissionDenied, codes.FailedPrecondition, codes.Unimplemented} {
		l := newDriver(t, 1)
		l.handle(Started{})
		l.handle(CallFailed{Sequence: 1, Err: status.Error(code, "numerics 2: update the worker")})
		if l.code != protocol.ExitFault {
			t.Errorf("%v: exit code %d, want %d", code, l.code, protocol.ExitFault)
		}
	}
}

func TestNothingPendingIsNotDone(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.answer(grant())
	l.wake()
	l.call()
	if l.code != -1 {
		t.Errorf("left with code %d", l.code)
	}
}

// TestRecall checks that a worker hands back the leases that the coordinator wants back,
// with their last checkpoints, and goes on with others.
func TestRecall(t *testing.T) {
	recalled := func(names ...string) *spiqsweepv1.SyncResponse {
		r := grant("a", "b", "c")
		for _, assignment := range r.GetAssignments() {
			if slices.Contains(names, assignment.GetLease().GetTask()) {
				assignment.HandBack = "the sweep is paused"
			}
		}
		return r
	}
	l := running(t, 2, "a", "b", "c") // c waits
	l.wake()
	l.answer(recalled("a", "c"))
	l.want(StopTask{Lease: lease("a")}, Call{Request: l.agent.lastRequest})
	if diff := cmp.Diff([]string{"c"}, reportNames(l.call())); diff != "" {
		t.Errorf("c, which waits, is not handed back: %s", diff)
	}
	l.handle(CheckpointMade{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.want(StoreCheckpoint{Lease: lease("a"), Step: 9, Body: []byte("x")})
	answer := recalled("a")
	answer.Assignments = answer.Assignments[:2]
	answer.Verdicts = verdict("c").GetVerdicts()
	l.answer(answer) // asks again
	l.want()
	l.handle(Ended{Lease: lease("a"), Step: 9})
	if call := l.call(); call.GetFreeSlots() != 1 || len(call.GetReports()) > 0 {
		t.Errorf("the free slot is not offered before the checkpoint is stored: %v", call)
	}
	l.handle(CheckpointStored{Lease: lease("a"), Step: 9})
	answer.Verdicts = nil
	l.answer(answer)
	call := l.call()
	if diff := cmp.Diff([]string{"a"}, reportNames(call)); diff != "" {
		t.Fatalf("a is not handed back: %s", diff)
	}
	if reason := call.GetReports()[0].GetHandBack().GetReason(); reason != "the sweep is paused" {
		t.Errorf("the reason is %q", reason)
	}
	if diff := cmp.Diff([]string{"a", "b"}, heldNames(call)); diff != "" || call.GetFreeSlots() != 1 || call.GetDraining() {
		t.Errorf("%d free slots, draining %v: %s", call.GetFreeSlots(), call.GetDraining(), diff)
	}
	// A result that is ready is reported, whatever the coordinator wants.
	l = running(t, 1, "a")
	l.wake()
	l.answer(func() *spiqsweepv1.SyncResponse {
		r := grant("a")
		r.Assignments[0].HandBack = "the time of the sweep is up"
		return r
	}())
	l.handle(Ended{Lease: lease("a"), Step: 100, Result: result(1)})
	if len(l.actions) == 0 {
		l.wake()
	}
	if r := l.call().GetReports(); len(r) != 1 || r[0].GetResult() == nil {
		t.Errorf("the result is not reported: %v", r)
	}
}

func TestDrain(t *testing.T) {
	l := running(t, 1, "a", "b")
	l.handle(Drain{})
	l.want(StopTask{Lease: lease("a")}, Call{Request: l.agent.lastRequest})
	request := l.call()
	if !request.GetDraining() || request.GetFreeSlots() != 0 {
		t.Errorf("the call is not a draining one: %v", request)
	}
	if diff := cmp.Diff([]string{"b"}, reportNames(request)); diff != "" {
		t.Errorf("b, which waits, is not handed back at once: %s", diff)
	}
	l.handle(CheckpointMade{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.want(StoreCheckpoint{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.handle(Ended{Lease: lease("a")})
	answer := verdict("b")
	answer.Assignments = grant("a", "late").GetAssignments()
	l.answer(answer) // a grant that was under way is given back
	if diff := cmp.Diff([]string{"late"}, reportNames(l.call())); diff != "" {
		t.Error(diff)
	}
	l.handle(CheckpointStored{Lease: lease("a"), Step: 9})
	answer = verdict("late")
	answer.Assignments = grant("a").GetAssignments()
	l.answer(answer)
	request = l.call()
	if request.GetReports()[0].GetHandBack() == nil {
		t.Errorf("a is not handed back after its checkpoint: %v", request)
	}
	l.answer(verdict("a"))
	if l.code != protocol.ExitWorkLeft {
		t.Errorf("exit code %d, want %d", l.code, protocol.ExitWorkLeft)
	}
}

// TestOperatorDrains repeats the request with every response.
func TestOperatorDrains(t *testing.T) {
	l := running(t, 1, "a", "b")
	l.wake()
	drain := grant("a", "b")
	drain.Drain = true
	l.answer(drain)
	l.want(StopTask{Lease: lease("a")}, Call{Request: l.agent.lastRequest})
	if request := l.call(); !request.GetDraining() || !cmp.Equal(reportNames(request), []string{"b"}) {
		t.Errorf("the call is not a draining one that gives b back: %v", request)
	}
	l.handle(CheckpointMade{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.handle(Ended{Lease: lease("a")})
	drain = verdict("b")
	drain.Assignments, drain.Drain = grant("a").GetAssignments(), true
	l.answer(drain)
	l.handle(CheckpointStored{Lease: lease("a"), Step: 9})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.call())); diff != "" {
		t.Error(diff)
	}
	drain = verdict("a")
	drain.Drain = true
	l.answer(drain)
	if l.code != protocol.ExitWorkLeft || !l.agent.drainedByOperator {
		t.Errorf("exit code %d, sent away: %v", l.code, l.agent.drainedByOperator)
	}

	idle := newDriver(t, 1)
	idle.handle(Started{})
	idle.answer(&spiqsweepv1.SyncResponse{Drain: true, CallAgainIn: durationpb.New(time.Minute)})
	if !idle.call().GetDraining() {
		t.Error("an idle agent does not say that it leaves")
	}
	idle.answer(&spiqsweepv1.SyncResponse{Drain: true, Done: true})
	if idle.code != protocol.ExitDone || !idle.agent.drainedByOperator {
		t.Errorf("exit code %d, sent away: %v", idle.code, idle.agent.drainedByOperator)
	}
}

func TestDrainReportsImmediately(t *testing.T) {
	l := running(t, 1, "a")
	l.wake()
	l.handle(CheckpointMade{Lease: lease("a"), Step: 1, Body: []byte("x")})
	fail := func() { // what is under way
		l.handle(CheckpointStored{Lease: lease("a"), Step: 1, Err: errAway})
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
	}
	for range 5 {
		fail()
		l.wake()
	}
	fail()
	l.handle(Drain{}) // there is no time for back-offs
	if !l.call().GetDraining() || !slices.ContainsFunc(l.actions, func(a Action) bool { _, ok := a.(StoreCheckpoint); return ok }) {
		t.Fatalf("actions are %v, want a call and the checkpoint", l.actions)
	}
	l.answer(grant("a"))
	l.handle(CheckpointStored{Lease: lease("a"), Step: 1})
	l.handle(Ended{Lease: lease("a")})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.call())); diff != "" {
		t.Error(diff)
	}
}

func TestCheckpointThatIsTooLargeDoesNotDelayAHandBack(t *testing.T) {
	l := running(t, 1, "a")
	l.handle(Drain{})
	l.answer(grant("a"))
	l.handle(CheckpointMade{Lease: lease("a"), Step: 1, Body: []byte("x")})
	l.handle(Ended{Lease: lease("a")})
	l.handle(CheckpointStored{Lease: lease("a"), Step: 1, Err: status.Error(codes.ResourceExhausted, "too large")})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.call())); diff != "" {
		t.Error(diff)
	}
}

func TestDrainOfAnIdleWorkerReplacesTheWaitingCall(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.handle(Drain{})
	if request := l.call(); request.GetSequence() != 2 || !request.GetDraining() {
		t.Errorf("call is %v", request)
	}
	l.answer(grant())
	if l.code != protocol.ExitDone {
		t.Errorf("exit code %d, want %d", l.code, protocol.ExitDone)
	}
}

func TestDrainWithoutACoordinator(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		l := newDriver(t, 1)
		l.handle(Started{})
		l.handle(CallFailed{Sequence: 1, Err: errAway})
		l.handle(Drain{})
		if l.code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", l.code, protocol.ExitDone)
		}
	})
	t.Run("busy", func(t *testing.T) {
		l := running(t, 1, "a")
		l.wake()
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		began := l.now
		l.handle(Drain{})
		l.handle(CheckpointMade{Lease: lease("a"), Step: 2})
		l.handle(Ended{Lease: lease("a")})
		for l.code < 0 {
			if l.agent.calling {
				l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
			}
			l.handle(CheckpointStored{Lease: lease("a"), Step: 2, Err: errAway})
			l.wake()
		}
		if l.code != protocol.ExitWorkLeft || l.now.Sub(began) != drainTimeout {
			t.Errorf("exit code %d after %v, want %d after %v", l.code, l.now.Sub(began), protocol.ExitWorkLeft, drainTimeout)
		}
	})
}

func TestStopExitsImmediately(t *testing.T) {
	l := running(t, 1, "a")
	l.handle(Stop{})
	if l.code != protocol.ExitWorkLeft {
		t.Errorf("exit code %d with a task, want %d", l.code, protocol.ExitWorkLeft)
	}
	l = newDriver(t, 1)
	l.handle(Started{})
	l.handle(Stop{})
	if l.code != protocol.ExitDone {
		t.Errorf("exit code %d when idle, want %d", l.code, protocol.ExitDone)
	}
}
