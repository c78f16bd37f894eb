package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func memory(now func() time.Time) queue.Store { return queuetest.Memory(now) }

// TestScenarios runs the scenarios that every store passes, too.
func TestScenarios(t *testing.T) {
	queuetest.Run(t, func(_ testing.TB, now func() time.Time) queue.Store { return memory(now) })
}

// TestScenariosWithinClaims checks that no rule touches anything outside its claim.
func TestScenariosWithinClaims(t *testing.T) {
	queuetest.Run(t, func(t testing.TB, now func() time.Time) queue.Store { return queuetest.Confined(t, memory(now)) })
}

// TestScenariosWithFailingCalls makes every call to the store fail once before it
// succeeds, as if the coordinator were killed there.
func TestScenariosWithFailingCalls(t *testing.T) {
	queuetest.Run(t, func(t testing.TB, now func() time.Time) queue.Store {
		return queuetest.FailingCalls(t, memory(now), 80)
	})
}

// TestAbandonedCallsDoNotRace returns from every call before it has run. Only the race
// detector can see a fault.
func TestAbandonedCallsDoNotRace(t *testing.T) {
	inner := memory(time.Now)
	if _, err := queue.New(inner, queue.Policy{}).Plan(context.Background(), queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 3, 10))); err != nil {
		t.Fatal(err)
	}
	s := &abandoning{Store: inner}
	q := queue.New(s, queue.Policy{})
	ctx := context.Background()
	all := queue.Selection{Sweep: "A"}
	process := queue.Process{ID: "worker", Slots: 1, Numerics: queuetest.Sweep("A").Numerics, KernelClass: queuetest.Sweep("A").KernelClass}
	sync := queue.SyncRequest{Process: process, Sequence: 1, FreeSlots: 1}
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"plan", func() error {
			_, err := q.Plan(ctx, queuetest.Sweep("B"), queuetest.Stream(queuetest.Plan(0, 3, 10)))
			return err
		}},
		{"plan again", func() error {
			again := queuetest.Sweep("A")
			again.Digest = "of another plan"
			_, err := q.Plan(ctx, again, queuetest.Stream(queuetest.Plan(0, 3, 10)))
			return err
		}},
		{"sync", func() error { _, err := q.Sync(ctx, sync); return err }},
		{"would wait", func() error { _, err := q.WouldWait(ctx, sync); return err }},
		{"retry", func() error { _, err := q.Retry(ctx, queue.RetryRequest{Selection: all}); return err }},
		{"cancel", func() error { _, _, err := q.Cancel(ctx, all); return err }},
		{"verify", func() error { _, err := q.Verify(ctx, queue.VerifyRequest{Selection: all, Share: 1}); return err }},
		{"drain", func() error { _, err := q.Drain(ctx, queue.DrainRequest{}); return err }},
		{"tick", func() error { return q.Tick(ctx) }},
		{"status", func() error { _, err := q.Status(ctx, "A"); return err }},
		{"sweeps", func() error { _, err := q.Sweeps(ctx); return err }},
		{"find", func() error { _, err := q.Find(ctx, "A"); return err }},
		{"rows", func() (err error) {
			for _, err = range q.Rows(ctx, "A") {
				if err != nil {
					break
				}
			}
			return err
		}},
		{"delete", func() error { return q.Delete(ctx, "A") }},
	} {
		if err := c.call(); err == nil {
			t.Errorf("%s: no error from an abandoned call", c.name)
		}
		s.calls.Wait()
	}
}

// abandoning is a store whose methods return before the call has run.
type abandoning struct {
	queue.Store
	calls sync.WaitGroup
}

func (d *abandoning) Update(_ context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	d.calls.Go(func() { _ = d.Store.Update(context.Background(), claim, call) })
	return context.Canceled
}

func (d *abandoning) View(_ context.Context, call func(queue.Tx) error) error {
	d.calls.Go(func() { _ = d.Store.View(context.Background(), call) })
	return context.Canceled
}

// failing is a store whose next Updates return errs.
type failing struct {
	queue.Store
	errs []error
}

func (u *failing) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	if len(u.errs) > 0 {
		err := u.errs[0]
		u.errs = u.errs[1:]
		return err
	}
	return u.Store.Update(ctx, claim, call)
}

// TestWarnings checks that a failed commit leads to a warning, and that the warning of a
// partial fault remains while small commits succeed, until none has failed for a while.
func TestWarnings(t *testing.T) {
	ctx := t.Context()
	s := &failing{Store: queuetest.Memory(time.Now)}
	q := queue.New(s, queue.Policy{})
	want := func(when string, n int, texts ...string) {
		t.Helper()
		for range n {
			if err := q.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if got := q.Warnings(); !slices.Equal(got, texts) {
			t.Errorf("%s: warnings %q, want %q", when, got, texts)
		}
	}
	fails := func(err error) {
		t.Helper()
		s.errs = append(s.errs, err)
		if got := q.PutRecording(ctx, "digest", nil); !errors.Is(got, queue.ErrUnavailable) {
			t.Errorf("call: %v", got)
		}
	}
	full := &queue.StoreError{Advice: "the disk is full", Err: errors.New("commit to sweep.db: the disk is full"), Partial: true}
	const says = "the store is not available: commit to sweep.db: the disk is full"
	want("at first", 1)
	fails(full)
	want("a full disk", 0, says)
	want("a small commit", 14, says)
	fails(&queue.StoreError{Advice: full.Advice, Err: errors.New("begin a transaction"), Partial: true})
	want("the same in other words", 15, says)
	want("after a while", 1)

	fails(&queue.StoreError{Err: errors.New("connection refused")})
	want("another", 0, "the store is not available: connection refused")
	want("a commit later", 1)

	fails(fmt.Errorf("%w: the plan took too long", queue.ErrUnavailable))
	want("no fault of the store", 0)
}

func TestPublicReason(t *testing.T) {
	err := fmt.Errorf("tick: %w", &queue.StoreError{Advice: "the disk is full", Err: errors.New("commit to /secret: the disk is full")})
	if got, want := queue.PublicReason(err), "the store is not available: the disk is full"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := queue.PublicReason(fmt.Errorf("%w: /secret", queue.ErrUnavailable)); got != queue.ErrUnavailable.Error() {
		t.Errorf("%q", got)
	}
}
