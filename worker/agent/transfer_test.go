package agent

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func TestRecordingIsFetchedOnce(t *testing.T) {
	l := running(t, 1, "a")
	l.handle(Ended{Lease: lease("a"), Result: result(10)})
	next := verdict("a")
	next.Assignments = grant("b").GetAssignments()
	l.answer(next)
	if _, ok := l.actions[0].(StartTask); !ok {
		t.Errorf("the second task on the same recording does not start at once: %v", l.actions)
	}
}

func TestUnusedRecordingsAreDropped(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	var dropped []string
	for i := range keptRecordings + 3 {
		digest := string(rune('A' + i))
		g := grant("t" + digest)
		g.Assignments[0].Task.RecordingDigest = digest
		l.answer(g)
		l.handle(RecordingFetched{Digest: digest})
		l.answer(g)
		l.handle(Ended{Lease: lease("t" + digest), Result: result(1)})
		l.handle(Answered{Sequence: l.agent.sequence, Response: verdict("t" + digest)})
		for _, action := range l.actions {
			if d, ok := action.(DropRecording); ok {
				dropped = append(dropped, d.Digest)
			}
		}
		l.wake()
	}
	if diff := cmp.Diff([]string{"A", "B", "C"}, dropped); diff != "" {
		t.Error(diff)
	}
}

func TestCheckpointIsFetchedBeforeAStart(t *testing.T) {
	tests := map[string]struct {
		fetched CheckpointFetched
		body    []byte
		step    uint64
	}{
		"here":            {CheckpointFetched{Lease: lease("a"), Step: 40, Body: []byte("state")}, []byte("state"), 40},
		"not to be had":   {CheckpointFetched{Lease: lease("a"), Err: errUnknown}, nil, 0},
		"after a failure": {CheckpointFetched{Lease: lease("a"), Err: errAway}, nil, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newDriver(t, 1)
			l.handle(Started{})
			g := grant("a")
			g.Assignments[0].Task.CheckpointStep = 40
			l.answer(g)
			l.want(FetchRecording{Digest: "r"}, FetchCheckpoint{Lease: lease("a")})
			l.handle(RecordingFetched{Digest: "r"})
			l.want()
			l.handle(test.fetched)
			if errors.Is(test.fetched.Err, errAway) {
				l.want()
				l.wake()
				l.want(FetchCheckpoint{Lease: lease("a")})
				return
			}
			start := l.actions[0].(StartTask)
			if !slices.Equal(start.Body, test.body) {
				t.Errorf("starts from %q, want %q", start.Body, test.body)
			}
			if step := l.call().GetHeld()[0].GetStep(); step != test.step {
				t.Errorf("says step %d, want %d", step, test.step)
			}
		})
	}
}

func TestMissingRecordingFailsItsTasks(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.answer(grant("a"))
	l.handle(RecordingFetched{Digest: "r", Err: errAway})
	l.wake()
	l.want(FetchRecording{Digest: "r"})
	l.handle(RecordingFetched{Digest: "r", Err: errUnknown})
	l.wake()
	failure := l.call().GetReports()[0].GetFailure()
	if !strings.Contains(failure.GetMessage(), "fetch recording r") {
		t.Errorf("failure is %q", failure.GetMessage())
	}
}

// TestRefusedFetchHandsBack checks that a task is not blamed if a coordinator refuses its
// recording or checkpoint to the worker, and that the worker leaves if its calls are refused too.
func TestRefusedFetchHandsBack(t *testing.T) {
	for _, code := range []codes.Code{codes.Unauthenticated, codes.PermissionDenied} {
		refused := status.Error(code, "wrong token")
		for name, fetched := range map[string][]Event{
			"the recording":  {RecordingFetched{Digest: "r", Err: refused}},
			"the checkpoint": {RecordingFetched{Digest: "r"}, CheckpointFetched{Lease: lease("a"), Err: refused}},
		} {
			t.Run(code.String()+", "+name, func(t *testing.T) {
				l := newDriver(t, 1)
				l.handle(Started{})
				g := grant("a")
				g.Assignments[0].Task.CheckpointStep = 40
				l.answer(g)
				for _, e := range fetched {
					l.handle(e)
				}
				call := l.call()
				if reports := call.GetReports(); len(reports) != 1 || reports[0].GetHandBack() == nil || call.GetFreeSlots() != 1 {
					t.Fatalf("the call is %v, want one that hands the task back and offers its slot", call)
				}
				l.handle(CallFailed{Sequence: call.GetSequence(), Err: refused})
				if l.code != protocol.ExitFault {
					t.Errorf("the exit code is %d after a refused call, want %d", l.code, protocol.ExitFault)
				}
			})
		}
	}
}

// TestRefusedTaskIsNoWorkLeft drains a worker whose coordinator refused it a recording, before and
// after the hand-back was accepted.
func TestRefusedTaskIsNoWorkLeft(t *testing.T) {
	for name, code := range map[string]int{"accepted": protocol.ExitDone, "pending": protocol.ExitWorkLeft} {
		t.Run(name, func(t *testing.T) {
			l := newDriver(t, 1)
			l.handle(Started{})
			l.answer(grant("a"))
			l.handle(RecordingFetched{Digest: "r", Err: status.Error(codes.Unauthenticated, "wrong token")})
			if name == "accepted" {
				l.answer(verdict("a"))
			}
			l.handle(Drain{})
			for l.code < 0 && l.agent.calling {
				l.answer(verdict("a"))
				if l.code < 0 && !l.agent.calling {
					l.wake()
				}
			}
			if l.code != code {
				t.Errorf("exit code %d, want %d", l.code, code)
			}
		})
	}
}

// TestRefusedRecordingIsFetchedAgain grants the task again, as another coordinator would.
func TestRefusedRecordingIsFetchedAgain(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.answer(grant("a"))
	l.handle(RecordingFetched{Digest: "r", Err: status.Error(codes.Unauthenticated, "wrong token")})
	again := verdict("a")
	again.Assignments = []*spiqsweepv1.Assignment{{Lease: Lease{Task: "a", Attempt: 2}.wire(), Task: task("a")}}
	l.answer(again)
	l.want() // not immediately
	l.wake()
	l.want(FetchRecording{Digest: "r"})
}

func TestNewestCheckpointIsStored(t *testing.T) {
	l := running(t, 1, "a")
	made := func(step uint64) CheckpointMade {
		return CheckpointMade{Lease: lease("a"), Step: step, Body: []byte{byte(step)}}
	}
	stored := func(step uint64) StoreCheckpoint {
		return StoreCheckpoint{Lease: lease("a"), Step: step, Body: []byte{byte(step)}}
	}
	l.handle(made(1))
	l.want(stored(1))
	l.handle(made(2))
	l.handle(made(3))
	l.handle(made(2)) // not newer
	l.want()          // one at a time
	l.handle(CheckpointStored{Lease: lease("a"), Step: 1, Err: errAway})
	l.want()
	l.wake()
	l.want(stored(3))
	l.handle(CheckpointStored{Lease: lease("a"), Step: 3, Err: errUnknown}) // the coordinator refused it: no retry
	l.want()
	l.handle(made(4))
	l.want(stored(4))
	l.handle(CheckpointStored{Lease: lease("a"), Step: 4})
	l.want()
}
