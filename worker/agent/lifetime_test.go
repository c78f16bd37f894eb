package agent

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// nothing is the response to a worker that has no task and shall wait.
func nothing() *spiqsweepv1.SyncResponse {
	return &spiqsweepv1.SyncResponse{CallAgainIn: durationpb.New(20 * time.Second), LeaseTerm: durationpb.New(time.Minute)}
}

// waitUntil answers calls with nothing until a time after the start, and returns the last call.
func (l *driver) waitUntil(d time.Duration) (last *spiqsweepv1.SyncRequest) {
	l.t.Helper()
	for end := epoch.Add(d); l.code < 0 && !l.timer.After(end); {
		l.wake()
		if l.agent.calling {
			if last = l.agent.lastRequest; last.GetDraining() {
				return last
			}
			l.answer(nothing())
		}
	}
	return last
}

func TestLifetime(t *testing.T) {
	begin := func(lifetime time.Duration) *driver {
		l := newDriver(t, 1)
		l.agent.Lifetime = lifetime
		l.handle(Started{})
		return l
	}
	t.Run("tells what is left", func(t *testing.T) {
		for lifetime, left := range map[time.Duration]time.Duration{10 * time.Minute: 10*time.Minute - leavingTime, 10 * time.Second: 5 * time.Second} {
			l := begin(lifetime)
			if got := l.call().GetTimeLeft().AsDuration(); got != left {
				t.Errorf("of %v, %v are left at the start, want %v", lifetime, got, left)
			}
			l.answer(nothing())
			l.after(2*time.Second, Woken{})
			l.wake()
			if got, want := l.agent.lastRequest.GetTimeLeft().AsDuration(), left-l.now.Sub(epoch); l.now.Before(epoch.Add(left)) && got != want {
				t.Errorf("of %v, %v are left at the second call, want %v", lifetime, got, want)
			}
		}
		if l := begin(0); l.call().TimeLeft != nil {
			t.Error("a worker without a lifetime reports that it ends")
		}
	})
	t.Run("training", func(t *testing.T) {
		l := begin(30 * time.Minute)
		l.answer(grant("a"))
		l.handle(RecordingFetched{Digest: "r"})
		for l.now.Before(epoch.Add(30*time.Minute - leavingTime)) {
			if l.agent.calling {
				l.answer(grant("a"))
			}
			l.handle(Progressed{Lease: lease("a"), Step: l.agent.find(lease("a")).step + 1})
			l.wake()
		}
		if !slices.Contains(l.actions, Action(StopTask{Lease: lease("a")})) || l.now != epoch.Add(30*time.Minute-leavingTime) {
			t.Fatalf("after %v: actions %v", l.now.Sub(epoch), l.actions)
		}
		l.handle(CheckpointMade{Lease: lease("a"), Step: 900, Body: []byte("x")})
		l.handle(Ended{Lease: lease("a"), Step: 900})
		l.handle(CheckpointStored{Lease: lease("a"), Step: 900})
		l.answer(grant("a"))
		if r := l.call().GetReports(); len(r) != 1 || r[0].GetHandBack() == nil {
			t.Fatalf("reports %v", r)
		}
		l.answer(verdict("a"))
		if l.code != protocol.ExitWorkLeft {
			t.Errorf("exit code %d, want %d", l.code, protocol.ExitWorkLeft)
		}
	})
	t.Run("waiting", func(t *testing.T) {
		l := begin(5 * time.Minute)
		l.answer(nothing())
		if !l.waitUntil(5*time.Minute).GetDraining() || l.now != epoch.Add(5*time.Minute-leavingTime) {
			t.Fatalf("does not take leave in time, but after %v", l.now.Sub(epoch))
		}
		l.answer(nothing())
		if l.code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", l.code, protocol.ExitDone)
		}
	})
	t.Run("during a long poll", func(t *testing.T) {
		l := begin(30 * time.Second)
		l.wake()
		if request := l.call(); !request.GetDraining() || l.now != epoch.Add(15*time.Second) {
			t.Errorf("after %v: %v", l.now.Sub(epoch), request)
		}
	})
	t.Run("without a coordinator", func(t *testing.T) {
		l := begin(30 * time.Second)
		for l.code < 0 {
			if l.agent.calling {
				l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway, Unreached: true})
			} else {
				l.wake()
			}
		}
		if l.code != protocol.ExitDone || l.now != epoch.Add(15*time.Second) {
			t.Errorf("exit code %d after %v", l.code, l.now.Sub(epoch))
		}
	})
	t.Run("draining", func(t *testing.T) {
		l := begin(31 * time.Second)
		l.answer(grant("a"))
		l.handle(RecordingFetched{Digest: "r"})
		l.after(15*time.Second, Drain{})
		stops := 0
		for l.code < 0 {
			for _, a := range l.actions {
				if _, ok := a.(StopTask); ok {
					stops++
				}
			}
			l.wake()
		}
		if l.code != protocol.ExitWorkLeft || stops != 1 || l.now != epoch.Add(25*time.Second) {
			t.Errorf("exit code %d after %v, task stopped %d times", l.code, l.now.Sub(epoch), stops)
		}
	})
}

