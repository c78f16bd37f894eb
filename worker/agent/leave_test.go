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
	l.sleeps()
	lost := l.now
	var pauses []time.Duration
	for l.code < 0 {
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		before := l.now
		l.happens(Progressed{Lease: lease("a"), Step: 1}) // it trains on
		l.sleeps()
		pauses = append(pauses, l.now.Sub(before))
	}
	if l.code != protocol.ExitUnreachable {
		t.Errorf("exit code %d, want %d", l.code, protocol.ExitUnreachable)
	}
	heard := lost.Add(-20 * time.Second) // the last answer came a call_again_in earlier
	if took := l.now.Sub(heard); took != time.Minute {
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
		l := newLife(t, 1)
		l.happens(Started{})
		l.happens(CallFailed{Sequence: 1, Err: status.Error(code, "numerics 2: update the worker")})
		if l.code != protocol.ExitFault {
			t.Errorf("%v: exit code %d, want %d", code, l.code, protocol.ExitFault)
		}
	}
}

func TestNothingPendingIsNotDone(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
	l.answers(grant())
	l.sleeps()
	l.calls()
	if l.code != -1 {
		t.Errorf("left with code %d", l.code)
	}
}

func TestDrain(t *testing.T) {
	l := running(t, 1, "a", "b")
	l.happens(Drain{})
	l.wants(StopTask{Lease: lease("a")}, Call{Request: l.agent.asked})
	request := l.calls()
	if !request.GetDraining() || request.GetFreeSlots() != 0 {
		t.Errorf("the call is not a draining one: %v", request)
	}
	if diff := cmp.Diff([]string{"b"}, reportNames(request)); diff != "" {
		t.Errorf("b, which waits, is not handed back at once: %s", diff)
	}
	l.happens(CheckpointMade{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.wants(StoreCheckpoint{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.happens(Ended{Lease: lease("a")})
	answer := verdict("b")
	answer.Assignments = grant("a", "late").GetAssignments()
	l.answers(answer) // a grant that was under way is given back
	if diff := cmp.Diff([]string{"late"}, reportNames(l.calls())); diff != "" {
		t.Error(diff)
	}
	l.happens(CheckpointStored{Lease: lease("a"), Step: 9})
	answer = verdict("late")
	answer.Assignments = grant("a").GetAssignments()
	l.answers(answer)
	request = l.calls()
	if request.GetReports()[0].GetHandBack() == nil {
		t.Errorf("a is not handed back after its checkpoint: %v", request)
	}
	l.answers(verdict("a"))
	if l.code != protocol.ExitWorkLeft {
		t.Errorf("exit code %d, want %d", l.code, protocol.ExitWorkLeft)
	}
}

// An operator's wish comes with an answer, as often as the agent calls.
func TestAnOperatorDrains(t *testing.T) {
	l := running(t, 1, "a", "b")
	l.sleeps()
	drain := grant("a", "b")
	drain.Drain = true
	l.answers(drain)
	l.wants(StopTask{Lease: lease("a")}, Call{Request: l.agent.asked})
	if request := l.calls(); !request.GetDraining() || !cmp.Equal(reportNames(request), []string{"b"}) {
		t.Errorf("the call is not a draining one that gives b back: %v", request)
	}
	l.happens(CheckpointMade{Lease: lease("a"), Step: 9, Body: []byte("x")})
	l.happens(Ended{Lease: lease("a")})
	drain = verdict("b")
	drain.Assignments, drain.Drain = grant("a").GetAssignments(), true
	l.answers(drain)
	l.happens(CheckpointStored{Lease: lease("a"), Step: 9})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.calls())); diff != "" {
		t.Error(diff)
	}
	drain = verdict("a")
	drain.Drain = true
	l.answers(drain)
	if l.code != protocol.ExitWorkLeft || !l.agent.sentAway {
		t.Errorf("exit code %d, sent away: %v", l.code, l.agent.sentAway)
	}

	idle := newLife(t, 1)
	idle.happens(Started{})
	idle.answers(&spiqsweepv1.SyncResponse{Drain: true, CallAgainIn: durationpb.New(time.Minute)})
	if !idle.calls().GetDraining() {
		t.Error("an idle agent does not say that it leaves")
	}
	idle.answers(&spiqsweepv1.SyncResponse{Drain: true, Done: true})
	if idle.code != protocol.ExitDone || !idle.agent.sentAway {
		t.Errorf("exit code %d, sent away: %v", idle.code, idle.agent.sentAway)
	}
}

func TestDrainTellsAtOnce(t *testing.T) {
	l := running(t, 1, "a")
	l.sleeps()
	l.happens(CheckpointMade{Lease: lease("a"), Step: 1, Body: []byte("x")})
	fail := func() { // what is under way
		l.happens(CheckpointStored{Lease: lease("a"), Step: 1, Err: errAway})
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
	}
	for range 5 {
		fail()
		l.sleeps()
	}
	fail()
	l.happens(Drain{}) // there is no time for back-offs
	if !l.calls().GetDraining() || !slices.ContainsFunc(l.actions, func(a Action) bool { _, ok := a.(StoreCheckpoint); return ok }) {
		t.Fatalf("actions are %v, want a call and the checkpoint", l.actions)
	}
	l.answers(grant("a"))
	l.happens(CheckpointStored{Lease: lease("a"), Step: 1})
	l.happens(Ended{Lease: lease("a")})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.calls())); diff != "" {
		t.Error(diff)
	}
}

