package app_test

import (
	"testing"
	"time"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/store/storetest/postgres"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// TestAnotherCoordinatorOfTheStoreIsNoticed checks that a folder whose coordinator has
// ended finds the other one by the workers that call it.
func TestAnotherCoordinatorOfTheStoreIsNoticed(t *testing.T) {
	t.Parallel()
	database := postgres.Database(t)
	c := config(t, fourConfigurations, &fakeWorkers{act: func(sweep.Configuration) *spiqsweepv1.Report { return nil }})
	c.Store, c.Listen, c.Policy.LeaseTerm = database, "127.0.0.1:0", time.Minute
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	place := app.Place{Out: c.Out}
	if status, err := place.Status(t.Context(), ""); err != nil || status.ServedByAnother {
		t.Errorf("served by another: %v, %v, want false", status.ServedByAnother, err)
	}
	s := host.ServerConfig{Options: c.Options, KernelClass: kernel.Class, Out: t.TempDir()}
	serve(t, s)
	for {
		status, err := place.Status(t.Context(), "")
		if err != nil || status.Running {
			t.Fatalf("the folder's coordinator runs: %v, %v", status.Running, err)
		}
		if status.Tasks.Running > 0 {
			break
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no worker came")
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, name := range []string{"", "four"} {
		if status, err := place.Status(t.Context(), name); err != nil || !status.ServedByAnother {
			t.Errorf("%q is served by another: %v, %v, want true", name, status.ServedByAnother, err)
		}
	}
}

func TestAFileHasOneCoordinator(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, c)
	if status, err := (app.Place{Out: c.Out}).Status(t.Context(), ""); err != nil || status.ServedByAnother {
		t.Errorf("served by another: %v, %v", status.ServedByAnother, err)
	}
}
