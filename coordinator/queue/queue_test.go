package queue_test

import (
	"flag"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest"
)

func TestMain(m *testing.M) {
	// A life of the model has this many steps; a flag on the command line wins.
	if err := flag.Set("rapid.steps", "100"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func memory(now func() time.Time) queue.Store { return store.Memory(store.WithClock(now)) }

// TestLives are whole lives of sweeps, the suite that every store passes too.
func TestLives(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, now func() time.Time) queue.Store { return memory(now) })
}

// TestLivesWithinClaims lives the same lives, and no rule leaves its claim.
func TestLivesWithinClaims(t *testing.T) {
	storetest.Run(t, func(t testing.TB, now func() time.Time) queue.Store { return storetest.Confined(t, memory(now)) })
}

// TestModel lives random lives, with lost messages, failing commits, dying
// processes and jumping clocks.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		storetest.Model(t, func(now func() time.Time) queue.Store { return storetest.Confined(t, memory(now)) })
	})
}

// TestLivesOnAStubbornStore lives the same lives while every call to the store
// fails before it works: as if the coordinator were killed there.
func TestLivesOnAStubbornStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB, now func() time.Time) queue.Store {
		return storetest.Stubborn(t, memory(now), 80)
	})
}
