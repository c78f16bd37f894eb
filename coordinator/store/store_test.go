package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, now func() time.Time) queue.Store {
		return store.Memory(store.WithClock(now))
	})
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, openSQLite)
}

func openSQLite(t testing.TB, now func() time.Time) queue.Store {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "sweep.db"), store.WithClock(now))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
