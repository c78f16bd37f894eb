package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/deploy/needs"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// TestAnotherCoordinatorOfTheStoreIsNoticed checks that a folder whose coordinator has
// ended finds the other one by the workers that call it.
func TestAnotherCoordinatorOfTheStoreIsNoticed(t *testing.T) {
	t.Parallel()
	database := postgres.Database(t)
	c := config(t, fourConfigurations, &fakeWorkers{act: func(sweep.Configuration) *spiqsweepv1.Report { return nil }})
	c.Store, c.Listen = database, "127.0.0.1:0"
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

// TestArchivedFolder checks that the folder of an ended sweep is read, and refused for
// changes, where nothing in it can be changed.
func TestArchivedFolder(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, c)
	needs.Unwritable(t, c.Out)
	before := snapshot(t, c.Out)
	place := app.Place{Out: c.Out}
	if status, err := place.Status(t.Context(), ""); err != nil || status.Tasks.Done != 4 {
		t.Errorf("status: %d tasks done, %v, want 4", status.Tasks.Done, err)
	}
	if sweeps, err := place.List(t.Context()); err != nil || len(sweeps) != 1 {
		t.Errorf("list: %v, %v, want one sweep", sweeps, err)
	}
	if _, estimate, err := app.Preview(t.Context(), c, nil); err != nil || estimate.Finished != 4 {
		t.Errorf("preview: %d tasks finished, %v, want 4", estimate.Finished, err)
	}
	if done, running := readStored(t, c); done != 4 || running {
		t.Errorf("stored: %d tasks done, coordinator running: %v", done, running)
	}
	if _, err := place.Retry(t.Context(), queue.Selection{}, false); !isInput(err, "its files cannot be replaced: ") {
		t.Errorf("retry: %v, want an InputError with the reason", err)
	}
	if diff := cmp.Diff(before, snapshot(t, c.Out)); diff != "" {
		t.Errorf("the commands changed the folder: %s", diff)
	}
}

func TestUnfinished(t *testing.T) {
	for want, counts := range map[string]app.TaskCounts{
		"2 running, 9 queued at workers, 29 pending": {Planned: 40, Running: 2, Queued: 9, Pending: 29},
		"2 running, 0 pending":                       {Planned: 40, Done: 38, Running: 2},
	} {
		if got := counts.Unfinished(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
