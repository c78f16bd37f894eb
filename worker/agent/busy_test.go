package agent

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// errBusy is what a coordinator says to who comes too often.
func errBusy(t *testing.T, retryIn time.Duration) error {
	t.Helper()
	s, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryIn)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

func TestABusyCoordinatorIsCalledWhenItAsks(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
	l.happens(CallFailed{Sequence: 1, Err: errBusy(t, 3*time.Second)})
	l.sleeps()
	l.calls()
	if waited := l.now.Sub(epoch); waited != 3*time.Second {
		t.Errorf("called again after %v, want 3s as it was asked", waited)
	}
	l.happens(CallFailed{Sequence: 2, Err: errBusy(t, time.Hour)})
	l.sleeps()
	if waited := l.now.Sub(epoch); waited != 3*time.Second+longestPause {
		t.Errorf("called again after %v: no hint keeps a worker away for longer than %v", waited-3*time.Second, longestPause)
	}
}

// TestACheckpointThatCameTooSoonIsStoredLater, unlike one that is too large.
func TestACheckpointThatCameTooSoonIsStoredLater(t *testing.T) {
	l := running(t, 1, "a")
	l.happens(CheckpointMade{Lease: lease("a"), Step: 7, Body: []byte("state")})
	store := StoreCheckpoint{Lease: lease("a"), Step: 7, Body: []byte("state")}
	l.wants(store)
	l.happens(CheckpointStored{Lease: lease("a"), Step: 7, Err: errBusy(t, 2*time.Second)})
	l.wants()
	l.sleeps()
	l.wants(store)
	l.happens(CheckpointStored{Lease: lease("a"), Step: 7, Err: status.Error(codes.ResourceExhausted, "too large")})
	l.sleeps()
	for _, action := range l.actions {
		if _, again := action.(StoreCheckpoint); again {
			t.Error("a checkpoint that is too large was sent again")
		}
	}
}
