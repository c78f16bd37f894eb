package agent

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

var (
	epoch   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	errAway = status.Error(codes.Unavailable, "connection refused")
	errNo   = status.Error(codes.NotFound, "no such thing")
)

// life plays one history through an agent, second by second.
type life struct {
	t       *testing.T
	agent   *Agent
	now     time.Time
	actions []Action // of the last event, without Say and SetTimer
	timer   time.Time
	code    int // of Exit; -1: still alive
	said    []string
}

func newLife(t *testing.T, slots int) *life {
	l := &life{t: t, now: epoch, code: -1}
	l.agent = New(Settings{
		Process:        &spiqsweepv1.Process{Id: "p", Slots: uint32(slots)},
		ConnectTimeout: time.Minute, Random: rand.New(rand.NewPCG(1, 2)),
	})
	return l
}

func (l *life) happens(e Event) {
	l.t.Helper()
	l.actions = nil
	for _, action := range l.agent.Step(l.now, e) {
		switch a := action.(type) {
		case SetTimer:
			l.timer = a.At
		case Say:
			l.said = append(l.said, a.Message)
		case Exit:
			l.code = a.Code
		default:
			l.actions = append(l.actions, a)
		}
	}
}

func (l *life) after(d time.Duration, e Event) {
	l.t.Helper()
	l.now = l.now.Add(d)
	l.happens(e)
}

// sleeps lets the timer fire.
func (l *life) sleeps() {
	l.t.Helper()
	if l.timer.IsZero() {
		l.t.Fatal("no timer is set")
	}
	l.now = later(l.now, l.timer)
	l.happens(Woken{})
}

// answers the call in flight.
func (l *life) answers(r *spiqsweepv1.SyncResponse) {
	l.t.Helper()
	l.happens(Answered{Sequence: l.agent.sequence, Response: r})
}

// wants checks the actions of the last event.
func (l *life) wants(actions ...Action) {
	l.t.Helper()
	if diff := cmp.Diff(actions, l.actions, protocmp.Transform()); diff != "" {
		l.t.Fatalf("actions (-want +got):\n%s", diff)
	}
}

// calls checks that the last event made a call, among other things, and returns it.
func (l *life) calls() *spiqsweepv1.SyncRequest {
	l.t.Helper()
	for _, action := range l.actions {
		if c, ok := action.(Call); ok {
			return c.Request
		}
	}
	l.t.Fatalf("no call among %v", l.actions)
	return nil
}

func task(name string) *spiqsweepv1.Task {
	return &spiqsweepv1.Task{Configuration: []byte(name), RecordingDigest: "r", StallTimeout: durationpb.New(10 * time.Minute)}
}

func grant(names ...string) *spiqsweepv1.SyncResponse {
	r := &spiqsweepv1.SyncResponse{CallAgainIn: durationpb.New(20 * time.Second)}
	for _, name := range names {
		r.Assignments = append(r.Assignments, &spiqsweepv1.Assignment{Lease: lease(name).wire(), Task: task(name)})
	}
	return r
}

func lease(name string) Lease { return Lease{Task: name, Attempt: 1} }

// verdict judges tasks as accepted and keeps no others.
func verdict(names ...string) *spiqsweepv1.SyncResponse {
	r := &spiqsweepv1.SyncResponse{CallAgainIn: durationpb.New(20 * time.Second)}
	for _, name := range names {
		r.Verdicts = append(r.Verdicts, &spiqsweepv1.Verdict{
			Lease: lease(name).wire(), Judgement: spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED,
		})
	}
	return r
}

func result(size int) *spiqsweepv1.Result {
	return &spiqsweepv1.Result{Body: make([]byte, size), Digest: "d"}
}

// heldNames lists the leases that a call names.
func heldNames(r *spiqsweepv1.SyncRequest) []string {
	var names []string
	for _, h := range r.GetHeld() {
		names = append(names, h.GetLease().GetTask())
	}
	return names
}

func reportNames(r *spiqsweepv1.SyncRequest) []string {
	var names []string
	for _, report := range r.GetReports() {
		names = append(names, report.GetLease().GetTask())
	}
	return names
}

// running brings an agent to the point where the named tasks run.
func running(t *testing.T, slots int, names ...string) *life {
	t.Helper()
	l := newLife(t, slots)
	l.happens(Started{})
	l.answers(grant(names...))
	l.happens(RecordingFetched{Digest: "r"})
	l.answers(grant(names...)) // that they have started
	return l
}

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
			Held: []*spiqsweepv1.Held{{Lease: lease("a").wire(), Started: true}},
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
	if l.code != ExitDone {
		t.Errorf("exit code %d after done, want %d", l.code, ExitDone)
	}
	l.happens(Woken{})
	l.wants()
}

