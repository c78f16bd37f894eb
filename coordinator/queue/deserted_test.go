package queue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
)

// TestNobodyReadsWhatADesertedCallWrites leaves every call before it has run. Only
// the race detector can see what is wrong then.
func TestNobodyReadsWhatADesertedCallWrites(t *testing.T) {
	inner := memory(time.Now)
	if _, err := queue.New(inner, queue.Policy{}).Plan(context.Background(), storetest.Sweep("A"), storetest.Stream(storetest.Plan(0, 3, 10))); err != nil {
		t.Fatal(err)
	}
	s := &deserted{Store: inner}
	q := queue.New(s, queue.Policy{})
	ctx := context.Background()
	all := queue.Selection{Sweep: "A"}
	process := queue.Process{ID: "worker", Slots: 1, Numerics: storetest.Sweep("A").Numerics, KernelClass: storetest.Sweep("A").KernelClass}
	sync := queue.SyncRequest{Process: process, Sequence: 1, FreeSlots: 1}
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"plan", func() error {
			_, err := q.Plan(ctx, storetest.Sweep("B"), storetest.Stream(storetest.Plan(0, 3, 10)))
			return err
		}},
		{"plan again", func() error {
			again := storetest.Sweep("A")
			again.Digest = "of another plan"
			_, err := q.Plan(ctx, again, storetest.Stream(storetest.Plan(0, 3, 10)))
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
			t.Errorf("%s: no error, though the store was deserted", c.name)
		}
		s.calls.Wait()
	}
}

// deserted is a store whose caller leaves at once. The call runs all the same.
type deserted struct {
	queue.Store
	calls sync.WaitGroup
}

func (d *deserted) Update(_ context.Context, call func(queue.Tx) error) error {
	d.calls.Go(func() { _ = d.Store.Update(context.Background(), call) })
	return context.Canceled
}

func (d *deserted) View(_ context.Context, call func(queue.Tx) error) error {
	d.calls.Go(func() { _ = d.Store.View(context.Background(), call) })
	return context.Canceled
}