func TestCheckpointThatIsTooLargeDoesNotDelayAHandBack(t *testing.T) {
	l := running(t, 1, "a")
	l.happens(Drain{})
	l.answers(grant("a"))
	l.happens(CheckpointMade{Lease: lease("a"), Step: 1, Body: []byte("x")})
	l.happens(Ended{Lease: lease("a")})
	l.happens(CheckpointStored{Lease: lease("a"), Step: 1, Err: status.Error(codes.ResourceExhausted, "too large")})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.calls())); diff != "" {
		t.Error(diff)
	}
}

func TestDrainOfAnIdleWorkerReplacesTheWaitingCall(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
	l.happens(Drain{})
	if request := l.calls(); request.GetSequence() != 2 || !request.GetDraining() {
		t.Errorf("call is %v", request)
	}
	l.answers(grant())
	if l.code != protocol.ExitDone {
		t.Errorf("exit code %d, want %d", l.code, protocol.ExitDone)
	}
}

func TestDrainWithoutACoordinator(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		l := newLife(t, 1)
		l.happens(Started{})
		l.happens(CallFailed{Sequence: 1, Err: errAway})
		l.happens(Drain{})
		if l.code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", l.code, protocol.ExitDone)
		}
	})
	t.Run("busy", func(t *testing.T) {
		l := running(t, 1, "a")
		l.sleeps()
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		began := l.now
		l.happens(Drain{})
		l.happens(CheckpointMade{Lease: lease("a"), Step: 2})
		l.happens(Ended{Lease: lease("a")})
		for l.code < 0 {
			if l.agent.calling {
				l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
			}
			l.happens(CheckpointStored{Lease: lease("a"), Step: 2, Err: errAway})
			l.sleeps()
		}
		if l.code != protocol.ExitWorkLeft || l.now.Sub(began) != drainTimeout {
			t.Errorf("exit code %d after %v, want %d after %v", l.code, l.now.Sub(began), protocol.ExitWorkLeft, drainTimeout)
		}
	})
}

func TestStopLeavesAtOnce(t *testing.T) {
	l := running(t, 1, "a")
	l.happens(Stop{})
	if l.code != protocol.ExitWorkLeft {
		t.Errorf("exit code %d with a task, want %d", l.code, protocol.ExitWorkLeft)
	}
	l = newLife(t, 1)
	l.happens(Started{})
	l.happens(Stop{})
	if l.code != protocol.ExitDone {
		t.Errorf("exit code %d when idle, want %d", l.code, protocol.ExitDone)
	}
}
