package store_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
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
	return store.Memory(store.WithClock(now))
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

func TestMemory(t *testing.T) { storetest.Run(t, openMemory) }

func TestSQLite(t *testing.T) { storetest.Run(t, openSQLite) }

// TestSQLiteModel lives random lives on SQLite with the memory store beside it:
// whatever the two answer differently is a fault.
func TestSQLiteModel(t *testing.T) {
	needs.NoRaceDetector(t, "ten times slower, with one goroutine at a time")
	set(t, "rapid.checks", "12")
	set(t, "rapid.steps", "60")
	rapid.Check(t, func(rt *rapid.T) {
		storetest.Model(rt, func(now func() time.Time) queue.Store {
			return storetest.Twin(rt, openMemory(t, now), openSQLite(t, now))
		})
	})
}

// set gives a flag another value for one test, unless the command line has one.
func set(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	if f.Value.String() != f.DefValue {
		return
	}
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, f.DefValue) })
}

// TestSQLiteStubborn fails the first calls of every transaction, and rolls them back.
func TestSQLiteStubborn(t *testing.T) {
	needs.NoRaceDetector(t, "ten times slower, with one goroutine at a time")
	storetest.Run(t, func(t testing.TB, now func() time.Time) queue.Store {
		return storetest.Stubborn(t, openSQLite(t, now), 4)
	})
}

// twice is one store as the handles of two coordinators.
func twice(s queue.Store) [2]queue.Store { return [2]queue.Store{s, s} }

func TestMemoryShared(t *testing.T) {
	storetest.RunShared(t, func(t testing.TB, now func() time.Time) [2]queue.Store { return twice(openMemory(t, now)) })
}

func TestSQLiteShared(t *testing.T) {
	storetest.RunShared(t, func(t testing.TB, now func() time.Time) [2]queue.Store { return twice(openSQLite(t, now)) })
}
