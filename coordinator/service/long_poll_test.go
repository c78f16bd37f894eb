package service_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func TestIdleWorkerWaitsForWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		lease := b.lease("first")
		idle := &spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1}

		start := time.Now()
		answer := b.sync(idle)
		if waited := time.Since(start); waited != 0 || answer.GetDone() || len(answer.GetAssignments()) > 0 {
			t.Errorf("the first answer after %v is %v, want an empty one immediately: the process is new", waited, answer)
		}
		idle.Sequence = 2
		answer = b.sync(idle)
		if waited := time.Since(start); waited != protocol.LongPoll || answer.GetDone() || len(answer.GetAssignments()) > 0 {
			t.Errorf("answer after %v is %v, want an empty one after %v", waited, answer, protocol.LongPoll)
		}

		// The first worker hands its task back while the second waits.
		idle.Sequence = 3
		answered := make(chan *spiqsweepv1.SyncResponse)
		go func() { answered <- b.sync(idle) }()
		time.Sleep(3 * time.Second)
		start = time.Now()
		b.sync(&spiqsweepv1.SyncRequest{
			Process: process("first", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease}}, Draining: true,
			Reports: []*spiqsweepv1.Report{{Lease: lease, Outcome: &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: "leaving"}}}},
		})
		answer = <-answered
		if waited := time.Since(start); waited != 0 || len(answer.GetAssignments()) != 1 || answer.GetAssignments()[0].GetLease().GetAttempt() != 2 {
			t.Errorf("answer after %v is %v, want attempt 2 immediately", waited, answer)
		}
	})
}

// TestLongPollIsShorterThanTheLeaseTerm checks that an idle worker does not expire while it
// waits.
func TestLongPollIsShorterThanTheLeaseTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const term = 3 * time.Second
		b := newFixtureOf(t, queue.Policy{LeaseTerm: term}, 1)
		b.lease("first")
		b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1})
		start := time.Now()
		b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 2, FreeSlots: 1})
		if waited := time.Since(start); waited != term/3 {
			t.Errorf("the answer came after %v, want %v", waited, term/3)
		}
	})
}

func TestStopEndsLongPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		b.lease("first")
		b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1})
		answered := make(chan error)
		go func() {
			_, err := b.worker.Sync(t.Context(), &spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 2, FreeSlots: 1})
			answered <- err
		}()
		time.Sleep(time.Second)
		start := time.Now()
		b.server.Stop(t.Context())
		if err := <-answered; err != nil {
			t.Errorf("the idle worker got %v, want an answer", err)
		}
		if waited := time.Since(start); waited >= protocol.LongPoll {
			t.Errorf("Stop took %v", waited)
		}
	})
}

func TestWaitForWorkersWaitsForTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		lease := b.lease("first")
		b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1}) // no free slot, so it does not wait
		body := resultBody(t)
		b.sync(&spiqsweepv1.SyncRequest{
			Process: process("first", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease}},
			Reports: []*spiqsweepv1.Report{resultReport(lease, packed(t, body), sweep.Digest(body))},
		})
		go func() {
			time.Sleep(4 * time.Second)
			b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 2})
		}()
		start := time.Now()
		b.server.WaitForWorkers(t.Context())
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("WaitForWorkers took %v, want 4s, when the second worker calls", waited)
		}
		b.server.WaitForWorkers(t.Context())
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("a second WaitForWorkers took %v, want no time", waited-4*time.Second)
		}
	})
}

func TestWaitForWorkersSkipsExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		b.lease("killed")
		start := time.Now()
		b.server.WaitForWorkers(t.Context())
		if waited := time.Since(start); waited != 60*time.Second {
			t.Errorf("WaitForWorkers took %v, want the lease term, %v", waited, 60*time.Second)
		}
		b.sync(&spiqsweepv1.SyncRequest{Process: process("other", 1), Sequence: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		b.server.WaitForWorkers(ctx)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("WaitForWorkers took %v, want 1s, the time-out of its context", waited)
		}
	})
}

// TestLongPollCountsAgainstTheTimeLeft has a task of 60 s come back while a worker waits, which
// had 61 s left when it called.
func TestLongPollCountsAgainstTheTimeLeft(t *testing.T) {
	for returned, fits := range map[time.Duration]bool{500 * time.Millisecond: true, 3 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			b := newFixture(t, 1)
			lease := b.lease("first")
			waits := &spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1, TimeLeft: durationpb.New(61 * time.Second)}
			b.sync(waits)
			waits.Sequence = 2
			answered := make(chan *spiqsweepv1.SyncResponse)
			go func() { answered <- b.sync(waits) }()
			time.Sleep(returned)
			b.sync(&spiqsweepv1.SyncRequest{
				Process: process("first", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease}}, Draining: true,
				Reports: []*spiqsweepv1.Report{{Lease: lease, Outcome: &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: "leaving"}}}},
			})
			answer := <-answered
			if granted := len(answer.GetAssignments()) == 1; granted != fits || answer.GetNoneFits() == fits {
				t.Errorf("the task came back after %v: %v", returned, answer)
			}
			waits.Sequence, waits.TimeLeft = 3, durationpb.New(-time.Second)
			if answer := b.sync(waits); !fits && !answer.GetNoneFits() {
				t.Errorf("a worker whose time is over: %v", answer)
			}
		})
	}
}
