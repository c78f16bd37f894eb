package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func TestOneTaskFromGrantToVerdict(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.want(Call{Request: &spiqsweepv1.SyncRequest{Process: l.agent.Process, Sequence: 1, FreeSlots: 1}})

	l.answer(grant("a"))
	l.want(FetchRecording{Digest: "r"})
	l.handle(RecordingFetched{Digest: "r"})
	l.want(
		StartTask{Lease: lease("a"), Task: task("a")},
		Call{Request: &spiqsweepv1.SyncRequest{
			Process: l.agent.Process, Sequence: 2,
			Held: []*spiqsweepv1.HeldLease{{Lease: lease("a").wire(), Started: true}},
		}},
	)
	l.answer(grant("a"))
	l.want()

	l.after(time.Second, Progressed{Lease: lease("a"), Step: 7})
	l.want()
	l.wake() // call_again_in
	if held := l.call().GetHeld(); held[0].GetStep() != 7 {
		t.Errorf("the call says step %d, want 7", held[0].GetStep())
	}
	l.answer(grant("a"))

	l.after(time.Second, Ended{Lease: lease("a"), Result: result(10)})
	request := l.call()
	if diff := cmp.Diff([]string{"a"}, reportNames(request)); diff != "" || request.GetFreeSlots() != 1 {
		t.Errorf("the result is not reported with the slot it frees: %v", request)
	}
	done := verdict("a")
	done.Done = true
	l.answer(done)
	if l.code != protocol.ExitDone {
		t.Errorf("exit code %d after done, want %d", l.code, protocol.ExitDone)
	}
	l.handle(Woken{})
	l.want()
}

func TestReportsOfACallAreBounded(t *testing.T) {
	l := running(t, 3, "a", "b", "c")
	for _, name := range []string{"a", "b", "c"} {
		l.handle(Ended{Lease: lease(name), Result: result(reportBytes * 2 / 3)})
	}
	request := l.agent.lastRequest // in flight since a has ended
	for _, want := range []string{"a", "b", "c"} {
		if diff := cmp.Diff([]string{want}, reportNames(request)); diff != "" {
			t.Fatal(diff)
		}
		if names := heldNames(request); !slices.Contains(names, "c") {
			t.Fatalf("held are %v, want c among them until it is judged", names)
		}
		l.answer(verdict(want))
		if want != "c" {
			request = l.call()
		}
	}
}

func TestAnswersToOlderCallsAreIgnored(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	l.handle(CallFailed{Sequence: 1, Err: errAway})
	l.handle(Answered{Sequence: 1, Response: grant("a")})
	l.want()
	l.wake()
	if s := l.call().GetSequence(); s != 2 {
		t.Fatalf("second call has sequence %d", s)
	}
	l.handle(Answered{Sequence: 1, Response: grant("a")})
	l.want()
	l.answer(grant("a"))
	l.want(FetchRecording{Digest: "r"})
	l.handle(Answered{Sequence: 2, Response: grant()}) // a duplicate
	l.want()
}

func TestReportIsKeptUntilItsVerdict(t *testing.T) {
	l := running(t, 1, "a")
	l.handle(Ended{Lease: lease("a"), Result: result(10)})
	for range 5 { // the answers are lost
		if diff := cmp.Diff([]string{"a"}, reportNames(l.call())); diff != "" {
			t.Fatal(diff)
		}
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		l.wake()
	}
	l.answer(grant("a")) // an answer without a verdict
	l.wake()
	if diff := cmp.Diff([]string{"a"}, reportNames(l.call())); diff != "" {
		t.Fatal(diff)
	}
}

func TestVerdicts(t *testing.T) {
	tests := map[spiqsweepv1.Verdict_Judgement]bool{
		spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED:    true,
		spiqsweepv1.Verdict_JUDGEMENT_DUPLICATE:   true,
		spiqsweepv1.Verdict_JUDGEMENT_LATE:        true,
		spiqsweepv1.Verdict_JUDGEMENT_INVALID:     true,
		spiqsweepv1.Verdict_JUDGEMENT_UNSPECIFIED: false,
	}
	for judgement, ends := range tests {
		t.Run(judgement.String(), func(t *testing.T) {
			l := running(t, 1, "a")
			l.handle(Ended{Lease: lease("a"), Result: result(10)})
			answer := verdict("a")
			answer.Verdicts[0].Judgement = judgement
			l.answer(answer)
			l.wake()
			if held := heldNames(l.call()); (len(held) == 0) != ends {
				t.Errorf("after the verdict held are %v, want it to end the report: %v", held, ends)
			}
		})
	}
}

// TestErrorsOfACoordinatorAreLogged checks that each distinct message is logged once.
func TestErrorsOfACoordinatorAreLogged(t *testing.T) {
	l := newDriver(t, 1)
	l.handle(Started{})
	const away, busy = "cannot reach the coordinator: will try again", "the coordinator cannot take calls now: will try again"
	for _, step := range []struct {
		message  string
		want     string
		warnings int
	}{
		{"connection error: desc = \"refused\"", away, 1},
		{"the store is not available: the disk is full", busy, 2},
		{"the store is not available: the disk is full", busy, 2},
		{"connection error: desc = \"reset\"", away, 2},
		{"the store is not available: the file may not be written", busy, 3},
	} {
		l.after(time.Millisecond, CallFailed{Sequence: l.agent.sequence, Err: status.Error(codes.Unavailable, step.message)})
		if got := l.messages[len(l.messages)-1]; got != step.want || l.warnings != step.warnings {
			t.Errorf("%s: says %q, %d warnings: want %q, %d", step.message, got, l.warnings, step.want, step.warnings)
		}
		for !l.agent.calling {
			l.wake()
		}
	}
}