func TestRecordingIsFetchedOnce(t *testing.T) {
	l := running(t, 1, "a")
	l.happens(Ended{Lease: lease("a"), Result: result(10)})
	next := verdict("a")
	next.Assignments = grant("b").GetAssignments()
	l.answers(next)
	if _, ok := l.actions[0].(StartTask); !ok {
		t.Errorf("the second task on the same recording does not start at once: %v", l.actions)
	}
}

func TestRecordingsAreForgotten(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
	var dropped []string
	for i := range keptRecordings + 3 {
		digest := string(rune('A' + i))
		g := grant("t" + digest)
		g.Assignments[0].Task.RecordingDigest = digest
		l.answers(g)
		l.happens(RecordingFetched{Digest: digest})
		l.answers(g)
		l.happens(Ended{Lease: lease("t" + digest), Result: result(1)})
		l.happens(Answered{Sequence: l.agent.sequence, Response: verdict("t" + digest)})
		for _, action := range l.actions {
			if d, ok := action.(DropRecording); ok {
				dropped = append(dropped, d.Digest)
			}
		}
		l.sleeps()
	}
	if diff := cmp.Diff([]string{"A", "B", "C"}, dropped); diff != "" {
		t.Error(diff)
	}
}

func TestBatchRunsOneAfterTheOther(t *testing.T) {
	l := running(t, 1, "a", "b")
	l.after(time.Second, Ended{Lease: lease("a"), Result: result(10)})
	l.wants(StartTask{Lease: lease("b"), Task: task("b")}) // and no call yet: the slot is busy
	l.sleeps()
	if waited := l.now.Sub(epoch) - time.Second; waited != settle {
		t.Errorf("the result of a batch is told after %v, want %v", waited, settle)
	}
	request := l.calls()
	if diff := cmp.Diff([]string{"a", "b"}, heldNames(request)); diff != "" || request.GetFreeSlots() != 0 {
		t.Errorf("held %v with %d free slots", heldNames(request), request.GetFreeSlots())
	}
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
		spiqsweepv1.Verdict_JUDGEMENT_ALREADY:     true,
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

func TestWithdrawnTaskIsStopped(t *testing.T) {
	l := running(t, 1, "a")
	l.sleeps()
	l.answers(grant("b"))
	l.wants(StopTask{Lease: lease("a")}) // b waits for the slot
	l.happens(CheckpointMade{Lease: lease("a"), Step: 3, Body: []byte("x")})
	l.wants()
	l.sleeps()
	l.answers(grant("b"))
	l.wants() // it is stopped once
	l.happens(Ended{Lease: lease("a")})
	if start, ok := l.actions[0].(StartTask); !ok || start.Lease != lease("b") {
		t.Errorf("actions are %v, want the start of b", l.actions)
	}
	if held := heldNames(l.calls()); !slices.Equal(held, []string{"b"}) {
		t.Errorf("held are %v, want b alone", held)
	}
}

func TestResultOfAWithdrawnTaskIsStillReported(t *testing.T) {
	l := running(t, 1, "a")
	l.sleeps()
	l.answers(grant())
	l.happens(Ended{Lease: lease("a"), Result: result(10)})
	if diff := cmp.Diff([]string{"a"}, reportNames(l.calls())); diff != "" {
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
		"not to be had":   {CheckpointFetched{Lease: lease("a"), Err: errNo}, nil, 0},
		"after a failure": {CheckpointFetched{Lease: lease("a"), Err: errAway}, nil, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLife(t, 1)
			l.happens(Started{})
			g := grant("a")
			g.Assignments[0].Task.CheckpointStep = 40
			l.answers(g)
			l.wants(FetchRecording{Digest: "r"}, FetchCheckpoint{Lease: lease("a")})
			l.happens(RecordingFetched{Digest: "r"})
			l.wants()
			l.happens(test.fetched)
			if errors.Is(test.fetched.Err, errAway) {
				l.wants()
				l.sleeps()
				l.wants(FetchCheckpoint{Lease: lease("a")})
				return
			}
			start := l.actions[0].(StartTask)
			if !slices.Equal(start.Body, test.body) {
				t.Errorf("starts from %q, want %q", start.Body, test.body)
			}
			if step := l.calls().GetHeld()[0].GetStep(); step != test.step {
				t.Errorf("says step %d, want %d", step, test.step)
			}
		})
	}
}

