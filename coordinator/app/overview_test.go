package app_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// failsWith is failing for tasks that the condition holds of; other tasks finish.
func failsWith(condition func(sweep.Configuration) bool) func(sweep.Configuration) *spiqsweepv1.Report {
	return func(c sweep.Configuration) *spiqsweepv1.Report {
		if condition(c) {
			return failing(c)
		}
		return &spiqsweepv1.Report{Outcome: finished(c)}
	}
}

// TestObserve reads a sweep before, while and after its coordinator runs, and after another
// revision of it. Two of its tasks fail.
func TestObserve(t *testing.T) {
	t.Parallel()
	act := failsWith(func(c sweep.Configuration) bool { return c.Neurons == 1 && c.Replicate == 0 })
	const grid = `
sweep "observed" {
  replicates = 2
  grid {
    neurons   = [1, 2]
    timesteps = [1, 2]
  }
}
`
	c := config(t, grid, &fakeWorkers{act: func(c sweep.Configuration) *spiqsweepv1.Report {
		if c.Neurons == 2 && c.Timesteps == 2 && c.Replicate == 1 {
			return nil // it never ends
		}
		return act(c)
	}})
	observer := app.Place{Out: c.Out}.Observe("")
	if _, err := observer.Read(t.Context()); !errors.As(err, new(*folder.InputError)) {
		t.Fatalf("without a folder: %v, want an InputError", err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	c.Follow = func(p app.Progress) {
		if p.Counts.Done+p.Counts.Failed < 7 || ctx.Err() != nil {
			return
		}
		now, err := observer.Read(t.Context())
		if err != nil || !now.Status.Running || now.Ended() {
			t.Errorf("while it runs: running %v, ended %v, %v", now.Status.Running, now.Ended(), err)
		}
		if diff := cmp.Diff(map[int]int{3: 1}, now.Running); diff != "" {
			t.Errorf("running tasks by configuration (-want +got):\n%s", diff)
		}
		interrupt()
	}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the interrupted run: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if now, err := observer.Read(t.Context()); err != nil || now.Status.Running || now.Ended() || now.Configurations[3].Done != 1 {
		t.Errorf("after the interruption: running %v, ended %v, %v", now.Status.Running, now.Ended(), err)
	}
	c.Follow, c.Launch = nil, (&fakeWorkers{act: act}).launch
	runToEnd(t, c)
	now, err := observer.Read(t.Context())
	if err != nil || now.Status.Running || !now.Ended() {
		t.Fatalf("after the run: running %v, ended %v, %v", now.Status.Running, now.Ended(), err)
	}
	type counts struct {
		Label               string
		Rows                [2]int
		Tasks, Done, Failed int
	}
	want := []counts{
		{"n=1 t=1 k=0", [2]int{0, 2}, 2, 1, 1},
		{"n=1 t=2 k=0", [2]int{2, 4}, 2, 1, 1},
		{"n=2 t=1 k=0", [2]int{4, 6}, 2, 2, 0},
		{"n=2 t=2 k=0", [2]int{6, 8}, 2, 2, 0},
	}
	var got []counts
	for i, c := range now.Configurations {
		got = append(got, counts{c.Label, c.Rows, c.Tasks, c.Done, c.Failed})
		if mean, _, ok := c.Mean(0); !ok || math.IsNaN(mean) {
			t.Errorf("configuration %d: mean of %s: %v, %v", i, now.Statistics[0], mean, ok)
		}
		if _, _, ok := c.Mean(len(now.Statistics)); ok {
			t.Errorf("configuration %d has a statistic too many", i)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
	if len(now.Statistics) == 0 || now.Statistics[0] != "mse_k_probability" {
		t.Errorf("statistics: %v", now.Statistics)
	}
	c.Grid = []byte(`sweep "observed" {
  replicates = 2
  grid {
    neurons   = [1, 2, 3]
    timesteps = [1, 2]
  }
}`)
	runToEnd(t, c)
	if now, err = observer.Read(t.Context()); err != nil || len(now.Configurations) != 6 || now.Configurations[5].Done != 2 {
		t.Errorf("after another revision: %d configurations, %v", len(now.Configurations), err)
	}
}

// TestLabelsHaveSettingsOfTheGrid sweeps settings that are not stored with a task, one of them
// by a variable. Without the variable's value the labels leave these settings out.
func TestLabelsHaveSettingsOfTheGrid(t *testing.T) {
	t.Parallel()
	c := config(t, `
variable "second" { default = "paper-l5" }
sweep "labelled" {
  grid {
    neurons = [1]
    preset  = ["paper", var.second]
    select  = ["first", "most_active"]
  }
}
`, &fakeWorkers{act: failing})
	c.Variables = map[string]string{"second": "population"}
	runToEnd(t, c)
	check := func(want ...string) {
		t.Helper()
		place := app.Place{Out: c.Out}
		now, err := place.Observe("").Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		logs, _, err := place.Logs(t.Context(), app.LogFilter{})
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := place.Tasks(t.Context(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for i, label := range want {
			if i >= len(now.Configurations) || now.Configurations[i].Label != label {
				t.Errorf("configurations: %v, want %q at %d", now.Configurations, label, i)
			}
			label += " replicate 0"
			if i >= len(tasks) || tasks[i].Label != label {
				t.Errorf("tasks: %v, want %q at %d", tasks, label, i)
			}
			if !slices.ContainsFunc(logs, func(l app.AttemptLog) bool { return l.Label == label }) {
				t.Errorf("logs: none of %q", label)
			}
		}
	}
	check(`n=1 t=1 k=0 preset="paper" select="first"`, `n=1 t=1 k=0 preset="paper" select="most_active"`,
		`n=1 t=1 k=0 preset="population" select="first"`, `n=1 t=1 k=0 preset="population" select="most_active"`)
	if err := os.Remove(filepath.Join(c.Out, "run.json")); err != nil {
		t.Fatal(err)
	}
	check("n=1 t=1 k=0", "n=1 t=1 k=0", "n=1 t=1 k=0", "n=1 t=1 k=0")
}

// TestObserveSharedTasks sweeps a setting that makes no difference to some configurations: they
// are shown with the tasks that they share, under labels with all settings.
func TestObserveSharedTasks(t *testing.T) {
	t.Parallel()
	c := config(t, `
sweep "shared" {
  replicates = 2
  grid {
    neurons   = [1]
    preset    = ["paper"]
    objective = ["mmd", "wgan"]
    k         = [0, 1]
  }
}
`, &fakeWorkers{act: failsWith(func(c sweep.Configuration) bool { return c.Replicate == 1 })})
	runToEnd(t, c)
	now, err := app.Place{Out: c.Out}.Observe("").Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range now.Configurations {
		got = append(got, fmt.Sprintf("%s: rows %d, %d of %d done, %d failed", c.Label, c.Rows, c.Done, c.Tasks, c.Failed))
	}
	label := func(k int, objective string, rows string) string {
		return fmt.Sprintf("n=1 t=1 k=%d preset=\"paper\" objective=%q: rows %s, 1 of 2 done, 1 failed", k, objective, rows)
	}
	want := []string{label(0, "mmd", "[0 2]"), label(1, "mmd", "[0 2]"), label(0, "wgan", "[4 6]"), label(1, "wgan", "[6 8]")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
	if now.Tasks.Planned != 6 {
		t.Errorf("%d tasks are planned, want 6", now.Tasks.Planned)
	}
}

// TestLogs checks which attempts are selected, their order, and how unknown tasks are named.
func TestLogs(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{act: failsWith(func(c sweep.Configuration) bool { return c.Neurons == 1 })})
	runToEnd(t, c)
	place := app.Place{Out: c.Out}
	failed, more, err := place.Logs(t.Context(), app.LogFilter{})
	if err != nil || len(failed) < 2 || more != 0 {
		t.Fatalf("%d failed attempts, %d more, %v", len(failed), more, err)
	}
	last := time.Time{}
	for _, a := range failed {
		if a.Outcome != "failed" || a.Message != "NaN" || a.Log != "step 3: NaN" || a.EndedAt.Before(last) {
			t.Errorf("attempt %+v after %v", a, last)
		}
		last = *a.EndedAt
	}
	first := failed[0].Task
	twoSteps, err := grid.ReadFilter(map[string]string{"timesteps": "2"})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		filter app.LogFilter
		want   func(app.AttemptLog) bool
		least  int
	}{
		"a task":          {app.LogFilter{Tasks: []string{first[:8]}}, func(a app.AttemptLog) bool { return a.Task == first }, 1},
		"results":         {app.LogFilter{Outcomes: []string{"accepted"}}, func(a app.AttemptLog) bool { return a.Outcome == "accepted" }, 2},
		"a configuration": {app.LogFilter{Configurations: []sweep.ConfigurationFilter{twoSteps}}, func(a app.AttemptLog) bool { return a.Label == "n=1 t=2 k=0 replicate 0" }, 1},
		"rows":            {app.LogFilter{Rows: [2]int{1, 2}}, func(a app.AttemptLog) bool { return a.Label == "n=1 t=2 k=0 replicate 0" }, 1},
		"a host":          {app.LogFilter{Hosts: []string{"here"}}, func(app.AttemptLog) bool { return true }, len(failed)},
		"the last":        {app.LogFilter{Last: 1}, func(a app.AttemptLog) bool { return a.Task == failed[len(failed)-1].Task }, 1},
	} {
		got, more, err := place.Logs(t.Context(), test.filter)
		if err != nil || len(got) < test.least || test.filter.Last > 0 && (len(got) != test.filter.Last || more != len(failed)-1) {
			t.Errorf("%s: %d attempts, %d more, %v", name, len(got), more, err)
		}
		for _, a := range got {
			if !test.want(a) {
				t.Errorf("%s: selected %s, %s, %s", name, a.Task, a.Label, a.Outcome)
			}
		}
	}
	if got, _, err := place.Logs(t.Context(), app.LogFilter{Hosts: []string{"another"}}); err != nil || len(got) > 0 {
		t.Errorf("another host: %d attempts, %v", len(got), err)
	}
	if _, _, err := place.Logs(t.Context(), app.LogFilter{Tasks: []string{"0000000000"}}); !isInput(err, "no task whose ID begins with") {
		t.Errorf("an unknown task: %v", err)
	}
}
