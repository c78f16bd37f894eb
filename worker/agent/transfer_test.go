package agent

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
