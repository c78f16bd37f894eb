package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/deploy/needs"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(victimPath); path != "" {
		victim(path)
	}
	goleak.VerifyTestMain(m)
}

func openMemory(_ testing.TB, now func() time.Time) queue.Store {
	return queuetest.Memory(now)
}

func openSQLite(t testing.TB, now func() time.Time) queue.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "sweep.db"), store.WithClock(now))
}

func open(t testing.TB, path string, opts ...store.Option) queue.Store {
	t.Helper()
	s, err := store.Open(context.Background(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMemory checks the contract alone. Package queue runs the scenarios of the rules on
// the store in memory.
func TestMemory(t *testing.T) { storetest.Run(t, openMemory) }

func TestSQLite(t *testing.T) { runAll(t, openSQLite) }

// runAll tests the contract of queue.Store and the rules of package queue.
func runAll(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	storetest.Run(t, open)
	queuetest.Run(t, open)
}

// TestSQLiteFailingCalls makes the first calls of every transaction fail and roll back.
func TestSQLiteFailingCalls(t *testing.T) {
	needs.NoRaceDetector(t, "ten times slower, with one goroutine at a time")
	runAll(t, func(t testing.TB, now func() time.Time) queue.Store {
		return queuetest.FailingCalls(t, openSQLite(t, now), 4)
	})
}

// twice returns one store for two coordinators.
func twice(s queue.Store) [2]queue.Store { return [2]queue.Store{s, s} }

func TestMemoryShared(t *testing.T) {
	storetest.RunShared(t, func(t testing.TB, now func() time.Time) [2]queue.Store { return twice(openMemory(t, now)) })
}

func TestSQLiteShared(t *testing.T) {
	storetest.RunShared(t, func(t testing.TB, now func() time.Time) [2]queue.Store { return twice(openSQLite(t, now)) })
}
