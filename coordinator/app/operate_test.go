package app_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/needs"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func TestFailedTasksAreReopened(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	p := &fakeWorkers{act: failing}
	c := config(t, fourConfigurations, p)
	_, last := runToEnd(t, c)
	if want := (queue.Counts{Planned: 4, Failed: 4}); last.Counts != want || last.Incomplete() != 4 {
		t.Errorf("progress is %+v, want %+v", last.Counts, want)
	}
	if got := columns(t, c.Out, "attempts.csv", "outcome", "message", "log"); len(got) != 8 || got[0] != "failed NaN step 3: NaN" {
		t.Errorf("attempts.csv: %q", got)
	}
	place := app.Place{Out: c.Out}
	status, err := place.Status(t.Context(), "")
	if err != nil || status.Running || len(status.Failed) != 4 || status.Failed[0].Reason == "" {
		t.Errorf("status is %v, %v", status, err)
	}
	if reopened, err := place.Retry(t.Context(), queue.Selection{}, false); err != nil || reopened != 4 {
		t.Errorf("%d tasks reopened, %v", reopened, err)
	}
	p.act = nil
	_, last = runToEnd(t, c)
	if last.Counts.Done != 4 {
		t.Errorf("%d tasks done after a retry, want 4", last.Counts.Done)
	}
}

func TestStatusAndRetryThroughTheCoordinator(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{act: failing})
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	ran := make(chan error)
	a.Local = 0
	go func() {
		_, err := a.Run(ctx)
		ran <- err
	}()
	place := app.Place{Out: c.Out}
	answer, running, err := place.Ask(t.Context())
	if err != nil || !running || answer.Tasks.Pending != 4 {
		t.Errorf("the coordinator answers %v, %v, %v", answer, running, err)
	}
	if reopened, err := place.Retry(t.Context(), queue.Selection{}, false); err != nil || reopened != 0 {
		t.Errorf("%d tasks reopened, %v", reopened, err)
	}
	interrupt()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want Canceled", err)
	}
}

// TestAGivenStoreHasPriority checks that commands read and change the given store even if a
// coordinator runs in the output folder.
func TestAGivenStoreHasPriority(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	finished := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, finished)
	runs, running, stop := runForOthers(t)
	defer runs.Close()
	defer stop()
	given := filepath.Join(finished.Out, "sweep.db")

	alone := app.Place{Store: given}
	status, err := alone.Status(t.Context(), "")
	if err != nil || status.Running || status.Sweep != sweepOf(t, finished.Out) || status.Tasks.Done != 4 {
		t.Errorf("the store's only sweep: %v, asked %v, %v", status, status.Running, err)
	}
	if _, err := alone.Delete(t.Context(), ""); !errors.Is(err, app.ErrNoName) {
		t.Errorf("delete a sweep that is not named: %v, want ErrNoName", err)
	}

	both := app.Place{Out: running.Out, Store: given}
	if cancelled, _, err := both.Cancel(t.Context(), queue.Selection{}); !errors.Is(err, queue.ErrUnknown) || cancelled != 0 {
		t.Errorf("%d tasks cancelled, %v: the folder's sweep is not in the given store", cancelled, err)
	}
	if status, err := (app.Place{Out: running.Out}).Status(t.Context(), ""); err != nil || status.Tasks.Failed != 0 {
		t.Errorf("the sweep that runs: %v, %v", status, err)
	}
}

