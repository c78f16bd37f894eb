package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func TestBatchRunsOneAfterTheOther(t *testing.T) {
	l := running(t, 1, "a", "b")
	l.after(time.Second, Ended{Lease: lease("a"), Result: result(10)})
	l.want(StartTask{Lease: lease("b"), Task: task("b")}) // and no call yet: the slot is busy
	l.wake()
	if waited := l.now.Sub(epoch) - time.Second; waited != batchDelay {
		t.Errorf("the result of a batch is reported after %v, want %v", waited, batchDelay)
	}
	request := l.call()
	if diff := cmp.Diff([]string{"a", "b"}, heldNames(request)); diff != "" || request.GetFreeSlots() != 0 {
		t.Errorf("held %v with %d free slots", heldNames(request), request.GetFreeSlots())
	}
}

// TestReportHasTheLastStep ends tasks without a Progressed, and after one out of order.
func TestReportHasTheLastStep(t *testing.T) {
	tests := map[string]struct {
		reported uint64
		end      Ended
		want     uint64
	}{
		"result":           {0, Ended{Step: 7, Result: result(10)}, 7},
		"failure":          {3, Ended{Step: 7, Failure: &spiqsweepv1.Failure{}}, 7},
		"less than before": {8, Ended{Step: 7, Result: result(10)}, 8},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := running(t, 1, "a")
			if test.reported > 0 {
				l.handle(Progressed{Lease: lease("a"), Step: test.reported})
			}
			test.end.Lease = lease("a")
			l.handle(test.end)
			if held := l.call().GetHeld(); len(held) != 1 || held[0].GetStep() != test.want {
				t.Errorf("held is %v, want step %d", held, test.want)
			}
		})
	}
}

func TestWithdrawnTaskIsStopped(t *testing.T) {
	l := running(t, 1, "a")
	l.wake()
	l.answer(grant("b"))
	l.want(StopTask{Lease: lease("a")}) // b waits for the slot
	l.handle(CheckpointMade{Lease: lease("a"), Step: 3, Body: []byte("x")})
	l.want()
	l.wake()
	l.answer(grant("b"))
	l.want() // it is stopped once
	l.handle(Ended{Lease: lease("a")})
	if start, ok := l.actions[0].(StartTask); !ok || start.Lease != lease("b") {
		t.Errorf("actions are %v, want the start of b", l.actions)
	}
	if held := heldNames(l.call()); !slices.Equal(held, []string{"b"}) {
		t.Errorf("held are %v, want b alone", held)
	}
}

func TestResultOfAWithdrawnTaskIsStillReported(t *testing.T) {
	l := running(t, 1, "a")
	l.wake()
	l.answer(grant())
	l.handle(Ended{Lease: lease("a"), Result: result(10)})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.call())); diff != "" {
		t.Error(diff)
	}
}

// untilStall advances the time and answers calls until a report is made.
func untilStall(t *testing.T, l *driver) *spiqsweepv1.Report {
	t.Helper()
	for range 1000 {
		if l.agent.calling {
			if reports := l.agent.lastRequest.GetReports(); len(reports) > 0 {
				return reports[0]
			}
			l.answer(grant("a"))
		}
		l.wake()
	}
	t.Fatal("the task does not stall")
	return nil
}

func TestStall(t *testing.T) {
	l := running(t, 1, "a")
	l.after(5*time.Second, Progressed{Lease: lease("a"), Step: 5})
	moved := l.now
	report := untilStall(t, l)
	if took := l.now.Sub(moved); took < 10*time.Minute || took > 10*time.Minute+batchDelay {
		t.Errorf("stalled after %v, want 10 minutes", took)
	}
	if message := report.GetFailure().GetMessage(); message != "stalled: no new step for 10m0s, after step 5" {
		t.Errorf("failure is %q", message)
	}
	if free := l.agent.lastRequest.GetFreeSlots(); free != 0 {
		t.Errorf("%d free slots while the goroutine goes on", free)
	}
	l.answer(verdict("a"))
	if l.code != protocol.ExitFault {
		t.Errorf("exit code %d with every slot stuck, want %d", l.code, protocol.ExitFault)
	}
}

// Otherwise such a lease would be renewed for ever.
func TestLeasesBehindAStalledTaskAreHandedBack(t *testing.T) {
	l := running(t, 1, "a", "b")
	for !l.agent.calling || len(l.agent.lastRequest.GetReports()) == 0 {
		if l.now.Sub(epoch) > time.Hour {
			t.Fatal("the task does not stall")
		}
		if l.agent.calling {
			l.answer(grant("a", "b"))
		}
		l.wake()
	}
	reports := l.agent.lastRequest.GetReports()
	if len(reports) != 2 || reports[0].GetFailure() == nil || reports[1].GetHandBack() == nil {
		t.Fatalf("reports %v, want the failure of a, and b handed back", reports)
	}
	l.answer(verdict("a", "b"))
	if l.code != protocol.ExitFault {
		t.Errorf("exit code %d with every slot stuck, want %d", l.code, protocol.ExitFault)
	}
}

func TestStalledTaskThatStopsFreesItsSlot(t *testing.T) {
	l := running(t, 1, "a")
	untilStall(t, l)
	l.handle(Ended{Lease: lease("a")})
	l.answer(verdict("a"))
	if request := l.call(); request.GetFreeSlots() != 1 || len(request.GetHeld()) != 0 {
		t.Errorf("call is %v, want a free slot and nothing held", request)
	}
}

// The freeze ends when the stall time-out would have passed.
func TestFreezeUpToTheStallIsNoStall(t *testing.T) {
	l := running(t, 1, "a")
	l.wake() // a call is in flight
	l.after(10*time.Minute+time.Second-l.now.Sub(epoch), CallFailed{Sequence: l.agent.sequence, Err: errAway})
	l.wake()
	for _, report := range l.call().GetReports() {
		t.Errorf("after a freeze: %v", report)
	}
}

func TestFreezeIsNoStall(t *testing.T) {
	l := running(t, 1, "a")
	l.after(time.Hour, Woken{})
	for _, report := range l.call().GetReports() {
		t.Errorf("after a freeze: %v", report)
	}
	l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
	if l.code != -1 {
		t.Errorf("left with code %d at the first failed call after a freeze", l.code)
	}
}
