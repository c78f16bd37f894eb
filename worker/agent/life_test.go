package agent

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
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
	t        *testing.T
	agent    *Agent
	now      time.Time
	actions  []Action // of the last event, without Say and SetTimer
	timer    time.Time
	code     int // of Exit; -1: still alive
	said     []string
	warnings int
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
