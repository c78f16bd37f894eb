package agent

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

var (
	epoch      = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	errAway    = status.Error(codes.Unavailable, "connection refused")
	errUnknown = status.Error(codes.NotFound, "no such thing")
)

// driver feeds events to an agent and records its actions.
type driver struct {
	t        *testing.T
	agent    *Agent
	now      time.Time
	actions  []Action // of the last event, without Say and SetTimer
	timer    time.Time
	code     int // of Exit; -1: still running
	messages []string
	warnings int
}

func newDriver(t *testing.T, slots int) *driver {
	l := &driver{t: t, now: epoch, code: -1}
	l.agent = New(Settings{
		Process:        &spiqsweepv1.Process{Id: "p", Slots: uint32(slots)},
		ConnectTimeout: time.Minute, Random: rand.New(rand.NewPCG(1, 2)),
	})
	return l
}

func (l *driver) handle(e Event) {
	l.t.Helper()
	l.actions = nil
	for _, action := range l.agent.Step(l.now, e) {
		switch a := action.(type) {
		case SetTimer:
			l.timer = a.At
		case Say:
			l.messages = append(l.messages, a.Message)
			checkSaid(l.t, l.agent, a)
			if a.Level == hclog.Warn {
				l.warnings++
			}
		case Exit:
			l.code = a.Code
		default:
			l.actions = append(l.actions, a)
		}
	}
}

func (l *driver) after(d time.Duration, e Event) {
	l.t.Helper()
	l.now = l.now.Add(d)
	l.handle(e)
}

// wake advances the time to the timer and fires it.
func (l *driver) wake() {
	l.t.Helper()
	if l.timer.IsZero() {
		l.t.Fatal("no timer is set")
	}
	l.now = later(l.now, l.timer)
	l.handle(Woken{})
}

// answer answers the call in flight.
func (l *driver) answer(r *spiqsweepv1.SyncResponse) {
	l.t.Helper()
	l.handle(Answered{Sequence: l.agent.sequence, Response: r})
}

// want checks the actions of the last event.
func (l *driver) want(actions ...Action) {
	l.t.Helper()
	if diff := cmp.Diff(actions, l.actions, protocmp.Transform()); diff != "" {
		l.t.Fatalf("actions (-want +got):\n%s", diff)
	}
}

// call returns the call that the last event made.
func (l *driver) call() *spiqsweepv1.SyncRequest {
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

// verdict returns a response that accepts the reports of tasks and assigns none.
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

// heldNames returns the tasks of the leases that a call lists.
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

// running returns an agent that runs the named tasks.
func running(t *testing.T, slots int, names ...string) *driver {
	t.Helper()
	l := newDriver(t, slots)
	l.handle(Started{})
	l.answer(grant(names...))
	l.handle(RecordingFetched{Digest: "r"})
	l.answer(grant(names...)) // the response to the call that reports the starts
	return l
}

// aboutOneTask matches the messages about one task.
var aboutOneTask = regexp.MustCompile(`\b(task|lease|report|checkpoint)\b`)

// checkSaid checks that a log line about a task names the task, the attempt and the process.
func checkSaid(t rapid.TB, a *Agent, said Say) {
	t.Helper()
	pairs := map[any]any{}
	for pair := range slices.Chunk(said.Pairs, 2) {
		pairs[pair[0]] = pair[1]
	}
	if pairs["task"] == nil && !aboutOneTask.MatchString(said.Message) {
		return
	}
	if pairs["task"] == nil || pairs["attempt"] == nil || pairs["process"] != a.Process.GetId() {
		t.Errorf("the line %q lacks a task, an attempt or the process: %v", said.Message, said.Pairs)
	}
}
