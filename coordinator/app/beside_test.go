package app_test

import (
	"testing"
	"time"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/store/storetest/postgres"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// TestAnotherCoordinatorOfTheStoreIsNoticed by the workers that call it, from the
// folder of one that has ended.
func TestAnotherCoordinatorOfTheStoreIsNoticed(t *testing.T) {
	t.Parallel()
	database := postgres.Database(t)
	c := config(t, fourCells, &puppets{act: func(sweep.Configuration) *spiqsweepv1.Report { return nil }})
	c.Store, c.Listen, c.Policy.LeaseTerm = database, "127.0.0.1:0", time.Minute
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	place := app.Place{Out: c.Out}
	if served, err := place.Beside(t.Context(), ""); err != nil || served {
		t.Errorf("served by another: %v, %v, want false", served, err)
	}
	s := app.ServerConfig{Hosting: c.Hosting, KernelClass: kernel.Class, Out: t.TempDir()}
	serve(t, s)
	for {
		status, running, err := place.Status(t.Context(), "")
		if err != nil || running {
			t.Fatalf("the folder's coordinator runs: %v, %v", running, err)
		}
		if status.GetCounts().GetLeased() > 0 {
			break
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no worker came")
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, word := range []string{"", "four"} {
		if served, err := place.Beside(t.Context(), word); err != nil || !served {
			t.Errorf("%q is served by another: %v, %v, want true", word, served, err)
		}
	}
}

func TestAFileHasOneCoordinator(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	played(t, c)
	if served, err := (app.Place{Out: c.Out}).Beside(t.Context(), ""); err != nil || served {
		t.Errorf("served by another: %v, %v", served, err)
	}
}
