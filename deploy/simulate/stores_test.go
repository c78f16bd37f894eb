package simulate_test

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/deploy/simulate"
)

var storeSeeds = flag.Int("store-seeds", 3, "live through so many histories on each real store")

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

// onStore lives through histories on a store that lasts. It is told the
// simulated time, so each must be what it is in memory: whatever the stores do
// differently shows.
func onStore(t *testing.T, empty func() string) {
	for seed := range uint64(*storeSeeds) {
		s := simulate.Setup{Seed: seed + 1, History: true, Store: func(now func() time.Time) (queue.Store, error) {
			return store.Open(context.Background(), empty(), store.WithClock(now))
		}}
		outcome := run(t, s)
		if outcome.Violation != nil {
			t.Fatalf("seed %d:\n%s\n%v", s.Seed, strings.Join(outcome.History, "\n"), outcome.Violation)
		}
		inMemory := run(t, simulate.Setup{Seed: s.Seed, History: true})
		for i, line := range outcome.History {
			if i >= len(inMemory.History) || line != inMemory.History[i] {
				t.Fatalf("seed %d, line %d of its history:\n%s\nin memory:\n%s", s.Seed, i, line, inMemory.History[min(i, len(inMemory.History)-1)])
			}
		}
	}
}
