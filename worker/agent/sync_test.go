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
	l := newLife(t, 1)
	l.happens(Started{})
	l.wants(Call{Request: &spiqsweepv1.SyncRequest{Process: l.agent.Process, Sequence: 1, FreeSlots: 1}})

	l.answers(grant("a"))
	l.wants(FetchRecording{Digest: "r"})
	l.happens(RecordingFetched{Digest: "r"})
	l.wants(
		StartTask{Lease: lease("a"), Task: task("a")},
		Call{Request: &spiqsweepv1.SyncRequest{
			Process: l.agent.Process, Sequence: 2,
			Held: []*spiqsweepv1.HeldLease{{Lease: lease("a").wire(), Started: true}},
		}},
	)
	l.answers(grant("a"))
	l.wants()

	l.after(time.Second, Progressed{Lease: lease("a"), Step: 7})
	l.wants()
	l.sleeps() // call_again_in
	if held := l.calls().GetHeld(); held[0].GetStep() != 7 {
		t.Errorf("the call says step %d, want 7", held[0].GetStep())
	}
	l.answers(grant("a"))

	l.after(time.Second, Ended{Lease: lease("a"), Result: result(10)})
	request := l.calls()
	if diff := cmp.Diff([]string{"a"}, reportNames(request)); diff != "" || request.GetFreeSlots() != 1 {
		t.Errorf("the result is not reported with the slot it frees: %v", request)
	}
	done := verdict("a")
	done.Done = true
	l.answers(done)
	if l.code != protocol.ExitDone {
		t.Errorf("exit code %d after done, want %d", l.code, protocol.ExitDone)
	}
	l.happens(Woken{})
	l.wants()
}

func TestReportsOfACallAreBounded(t *testing.T) {
	l := running(t, 3, "a", "b", "c")
	for _, name := range []string{"a", "b", "c"} {
		l.happens(Ended{Lease: lease(name), Result: result(reportBytes * 2 / 3)})
	}
	request := l.agent.asked // in flight since a has ended
	for _, want := range []string{"a", "b", "c"} {
		if diff := cmp.Diff([]string{want}, reportNames(request)); diff != "" {
			t.Fatal(diff)
		}
		if names := heldNames(request); !slices.Contains(names, "c") {
			t.Fatalf("held are %v, want c among them until it is judged", names)
		}
		l.answers(verdict(want))
		if want != "c" {
			request = l.calls()
		}
	}
}

func TestAnswersToOlderCallsAreIgnored(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
	l.happens(CallFailed{Sequence: 1, Err: errAway})
	l.happens(Answered{Sequence: 1, Response: grant("a")})
	l.wants()
	l.sleeps()
	if s := l.calls().GetSequence(); s != 2 {
		t.Fatalf("second call has sequence %d", s)
	}
	l.happens(Answered{Sequence: 1, Response: grant("a")})
	l.wants()
	l.answers(grant("a"))
	l.wants(FetchRecording{Digest: "r"})
	l.happens(Answered{Sequence: 2, Response: grant()}) // a duplicate
	l.wants()
}

func TestReportIsKeptUntilItsVerdict(t *testing.T) {
	l := running(t, 1, "a")
	l.happens(Ended{Lease: lease("a"), Result: result(10)})
	for range 5 { // the answers are lost
		if diff := cmp.Diff([]string{"a"}, reportNames(l.calls())); diff != "" {
			t.Fatal(diff)
		}
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		l.sleeps()
	}
	l.answers(grant("a")) // an answer without a verdict
	l.sleeps()
	if diff := cmp.Diff([]string{"a"}, reportNames(l.calls())); diff != "" {
		t.Fatal(diff)
	}
}

func TestVerdicts(t *testing.T) {
	tests := map[spiqsweepv1.Verdict_Judgement]bool{
		spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED:    true,
		spiqsweepv1.Verdict_JUDGEMENT_DUPLICATE:     true,
		spiqsweepv1.Verdict_JUDGEMENT_LATE:        true,
		spiqsweepv1.Verdict_JUDGEMENT_INVALID:     true,
		spiqsweepv1.Verdict_JUDGEMENT_UNSPECIFIED: false,
	}
	for judgement, ends := range tests {
		t.Run(judgement.String(), func(t *testing.T) {
			l := running(t, 1, "a")
			l.happens(Ended{Lease: lease("a"), Result: result(10)})
			answer := verdict("a")
			answer.Verdicts[0].Judgement = judgement
			l.answers(answer)
			l.sleeps()
			if held := heldNames(l.calls()); (len(held) == 0) != ends {
				t.Errorf("after the verdict held are %v, want it to end the report: %v", held, ends)
			}
		})
	}
}

// A coordinator that answers is not out of reach: what it says is told once, and told
// again when it says something else.
func TestWhatACoordinatorAnswersIsTold(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
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
		if got := l.said[len(l.said)-1]; got != step.want || l.warnings != step.warnings {
			t.Errorf("%s: says %q, %d warnings: want %q, %d", step.message, got, l.warnings, step.want, step.warnings)
		}
		for !l.agent.calling {
			l.sleeps()
		}
	}
}
