package store_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/coordinator/store/storetest/postgres"
)

// onPostgres opens empty stores on one database, one after the other.
func onPostgres(t *testing.T) func(testing.TB, func() time.Time) queue.Store {
	t.Helper()
	database := postgres.Database(t)
	open(t, database).Close() // makes the tables
	return func(t testing.TB, now func() time.Time) queue.Store {
		t.Helper()
		postgres.Empty(t, database)
		return open(t, database, store.WithClock(now))
	}
}

func TestPostgres(t *testing.T) { storetest.Run(t, onPostgres(t)) }

// TestPostgresShared has two coordinators, each with connections of its own.
func TestPostgresShared(t *testing.T) {
	database := postgres.Database(t)
	open(t, database).Close()
	storetest.RunShared(t, func(t testing.TB, now func() time.Time) [2]queue.Store {
		postgres.Empty(t, database)
		return [2]queue.Store{open(t, database, store.WithClock(now)), open(t, database, store.WithClock(now))}
	})
}

// TestPostgresModel lives random lives on PostgreSQL with the memory store beside it.
func TestPostgresModel(t *testing.T) {
	if racing {
		t.Skip("skipped: one goroutine at a time, slowly")
	}
	set(t, "rapid.checks", "8")
	set(t, "rapid.steps", "50")
	openPostgres := onPostgres(t)
	rapid.Check(t, func(rt *rapid.T) {
		storetest.Model(rt, func(now func() time.Time) queue.Store {
			return storetest.Twin(rt, openMemory(t, now), openPostgres(t, now))
		})
	})
}

// TestPostgresStubborn fails the first calls of every transaction, and rolls them back.
func TestPostgresStubborn(t *testing.T) {
	if racing {
		t.Skip("skipped: one goroutine at a time, slowly")
	}
	openPostgres := onPostgres(t)
	storetest.Run(t, func(t testing.TB, now func() time.Time) queue.Store {
		return storetest.Stubborn(t, openPostgres(t, now), 2)
	})
}
