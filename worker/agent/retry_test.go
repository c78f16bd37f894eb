package agent

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
)

var errRefused = status.Error(codes.FailedPrecondition, "the sweep is of another kernel class")

// TestWorkerLeavesWhenAllReachableRefuse alternates between two coordinators. A worker must not
// leave while one is busy, or unreachable after any has accepted the worker.
func TestWorkerLeavesWhenAllReachableRefuse(t *testing.T) {
	refused, dead, busy := CallFailed{Err: errRefused}, CallFailed{Err: errAway, Unreached: true}, CallFailed{Err: errAway}
	for name, c := range map[string]struct {
		connected bool
		failures  []CallFailed // in turn, of two coordinators
		code      int
	}{
		"a dead one, and a refusal":            {false, []CallFailed{dead, refused}, protocol.ExitFault},
		"a refusal, and a dead one":            {false, []CallFailed{refused, dead}, protocol.ExitFault},
		"a refusal, and one not tried yet":     {false, []CallFailed{refused}, -1},
		"two that are dead":                    {false, []CallFailed{dead, dead, dead}, -1},
		"a busy one, and a refusal":            {false, []CallFailed{busy, refused, busy, refused}, -1},
		"busy first, then dead":                {false, []CallFailed{busy, refused, dead}, protocol.ExitFault},
		"a refusal long ago, then dead":        {false, []CallFailed{refused, busy, dead, dead}, -1},
		"the one that took it is dead":         {true, []CallFailed{dead, refused, dead, refused}, -1},
		"the one that took it refuses, as all": {true, []CallFailed{refused, refused}, protocol.ExitFault},
	} {
		t.Run(name, func(t *testing.T) {
			l := newDriver(t, 1)
			l.agent.Coordinators = 2
			l.handle(Started{})
			if c.connected {
				l.answer(grant())
				l.wake()
			}
			for i, e := range c.failures {
				if l.code != -1 {
					t.Fatalf("left with code %d before failure %d", l.code, i+1)
				}
				e.Sequence = l.agent.sequence
				l.handle(e)
				if l.code == -1 {
					l.wake()
				}
			}
			if l.code != c.code {
				t.Errorf("exit code %d, want %d", l.code, c.code)
			}
		})
	}
}

func TestEachKindOfFailureIsLoggedOnce(t *testing.T) {
	l := newDriver(t, 1)
	l.agent.Coordinators = 2
	l.handle(Started{})
	for range 3 {
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		l.wake()
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errRefused})
		l.wake()
	}
	if l.warnings != 2 {
		t.Errorf("%d warnings of two kinds of failure: %q", l.warnings, l.messages)
	}
}

func TestGivingUpNamesTheLastRefusal(t *testing.T) {
	l := newDriver(t, 1)
	l.agent.Coordinators = 2
	l.handle(Started{})
	for _, err := range []error{errRefused, errAway} {
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: err})
		l.wake()
	}
	l.now = epoch.Add(l.agent.ConnectTimeout)
	for _, action := range l.agent.Step(l.now, Woken{}) {
		if said, ok := action.(Say); ok && len(said.Pairs) == 4 && said.Pairs[3] == "the sweep is of another kernel class" {
			return
		}
	}
	t.Error("the refusal is not named")
}

// errBusy returns the error of a rate-limiting coordinator.
func errBusy(t *testing.T, retryIn time.Duration) error {
	t.Helper()
	s, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryIn)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

func TestRetryHintIsObserved(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.handle(CallFailed{Sequence: 1, Err: errBusy(t, 3*time.Second)})
	l.wake()
	l.call()
	if waited := l.now.Sub(epoch); waited != 3*time.Second {
		t.Errorf("called again after %v, want 3s as it was asked", waited)
	}
	l.handle(CallFailed{Sequence: 2, Err: errBusy(t, time.Hour)})
	l.wake()
	if waited := l.now.Sub(epoch); waited != 3*time.Second+longestPause {
		t.Errorf("called again after %v: no hint keeps a worker away for longer than %v", waited-3*time.Second, longestPause)
	}
}

// TestRateLimitedCheckpointIsStoredLater also checks that an oversized one is not.
func TestRateLimitedCheckpointIsStoredLater(t *testing.T) {
	l := running(t, 1, "a")
	l.handle(CheckpointMade{Lease: lease("a"), Step: 7, Body: []byte("state")})
	store := StoreCheckpoint{Lease: lease("a"), Step: 7, Body: []byte("state")}
	l.want(store)
	l.handle(CheckpointStored{Lease: lease("a"), Step: 7, Err: errBusy(t, 2*time.Second)})
	l.want()
	l.wake()
	l.want(store)
	l.handle(CheckpointStored{Lease: lease("a"), Step: 7, Err: status.Error(codes.ResourceExhausted, "too large")})
	l.wake()
	for _, action := range l.actions {
		if _, again := action.(StoreCheckpoint); again {
			t.Error("a checkpoint that is too large was sent again")
		}
	}
}
