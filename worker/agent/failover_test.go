package agent

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// stubPair is a worker configuration with two coordinators.
type stubPair struct {
	Config
	first, second           *stub
	closeFirst, closeSecond func()
}

// openBoth serves two stubs, which may be the same.
func openBoth(first, second *stub) *stubPair {
	dials := map[string]func(string) (*grpc.ClientConn, error){}
	o := &stubPair{first: first, second: second}
	dials["127.0.0.1:1"], o.closeFirst = first.open()
	dials["127.0.0.1:2"], o.closeSecond = second.open()
	o.Config = testConfig(func(address string) (*grpc.ClientConn, error) { return dials[address](address) }, finishing)
	o.Coordinator = o.Coordinator.At("127.0.0.1:1", "127.0.0.1:2")
	return o
}

func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStub(t, 6)
		o := openBoth(store, store)
		defer o.closeSecond()
		time.AfterFunc(1500*time.Millisecond, o.closeFirst)
		began := time.Now()
		if code := Run(t.Context(), o.Config); code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", code, protocol.ExitDone)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("6 tasks of a second each on 2 slots took %v", took)
		}
	})
}

func TestWorkerLeavesASilentCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		frozen, store := newStub(t, 0), newStub(t, 2)
		frozen.silent = 100
		o := openBoth(frozen, store)
		defer o.closeFirst()
		defer o.closeSecond()
		o.ConnectTimeout = 30 * time.Second // counts from the last response of either
		began := time.Now()
		if code := Run(t.Context(), o.Config); code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", code, protocol.ExitDone)
		}
		if took := time.Since(began); took > answerTimeout+protocol.LongPoll+3*time.Second {
			t.Errorf("an idle worker moved on after %v", took)
		}
	})
}

func TestOneRefusalIsNotFinal(t *testing.T) {
	refusal := status.Error(codes.FailedPrecondition, "the sweep is of another kernel class")
	for name, c := range map[string]struct {
		second error
		code   int
	}{
		"the other takes it":  {nil, protocol.ExitDone},
		"the other refuses":   {refusal, protocol.ExitFault},
		"the other is silent": {status.Error(codes.Unavailable, "busy"), protocol.ExitUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openBoth(newStub(t, 0), newStub(t, 1))
				defer o.closeFirst()
				defer o.closeSecond()
				o.first.refuse, o.second.refuse = refusal, c.second
				if code := Run(t.Context(), o.Config); code != c.code {
					t.Errorf("exit code %d, want %d", code, c.code)
				}
			})
		})
	}
}

func TestUnreachableCoordinatorDoesNotHideARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openBoth(newStub(t, 0), newStub(t, 1))
		defer o.closeSecond()
		o.closeFirst()
		o.second.refuse = status.Error(codes.Unauthenticated, "unauthenticated")
		if code := Run(t.Context(), o.Config); code != protocol.ExitFault {
			t.Errorf("exit code %d, want %d", code, protocol.ExitFault)
		}
	})
}

func TestAnswerTimeout(t *testing.T) {
	held := &spiqsweepv1.SyncRequest{Held: []*spiqsweepv1.HeldLease{{Step: 1}}}
	large := &spiqsweepv1.SyncRequest{Reports: []*spiqsweepv1.Report{{Outcome: &spiqsweepv1.Report_Result{
		Result: &spiqsweepv1.Result{Body: make([]byte, 10*slowestLink)},
	}}}}
	for name, c := range map[string]struct {
		coordinators int
		in           *spiqsweepv1.SyncRequest
		want         time.Duration
	}{
		"nobody else":       {1, held, protocol.CallTimeout},
		"at work":           {2, held, answerTimeout},
		"idle":              {2, &spiqsweepv1.SyncRequest{}, answerTimeout + protocol.LongPoll},
		"a large result":    {2, large, answerTimeout + 10*time.Second},
		"draining":          {2, &spiqsweepv1.SyncRequest{Draining: true}, drainAnswer},
		"never beyond that": {2, &spiqsweepv1.SyncRequest{Reports: []*spiqsweepv1.Report{large.GetReports()[0], large.GetReports()[0], large.GetReports()[0]}, FreeSlots: 1}, protocol.CallTimeout},
	} {
		if got := AnswerTimeout(c.in, c.coordinators).Round(100 * time.Millisecond); got != c.want.Round(100*time.Millisecond) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
