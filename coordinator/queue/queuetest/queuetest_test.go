package queuetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

var ctx = context.Background()

func memory(now func() time.Time) queue.Store { return queuetest.Memory(now) }

// faults is a queuetest.TB that collects errors instead of failing a test.
type faults struct{ all []string }

func (f *faults) Helper() {}

func (f *faults) Errorf(format string, args ...any) {
	f.all = append(f.all, fmt.Sprintf(format, args...))
}

func (f *faults) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// TestConsistent checks that Consistent reports each planted inconsistency, and nothing for
// a consistent store.
func TestConsistent(t *testing.T) {
	var lease queue.Lease // of task 0, live
	done := queuetest.Task(1).ID
	changed := func(task sweep.TaskID, change func(*queue.Record)) func(queue.Tx) error {
		return func(tx queue.Tx) error {
			r, _, err := tx.Record(task)
			change(&r)
			return errors.Join(err, tx.PutRecord(r))
		}
	}
	attempt := func(change func(*queue.Attempt)) func(queue.Tx) error {
		return func(tx queue.Tx) error {
			a, _, err := tx.Attempt(lease)
			change(&a)
			return errors.Join(err, tx.PutAttempt(a))
		}
	}
	for want, plant := range map[string]func(queue.Tx) error{
		"":                                     func(queue.Tx) error { return nil },
		"the token is 7, there are 1 attempts": changed(queuetest.Task(0).ID, func(r *queue.Record) { r.Attempt = 7 }),
		"pardoned up to 9":                     changed(done, func(r *queue.Record) { r.Pardoned = 9 }),
		"is live, the phase is waiting":        changed(queuetest.Task(0).ID, func(r *queue.Record) { r.Phase = queue.Waiting }),
		"is leased, its newest attempt is":     changed(done, func(r *queue.Record) { r.Phase = queue.Leased }),
		"is done without a result":             changed(queuetest.Task(2).ID, func(r *queue.Record) { r.Phase = queue.Done }),
		"has diverged, its results are":        changed(done, func(r *queue.Record) { r.Phase = queue.Diverged }),
		"failed for 0 attempts":                changed(queuetest.Task(2).ID, func(r *queue.Record) { r.Phase = queue.Failed }),
		"backs off until":                      changed(queuetest.Task(2).ID, func(r *queue.Record) { r.Phase = queue.BackingOff }),
		"not before":                           changed(queuetest.Task(2).ID, func(r *queue.Record) { r.NotBefore = time.Unix(1, 0) }),
		"is exclusive without a loss":          changed(queuetest.Task(2).ID, func(r *queue.Record) { r.Exclusive = true }),
		"no attempt reported the accepted":     changed(done, func(r *queue.Record) { r.Accepted = "another" }),
		"an attempt was accepted: true":        changed(done, func(r *queue.Record) { r.Accepted = "" }),
		"ended at":                             attempt(func(a *queue.Attempt) { a.EndedAt = time.Unix(1, 0) }),
		"was accepted without a result":        attempt(func(a *queue.Attempt) { a.Outcome = queue.Accepted }),
		"the result lost is missing":           attempt(func(a *queue.Attempt) { a.Digest = "lost" }),
		"has no deadline":                      attempt(func(a *queue.Attempt) { a.Process = "ghost" }),
		"and has a checkpoint of step 3":       func(tx queue.Tx) error { return tx.PutCheckpoint(done, 3, nil) },
		"has a checkpoint of step 0":           func(tx queue.Tx) error { return tx.PutCheckpoint(lease.Task, 0, nil) },
		"has vanished":                         func(queue.Tx) error { return nil },
	} {
		fixture := queuetest.NewFixture(t, memory, queue.Policy{})
		fixture.Plan("A", queuetest.Plan(0, 3, 10))
		w := fixture.Worker(1)
		lease = w.Take()
		other := fixture.Worker(1)
		other.Sync()
		fixture.Plan("A", queuetest.Plan(0, 3, 10))
		drained := other.OnlyLease()
		other.Draining = true
		other.Sync(queuetest.Finished(drained, 0))
		if err := fixture.Store.Update(ctx, nil, plant); err != nil {
			t.Fatal(err)
		}
		planned := map[sweep.TaskID]bool{}
		if want == "has vanished" {
			planned["no such task"] = true
		}
		found := strings.Join(queuetest.Consistent(fixture.Store, planned), "\n")
		if (want == "") != (found == "") || !strings.Contains(found, want) {
			t.Errorf("planted %q, found %q", want, found)
		}
		if err := fixture.Store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTwin checks that a Twin reports a result that differs between its stores.
func TestTwin(t *testing.T) {
	clock := queuetest.NewClock()
	a, b := memory(clock.Now), memory(clock.Now)
	var f faults
	both := queuetest.Twin(&f, a, b)
	put := func(tx queue.Tx) error { return tx.PutRecording("digest", []byte("body")) }
	get := func(tx queue.Tx) error {
		_, _, err := tx.Recording("digest")
		return err
	}
	if err := errors.Join(both.Update(ctx, nil, put), both.View(ctx, get)); err != nil || len(f.all) > 0 {
		t.Fatalf("equal stores differ: %v, %v", f.all, err)
	}
	err := b.Update(ctx, nil, func(tx queue.Tx) error { return tx.PutRecording("digest", []byte("another")) })
	if err != nil {
		t.Fatal(err)
	}
	if err := both.View(ctx, get); err != nil || len(f.all) != 1 || !strings.Contains(f.all[0], "Recording") {
		t.Errorf("different stores do not differ: %v, %v", f.all, err)
	}
	if err := both.Close(); err != nil {
		t.Error(err)
	}
}

// TestFailingCalls checks that the store runs each transaction until it succeeds, and
// reports an error that the transaction did not return.
func TestFailingCalls(t *testing.T) {
	var f faults
	s := queuetest.FailingCalls(&f, memory(time.Now), 10)
	runs := 0
	err := s.Update(ctx, nil, func(tx queue.Tx) error {
		runs++
		for _, digest := range []string{"a", "b"} {
			if err := tx.PutRecording(digest, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || runs != 3 || len(f.all) > 0 {
		t.Errorf("%d runs, %v, %v", runs, err, f.all)
	}
	err = s.Update(ctx, nil, func(tx queue.Tx) error {
		_ = tx.PutRecording("c", nil) // swallowed
		return nil
	})
	if err != nil || len(f.all) != 1 {
		t.Errorf("a failure that was swallowed: %v, %v", err, f.all)
	}
}

// TestConfined checks that Confined reports each call outside the claim, and no other.
func TestConfined(t *testing.T) {
	claimed, other := queuetest.Task(0).ID, queuetest.Task(1).ID
	for name, c := range map[string]struct {
		leaves bool
		call   func(queue.Tx) error
	}{
		"its task":      {false, func(tx queue.Tx) error { return tx.PutRecord(queue.Record{Task: claimed}) }},
		"another task":  {true, func(tx queue.Tx) error { return tx.PutRecord(queue.Record{Task: other}) }},
		"its lease":     {false, func(tx queue.Tx) error { _, _, err := tx.Attempt(queue.Lease{Task: claimed}); return err }},
		"another lease": {true, func(tx queue.Tx) error { _, _, err := tx.Attempt(queue.Lease{Task: other}); return err }},
		"its attempt": {false, func(tx queue.Tx) error {
			return tx.PutAttempt(queue.Attempt{Lease: queue.Lease{Task: claimed}, Process: "P"})
		}},
		"another's attempt": {true, func(tx queue.Tx) error {
			return tx.PutAttempt(queue.Attempt{Lease: queue.Lease{Task: claimed}, Process: "Q"})
		}},
		"its process":      {false, func(tx queue.Tx) error { return tx.PutPresence(queue.Presence{Process: queue.Process{ID: "P"}}) }},
		"another process":  {true, func(tx queue.Tx) error { return tx.PutPresence(queue.Presence{Process: queue.Process{ID: "Q"}}) }},
		"another's leases": {true, func(tx queue.Tx) error { _, err := tx.HeldBy("Q"); return err }},
		"a checkpoint":     {true, func(tx queue.Tx) error { return tx.DeleteCheckpoint(other) }},
		"the processes":    {true, func(tx queue.Tx) error { _, err := tx.Present(time.Time{}); return err }},
		"the tick":         {true, func(tx queue.Tx) error { _, err := tx.Tick(time.Unix(1, 0)); return err }},
		"a sweep":          {true, func(tx queue.Tx) error { return tx.PutSweep(queuetest.Sweep("B")) }},
		"a turn":           {false, func(tx queue.Tx) error { return tx.SetTurn("A", 7) }},
		"what it was granted": {false, func(tx queue.Tx) error {
			s, _, e1 := tx.Sweep("A")
			next, e2 := tx.Next(s.Plan, false, time.Hour, 2)
			return errors.Join(e1, e2, tx.PutRecord(queue.Record{Task: next[1].Task}))
		}},
	} {
		var f faults
		fixture := queuetest.NewFixture(t, memory, queue.Policy{})
		fixture.Plan("A", queuetest.Plan(0, 3, 10))
		err := queuetest.Confined(&f, fixture.Store).Update(ctx, &queue.Claim{Process: "P", Tasks: []sweep.TaskID{claimed}}, c.call)
		if err != nil || (len(f.all) > 0) != c.leaves {
			t.Errorf("%s: leaves the claim: %v, %v: want %v", name, f.all, err, c.leaves)
		}
	}
}
