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

// offices are two coordinators, the second of which the worker turns to.
type offices struct {
	Config
	first, second           *office
	closeFirst, closeSecond func()
}

// openBoth serves two offices; they may be the same store.
func openBoth(first, second *office) *offices {
	dials := map[string]func(string) (*grpc.ClientConn, error){}
	o := &offices{first: first, second: second}
	dials["127.0.0.1:1"], o.closeFirst = first.open()
	dials["127.0.0.1:2"], o.closeSecond = second.open()
	o.Config = testConfig(func(address string) (*grpc.ClientConn, error) { return dials[address](address) }, finishing)
	o.Coordinator = o.Coordinator.At("127.0.0.1:1", "127.0.0.1:2")
	return o
}

func TestWorkerTurnsToAnotherCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newOffice(t, 6)
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
		frozen, store := newOffice(t, 0), newOffice(t, 2)
		frozen.silent = 100
		o := openBoth(frozen, store)
		defer o.closeFirst()
		defer o.closeSecond()
		o.ConnectTimeout = 30 * time.Second // any that answers is a coordinator
		began := time.Now()
		if code := Run(t.Context(), o.Config); code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", code, protocol.ExitDone)
		}
		if took := time.Since(began); took > answerTimeout+protocol.LongPoll+3*time.Second {
			t.Errorf("an idle worker moved on after %v", took)
		}
	})
}

func TestOneRefusalIsNotAll(t *testing.T) {
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
				o := openBoth(newOffice(t, 0), newOffice(t, 1))
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

func TestADeadCoordinatorDoesNotHideARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openBoth(newOffice(t, 0), newOffice(t, 1))
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