// sweepOf reads the identity of a folder's sweep.
func sweepOf(t *testing.T, folder string) string {
	body, err := os.ReadFile(filepath.Join(folder, "sweep.id"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

func TestEstimateOmitsFinishedTasks(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	_, before, err := app.Preview(t.Context(), c, nil)
	if err != nil || before.Finished != 0 || before.Seconds <= 0 || before.Tasks != 4 {
		t.Errorf("estimate is %+v, %v", before, err)
	}
	if _, err := os.Stat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an estimate created the output folder (%v)", err)
	}
	runToEnd(t, c)
	_, after, err := app.Preview(t.Context(), c, nil)
	if err != nil || after.Finished != 4 || after.Seconds != 0 {
		t.Errorf("estimate is %+v, %v", after, err)
	}
}

func TestAFolderKeepsTheAddressOfItsStore(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Store = filepath.Join(t.TempDir(), "other.db")
	runToEnd(t, c)
	if _, err := os.Stat(filepath.Join(c.Out, "sweep.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a store in the folder (%v)", err)
	}
	info, err := os.Stat(filepath.Join(c.Out, "store.url"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("store.url: %v, %v", info, err)
	}
	status, err := app.Place{Out: c.Out}.Status(t.Context(), "")
	if err != nil || status.Running || status.Tasks.Done != 4 {
		t.Errorf("status is %v, %v, %v", status, status.Running, err)
	}
	c.Store = ""
	if a, last := runToEnd(t, c); !a.Resumed || last.Gained != 0 || last.Counts.Done != 4 {
		t.Errorf("resumed is %v, %d tasks were done again", a.Resumed, last.Gained)
	}
}

// TestCommandsOnADeletedSweep checks that all commands report the deletion, in the store
// and at a remote coordinator.
func TestCommandsOnADeletedSweep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]app.Config{
		"here":      config(t, fourConfigurations, &fakeWorkers{}),
		"submitted": submitted(t, fourConfigurations, serving(t, &fakeWorkers{})),
	} {
		runToEnd(t, c)
		place := app.Place{Out: c.Out}
		if _, err := place.Retry(t.Context(), queue.Selection{Tasks: []sweep.TaskID{"0000"}}, false); !isInput(err, `there is no task "0000"`) {
			t.Errorf("%s: retry of an unknown task: %v", name, err)
		}
		if _, err := place.Delete(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		_, ofStatus := place.Status(t.Context(), "")
		_, ofRetry := place.Retry(t.Context(), queue.Selection{}, false)
		_, _, ofCancel := place.Cancel(t.Context(), queue.Selection{})
		_, ofDelete := place.Delete(t.Context(), "")
		_, ofVerify := place.Verify(t.Context(), app.Verifier{})
		for command, err := range map[string]error{
			"status": ofStatus, "retry": ofRetry, "cancel": ofCancel, "delete": ofDelete, "verify": ofVerify,
		} {
			if !isInput(err, "its sweep was deleted: run the grid again") {
				t.Errorf("%s: error of %s is %v", name, command, err)
			}
		}
	}
}

func TestASweepIsDeletedWhileItRuns(t *testing.T) {
	t.Parallel()
	stuck := func() *fakeWorkers {
		return &fakeWorkers{act: func(sweep.Configuration) *spiqsweepv1.Report { return nil }}
	}
	for name, c := range map[string]app.Config{
		"here":      config(t, fourConfigurations, stuck()),
		"submitted": submitted(t, fourConfigurations, serving(t, stuck())),
	} {
		remove := sync.OnceFunc(func() {
			if _, err := (app.Place{Out: c.Out}).Delete(t.Context(), ""); err != nil {
				t.Errorf("%s: delete: %v", name, err)
			}
		})
		c.Follow = func(app.Progress) { remove() }
		a, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Run(t.Context())
		if want := "the sweep of " + c.Out + " was deleted during the run: run the grid again with --replace to start anew"; !isInput(err, "") || err.Error() != want {
			t.Errorf("%s: error is %v, want %s", name, err, want)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAServerWithoutASweep checks that commands say how to submit a sweep to it, whether it
// runs or not.
func TestAServerWithoutASweep(t *testing.T) {
	t.Parallel()
	c := host.ServerConfig{Options: config(t, fourConfigurations, &fakeWorkers{}).Options, KernelClass: kernel.Class, Out: filepath.Join(t.TempDir(), "it's")}
	c.Local = 0
	ended, err := host.OpenServer(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		place, want := app.Place{Out: c.Out}, "no sweep yet: submit one with `"+
			folder.CommandLine("coordinator", "--grid", "sweep.hcl", "--coordinator", filepath.Join(c.Out, "operator.json"))+"`"
		if _, err := place.Status(t.Context(), ""); !isInput(err, want) {
			t.Errorf("error of status is %v, want %s", err, want)
		}
		if _, err := place.Retry(t.Context(), queue.Selection{}, false); !isInput(err, want) {
			t.Errorf("error of retry is %v, want %s", err, want)
		}
	}
	if err := ended.Close(); err != nil {
		t.Fatal(err)
	}
	check()
	serve(t, c)
	check()
}
