package simulate_test

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/deploy/simulate"
)

var storeSeeds = flag.Int("store-seeds", 3, "run this many histories on each real store")

func TestSQLite(t *testing.T) {
	onStore(t, func() string { return filepath.Join(t.TempDir(), "sweep.db") })
}

func TestPostgreSQL(t *testing.T) {
	database := postgres.Database(t)
	onStore(t, func() string {
		postgres.Empty(t, database)
		return database
	})
}

// TestClaims runs histories in which no transaction may leave its claim.
func TestClaims(t *testing.T) {
	for seed := range uint64(10 * *storeSeeds) {
		s := simulate.Setup{Seed: seed + 1, Store: func(now func() time.Time) (queue.Store, error) {
			return queuetest.Confined(t, queuetest.Memory(now)), nil
		}}
		if outcome := run(t, s); outcome.Violation != nil || t.Failed() {
			t.Fatalf("seed %d: %v", s.Seed, outcome.Violation)
		}
	}
}

// onStore runs each history twice on a real store. Next to the memory store, both must
// give the same answer to every call of every transaction. Alone, the store must produce
// the same history as the memory store.
func onStore(t *testing.T, empty func() string) {
	open := func(now func() time.Time) (queue.Store, error) {
		return store.Open(context.Background(), empty(), store.WithClock(now))
	}
	for seed := range uint64(*storeSeeds) {
		twin := simulate.Setup{Seed: seed + 1, Store: func(now func() time.Time) (queue.Store, error) {
			real, err := open(now)
			if err != nil {
				return nil, err
			}
			return queuetest.Twin(t, queuetest.Memory(now), real), nil
		}}
		if outcome := run(t, twin); outcome.Violation != nil || t.Failed() {
			t.Fatalf("seed %d, next to the memory store: %v", twin.Seed, outcome.Violation)
		}
		s := simulate.Setup{Seed: seed + 1, Trace: true, Store: open}
		outcome := run(t, s)
		if outcome.Violation != nil {
			t.Fatalf("seed %d:\n%s\n%v", s.Seed, strings.Join(outcome.Trace, "\n"), outcome.Violation)
		}
		inMemory := run(t, simulate.Setup{Seed: s.Seed, Trace: true})
		for i, line := range outcome.Trace {
			if i >= len(inMemory.Trace) || line != inMemory.Trace[i] {
				t.Fatalf("seed %d, line %d of its history:\n%s\nin memory:\n%s", s.Seed, i, line, inMemory.Trace[min(i, len(inMemory.Trace)-1)])
			}
		}
	}
}