// TestNoneFits checks that a worker that could end no pending task leaves, and that it does not
// leave a task.
func TestNoneFits(t *testing.T) {
	l := newDriver(t, 1)
	l.agent.Lifetime = time.Minute
	l.handle(Started{})
	answer := nothing()
	answer.NoneFits = true
	l.answer(answer)
	if !l.call().GetDraining() {
		t.Fatal("the worker stays")
	}
	l.answer(nothing())
	if l.code != protocol.ExitDone || !slices.ContainsFunc(l.messages, func(m string) bool { return strings.HasPrefix(m, "tasks are pending, but none can end") }) {
		t.Errorf("exit code %d, messages %q", l.code, l.messages)
	}

	l = running(t, 1, "a")
	l.wake()
	answer = grant("a")
	answer.NoneFits = true
	l.answer(answer)
	l.want()
}

func TestIdleTimeout(t *testing.T) {
	begin := func() *driver {
		l := newDriver(t, 1)
		l.agent.IdleTimeout = 90 * time.Second
		l.handle(Started{})
		return l
	}
	wantLeaves := func(t *testing.T, l *driver, after time.Duration) {
		t.Helper()
		if last := l.waitUntil(2 * time.Hour); !last.GetDraining() || l.now != epoch.Add(after) {
			t.Fatalf("takes leave after %v, want %v: %v", l.now.Sub(epoch), after, last)
		}
		l.answer(nothing())
		if l.code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", l.code, protocol.ExitDone)
		}
	}
	t.Run("no task ever", func(t *testing.T) {
		l := begin()
		l.after(3*time.Second, Answered{Sequence: 1, Response: nothing()})
		wantLeaves(t, l, 93*time.Second)
	})
	t.Run("after a task", func(t *testing.T) {
		l := begin()
		l.answer(grant("a"))
		l.handle(RecordingFetched{Digest: "r"})
		l.answer(grant("a"))
		l.after(10*time.Minute, Ended{Lease: lease("a"), Step: 9, Result: result(1)})
		if l.agent.calling {
			l.answer(verdict("a"))
		} else {
			l.wake()
			l.answer(verdict("a"))
		}
		wantLeaves(t, l, l.now.Sub(epoch)+90*time.Second)
	})
	t.Run("a coordinator that was away", func(t *testing.T) {
		l := begin()
		l.answer(nothing())
		l.waitUntil(70 * time.Second)
		l.wake()
		l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		for range 3 {
			l.wake()
			l.handle(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		}
		l.wake()
		l.answer(nothing()) // tasks of workers that it lost may come back in a lease from now
		wantLeaves(t, l, l.now.Sub(epoch)+90*time.Second)
	})
	t.Run("a freeze", func(t *testing.T) {
		l := begin()
		l.answer(nothing())
		l.after(time.Hour, Woken{})
		l.answer(nothing())
		wantLeaves(t, l, time.Hour+90*time.Second)
	})
	t.Run("never", func(t *testing.T) {
		l := newDriver(t, 1)
		l.handle(Started{})
		l.answer(nothing())
		if l.waitUntil(time.Hour).GetDraining() {
			t.Error("a worker without an idle time-out leaves")
		}
	})
	t.Run("not longer than the lease", func(t *testing.T) {
		l := begin()
		answer := grant("a")
		answer.LeaseTerm = durationpb.New(90 * time.Second)
		l.answer(answer)
		if names := reportNames(l.call()); !slices.Equal(names, []string{"a"}) {
			t.Errorf("hands back %v, want what the same response granted", names)
		}
		l.answer(verdict("a"))
		if l.code != protocol.ExitUsage {
			t.Errorf("exit code %d, want %d", l.code, protocol.ExitUsage)
		}
	})
}
