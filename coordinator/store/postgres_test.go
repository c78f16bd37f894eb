package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
)

// reusePostgres returns a function that opens an empty store. Each call empties the same
// store, since opening one takes longer than most scenarios.
func reusePostgres(t *testing.T) func(testing.TB, func() time.Time) queue.Store {
	t.Helper()
	database := postgres.Database(t)
	clock := time.Now
	s := open(t, database, store.WithClock(func() time.Time { return clock() }))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(t testing.TB, now func() time.Time) queue.Store {
		t.Helper()
		postgres.Empty(t, database)
		clock = now
		return &reusedStore{Store: s}
	}
}

// reusedStore behaves as if closed after Close, but leaves its store open.
type reusedStore struct {
	queue.Store
	closed bool
}

func (r *reusedStore) Close() error {
	r.closed = true
	return nil
}

func (r *reusedStore) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	if r.closed {
		return queue.ErrUnavailable
	}
	return r.Store.Update(ctx, claim, call)
}

func (r *reusedStore) View(ctx context.Context, call func(queue.Tx) error) error {
	if r.closed {
		return queue.ErrUnavailable
	}
	return r.Store.View(ctx, call)
}

func TestPostgres(t *testing.T) { runAll(t, reusePostgres(t)) }

// TestPostgresShared has two coordinators with separate connections.
func TestPostgresShared(t *testing.T) {
	database := postgres.Database(t)
	open(t, database).Close()
	storetest.RunShared(t, func(t testing.TB, now func() time.Time) [2]queue.Store {
		postgres.Empty(t, database)
		return [2]queue.Store{open(t, database, store.WithClock(now)), open(t, database, store.WithClock(now))}
	})
}

// TestPostgresFailingCalls makes the first calls of every transaction fail and roll back.
func TestPostgresFailingCalls(t *testing.T) {
	needs.NoRaceDetector(t, "ten times slower, with one goroutine at a time")
	openPostgres := reusePostgres(t)
	runAll(t, func(t testing.TB, now func() time.Time) queue.Store {
		return queuetest.FailingCalls(t, openPostgres(t, now), 2)
	})
}

func TestPostgresClosed(t *testing.T) {
	s := open(t, postgres.Database(t))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Update(ctx, nil, func(queue.Tx) error { return nil }); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("after closing: %v: want %v", err, queue.ErrUnavailable)
	}
}

// TestPostgresManyLeases has a process hold more leases than a transaction caches.
func TestPostgresManyLeases(t *testing.T) {
	needs.NoRaceDetector(t, "ten times slower, with one goroutine at a time")
	const leases = 4200
	s := open(t, postgres.Database(t))
	t.Cleanup(func() { s.Close() })
	q := queue.New(s, queue.Policy{BatchCost: time.Hour, MaxBatch: leases})
	if _, err := q.Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, leases, 0))); err != nil {
		t.Fatal(err)
	}
	worker := queue.Process{ID: "worker", Slots: 1, Numerics: sweep.Numerics, KernelClass: queuetest.KernelClass}
	for sequence := range uint64(2) { // the second call has not received the first answer
		answer, err := q.Sync(ctx, queue.SyncRequest{Process: worker, Sequence: sequence + 1, FreeSlots: 1})
		if err != nil || len(answer.Assignments) != leases {
			t.Fatalf("call %d: %d assignments, %v: want %d", sequence+1, len(answer.Assignments), err, leases)
		}
	}
}
