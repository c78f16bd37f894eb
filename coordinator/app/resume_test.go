package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/deploy/needs"
	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
)

func TestTheSameCommandResumes(t *testing.T) {
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, fourConfigurations, p)
	runToEnd(t, c)
	before, err := os.ReadFile(filepath.Join(c.Out, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := credentials.Load(filepath.Join(c.Out, "worker.json"))
	if err != nil {
		t.Fatal(err)
	}
	a, last := runToEnd(t, c)
	if !a.Resumed || a.Revision.AlreadyDone != 4 || a.Revision.Number != 1 || last.Gained != 0 {
		t.Errorf("resumed %v, revision %+v, gained %d", a.Resumed, a.Revision, last.Gained)
	}
	if p.started != 2 {
		t.Errorf("%d workers were started, want 2: the second run needs none", p.started)
	}
	after, err := os.ReadFile(filepath.Join(c.Out, "results.csv"))
	if err != nil || string(after) != string(before) {
		t.Errorf("results.csv changed (%v)", err)
	}
	if again, err := credentials.Load(filepath.Join(c.Out, "worker.json")); err != nil || again.Token != token.Token {
		t.Errorf("the worker's token changed (%v)", err)
	}
}

func TestAnotherGridIsARevision(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, fourConfigurations, p)
	runToEnd(t, c)
	c.Grid = []byte(strings.Replace(fourConfigurations, "neurons   = [1, 2]", "neurons   = [2, 3]", 1))
	a, last := runToEnd(t, c)
	want := queue.Revision{Number: 2, Added: 2, Kept: 2, Dropped: 2, AlreadyDone: 2}
	if a.Revision != want || last.Gained != 2 {
		t.Errorf("revision is %+v, gained %d, want %+v", a.Revision, last.Gained, want)
	}
	if got := columns(t, c.Out, "results.csv", "state", "neurons"); !slices.Equal(got, []string{"done 2", "done 2", "done 3", "done 3"}) {
		t.Errorf("results.csv: %q", got)
	}
}

func TestASweepKeepsItsKernelClass(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, fourConfigurations, p)
	runToEnd(t, c)
	other := c
	other.Kernel = circuit.Kernel{Name: "other", Class: "other/test"}
	_, err := app.Open(t.Context(), other)
	var input *folder.InputError
	if !errors.As(err, &input) || !strings.Contains(err.Error(), "--kernel fake/test") || !strings.Contains(err.Error(), "--recompute") {
		t.Errorf("error is %v, want an InputError that names the fix", err)
	}
	other.Recompute = true
	a, err := app.Open(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if want := (queue.Revision{Number: 1, Added: 4}); a.Revision != want || a.Resumed {
		t.Errorf("revision is %+v, resumed %v, want %+v of a new sweep", a.Revision, a.Resumed, want)
	}
}

// TestRecomputeDeletesTheOldSweep checks that --recompute deletes the old sweep, whose
// unfinished tasks would keep workers busy or waiting for ever.
func TestRecomputeDeletesTheOldSweep(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	for _, recompute := range []bool{false, true} {
		c.Recompute = recompute
		a, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.OpenReadOnly(t.Context(), filepath.Join(c.Out, "sweep.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sweeps, err := queue.New(s, queue.Policy{}).Sweeps(t.Context())
	if err != nil || len(sweeps) != 1 {
		t.Errorf("the store holds %d sweeps, %v, want only the new one", len(sweeps), err)
	}
}

// TestModelsAreThoseOfTheNewestGrid checks that the models folder omits configurations that
// the grid no longer has, and that they return with the grid.
func TestModelsAreThoseOfTheNewestGrid(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	whole := c.Grid
	fewer := []byte(strings.Replace(string(whole), "neurons   = [1, 2]", "neurons   = [2]", 1))
	if string(fewer) == string(whole) {
		t.Fatalf("the grid has no such axis:\n%s", whole)
	}
	for _, step := range []struct {
		grid   []byte
		models int
	}{{whole, 4}, {fewer, 2}, {whole, 4}} {
		c.Grid = step.grid
		runToEnd(t, c)
		models, err := filepath.Glob(filepath.Join(c.Out, "models", "*.json"))
		trainings, fault := filepath.Glob(filepath.Join(c.Out, "models", "*.csv"))
		if err = errors.Join(err, fault); err != nil || len(models) != step.models || len(trainings) != step.models {
			t.Errorf("%d models, %d files of their trainings, %v, want %d", len(models), len(trainings), err, step.models)
		}
	}
}

// TestAStoreThatIsRemovedWhileItsSweepRuns checks that the run reports the removal. SQLite
// itself continues without its file.
func TestAStoreThatIsRemovedWhileItsSweepRuns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		interrupted bool
		says        string
	}{
		"to the end":  {false, "the tables in %s are complete, but nothing can be resumed or verified"},
		"interrupted": {true, "of 4 tasks done, and nothing can be resumed or verified"},
	} {
		c := config(t, fourConfigurations, &fakeWorkers{})
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		c.Follow = func(now app.Progress) {
			if test.interrupted && !now.Counts.Finished() {
				interrupt()
			}
		}
		a, err := app.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(c.Out); err != nil {
			a.Close()
			t.Skipf("skipped: needs files that can be removed while they are open: %v", err)
		}
		_, err = a.Run(ctx)
		want := strings.ReplaceAll(test.says, "%s", c.Out)
		if err == nil || !strings.Contains(err.Error(), "store "+filepath.Join(c.Out, "sweep.db")+" was removed") || !strings.Contains(err.Error(), want) ||
			isInput(err, "") || errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v, want a fault that says %s", name, err, want)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if test.interrupted {
			continue
		}
		if got := columns(t, c.Out, "results.csv", "state"); !slices.Equal(got, []string{"done", "done", "done", "done"}) {
			t.Errorf("results.csv: %q", got)
		}
		if models, err := filepath.Glob(filepath.Join(c.Out, "models", "*.json")); err != nil || len(models) != 4 {
			t.Errorf("%d models, %v", len(models), err)
		}
	}
}

// TestOpenStops checks that a signal ends Open while it plans, compares or stores the
// tasks, and that the plan of the last run stays.
func TestOpenStops(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, c)
	c.Grid = []byte(strings.Replace(fourConfigurations, "neurons   = [1, 2]", "neurons   = [1, 2, 3]", 1))
	for _, activity := range []string{"planning", "comparing the plan with the last one", "storing the plan"} {
		ctx, stop := context.WithCancelCause(t.Context())
		cause := errors.New("a signal while " + activity)
		reports := 0
		c.Planning = func(now string, _, _ int) {
			if ctx.Err() != nil {
				reports++
			}
			if now == activity {
				stop(cause)
			}
		}
		a, err := app.Open(ctx, c)
		if err == nil {
			_ = a.Close()
		}
		if !errors.Is(err, cause) || reports > 0 {
			t.Errorf("%v: error %v, and %d more reports", cause, err, reports)
		}
		if status, err := (app.Place{Out: c.Out}).Status(t.Context(), ""); err != nil || status.Tasks.Planned != 4 || status.Revision != 1 {
			t.Errorf("%v: %d tasks in revision %d, %v", cause, status.Tasks.Planned, status.Revision, err)
		}
	}
}