func TestRecordingThatIsNotToBeHadFailsItsTasks(t *testing.T) {
	l := newLife(t, 1)
	l.happens(Started{})
	l.answers(grant("a"))
	l.happens(RecordingFetched{Digest: "r", Err: errAway})
	l.sleeps()
	l.wants(FetchRecording{Digest: "r"})
	l.happens(RecordingFetched{Digest: "r", Err: errNo})
	l.sleeps()
	failure := l.calls().GetReports()[0].GetFailure()
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
	l.happens(made(1))
	l.wants(stored(1))
	l.happens(made(2))
	l.happens(made(3))
	l.happens(made(2)) // not newer
	l.wants()          // one at a time
	l.happens(CheckpointStored{Lease: lease("a"), Step: 1, Err: errAway})
	l.wants()
	l.sleeps()
	l.wants(stored(3))
	l.happens(CheckpointStored{Lease: lease("a"), Step: 3, Err: errNo}) // it is told no: no use to insist
	l.wants()
	l.happens(made(4))
	l.wants(stored(4))
	l.happens(CheckpointStored{Lease: lease("a"), Step: 4})
	l.wants()
}

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
	if l.code != ExitUnreachable {
		t.Errorf("exit code %d, want %d", l.code, ExitUnreachable)
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
		if l.code != ExitFault {
			t.Errorf("%v: exit code %d, want %d", code, l.code, ExitFault)
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
	if l.code != ExitWorkLeft {
		t.Errorf("exit code %d, want %d", l.code, ExitWorkLeft)
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
	if l.code != ExitDone {
		t.Errorf("exit code %d, want %d", l.code, ExitDone)
	}
}

func TestDrainWithoutACoordinator(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		l := newLife(t, 1)
		l.happens(Started{})
		l.happens(CallFailed{Sequence: 1, Err: errAway})
		l.happens(Drain{})
		if l.code != ExitDone {
			t.Errorf("exit code %d, want %d", l.code, ExitDone)
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
		if l.code != ExitWorkLeft || l.now.Sub(began) != drainTimeout {
			t.Errorf("exit code %d after %v, want %d after %v", l.code, l.now.Sub(began), ExitWorkLeft, drainTimeout)
		}
	})
}

func TestStopLeavesAtOnce(t *testing.T) {
	l := running(t, 1, "a")
	l.happens(Stop{})
	if l.code != ExitWorkLeft {
		t.Errorf("exit code %d with a task, want %d", l.code, ExitWorkLeft)
	}
	l = newLife(t, 1)
	l.happens(Started{})
	l.happens(Stop{})
	if l.code != ExitDone {
		t.Errorf("exit code %d when idle, want %d", l.code, ExitDone)
	}
}

// untilStall lets time pass, answering calls, until a report appears.
func untilStall(t *testing.T, l *life) *spiqsweepv1.Report {
	t.Helper()
	for range 1000 {
		if l.agent.calling {
			if reports := l.agent.asked.GetReports(); len(reports) > 0 {
				return reports[0]
			}
			l.answers(grant("a"))
		}
		l.sleeps()
	}
	t.Fatal("no stall in sight")
	return nil
}

func TestStall(t *testing.T) {
	l := running(t, 1, "a")
	l.after(5*time.Second, Progressed{Lease: lease("a"), Step: 5})
	moved := l.now
	report := untilStall(t, l)
	if took := l.now.Sub(moved); took < 10*time.Minute || took > 10*time.Minute+settle {
		t.Errorf("stalled after %v, want 10 minutes", took)
	}
	if message := report.GetFailure().GetMessage(); message != "stalled: no new step for 10m0s, after step 5" {
		t.Errorf("failure is %q", message)
	}
	if free := l.agent.asked.GetFreeSlots(); free != 0 {
		t.Errorf("%d free slots while the goroutine goes on", free)
	}
	l.answers(verdict("a"))
	if l.code != ExitFault {
		t.Errorf("exit code %d with every slot stuck, want %d", l.code, ExitFault)
	}
}

func TestStalledTaskThatStopsFreesItsSlot(t *testing.T) {
	l := running(t, 1, "a")
	untilStall(t, l)
	l.happens(Ended{Lease: lease("a")})
	l.answers(verdict("a"))
	if request := l.calls(); request.GetFreeSlots() != 1 || len(request.GetHeld()) != 0 {
		t.Errorf("call is %v, want a free slot and nothing held", request)
	}
}

func TestFreezeIsNoStall(t *testing.T) {
	l := running(t, 1, "a")
	l.after(time.Hour, Woken{})
	for _, report := range l.calls().GetReports() {
		t.Errorf("after a freeze: %v", report)
	}
	l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
	if l.code != -1 {
		t.Errorf("left with code %d at the first failed call after a freeze", l.code)
	}
}
