package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
)

// unwell is a store whose next Updates fail.
type unwell struct {
	queue.Store
	errs []error
}

func (u *unwell) Update(ctx context.Context, call func(queue.Tx) error) error {
	if len(u.errs) > 0 {
		err := u.errs[0]
		u.errs = u.errs[1:]
		return err
	}
	return u.Store.Update(ctx, call)
}

// A failed commit is a warning from then on. One that says little about other commits
// remains while small ones succeed, until none has failed for a while.
func TestWarnings(t *testing.T) {
	ctx := t.Context()
	s := &unwell{Store: store.Memory()}
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
