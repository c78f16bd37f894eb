package app_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
)

func TestFailingTasksAreSetAsideAndReopened(t *testing.T) {
	t.Parallel()
	p := &puppets{act: failing}
	c := config(t, fourCells, p)
	_, last := played(t, c)
	if want := (queue.Counts{Planned: 4, SetAside: 4}); last.Counts != want || last.Failed() != 4 {
		t.Errorf("progress is %+v, want %+v", last.Counts, want)
	}
	if got := columns(t, c.Out, "attempts.csv", "outcome", "message", "log"); len(got) != 12 || got[0] != "failed NaN step 3: NaN" {
		t.Errorf("attempts.csv: %q", got)
	}
	place := app.Place{Out: c.Out}
	status, running, err := place.Status(t.Context(), "")
	if err != nil || running || len(status.GetSetAside()) != 4 || status.GetSetAside()[0].GetReason() == "" {
		t.Errorf("status is %v, %v", status, err)
	}
	if reopened, err := place.Retry(t.Context(), queue.Selection{}, false); err != nil || reopened != 4 {
		t.Errorf("%d tasks reopened, %v", reopened, err)
	}
	p.act = nil
	_, last = played(t, c)
	if last.Counts.Done != 4 {
		t.Errorf("%d tasks done after a retry, want 4", last.Counts.Done)
	}
}

func TestStatusAndRetryThroughTheCoordinator(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{act: failing})
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
	if err != nil || !running || answer.GetCounts().GetPending() != 4 {
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

func TestEstimateKnowsWhatIsFinished(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	prepared, err := app.Prepare(c.Input)
	if err != nil {
		t.Fatal(err)
	}
	place := app.Place{Out: c.Out}
	before, err := prepared.Estimate(t.Context(), place)
	if err != nil || before.Finished != 0 || before.Seconds <= 0 || before.Tasks != 4 {
		t.Errorf("estimate is %+v, %v", before, err)
	}
	if _, err := os.Stat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an estimate made the output folder (%v)", err)
	}
	played(t, c)
	after, err := prepared.Estimate(t.Context(), place)
	if err != nil || after.Finished != 4 || after.Seconds != 0 {
		t.Errorf("estimate is %+v, %v", after, err)
	}
}

func TestAFolderRemembersItsStore(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	c.Store = filepath.Join(t.TempDir(), "elsewhere.db")
	played(t, c)
	if _, err := os.Stat(filepath.Join(c.Out, "sweep.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a store in the folder (%v)", err)
	}
	info, err := os.Stat(filepath.Join(c.Out, "store.url"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("store.url: %v, %v", info, err)
	}
	status, running, err := app.Place{Out: c.Out}.Status(t.Context(), "")
	if err != nil || running || status.GetCounts().GetDone() != 4 {
		t.Errorf("status is %v, %v, %v", status, running, err)
	}
	c.Store = ""
	if a, last := played(t, c); !a.Resumed || last.Gained != 0 || last.Counts.Done != 4 {
		t.Errorf("resumed is %v, %d tasks were done again", a.Resumed, last.Gained)
	}
}

func TestStatusOfWhatWasForgotten(t *testing.T) {
	t.Parallel()
	c := config(t, fourCells, &puppets{})
	played(t, c)
	place := app.Place{Out: c.Out}
	if _, err := place.Forget(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	var input *app.InputError
	if _, _, err := place.Status(t.Context(), ""); !errors.As(err, &input) || !strings.Contains(err.Error(), "it was forgotten: run the grid again") {
		t.Errorf("error is %v", err)
	}
}
