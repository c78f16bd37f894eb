package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// introduce says what is about to run.
func (t *terminal) introduce(a *app.App) {
	for _, notice := range a.Notices {
		t.say("%s", notice)
	}
	grid := a.Prepared().Grid
	t.say("sweep %s: %s × %s on %s", grid.Name, count(len(grid.Cells), "cell"), count(grid.Replicates, "replicate"), a.Prepared().Data())
	if a.Resumed {
		t.say("%s", revised(a.Revision))
	}
	t.say("output folder: %s", a.Folder())
	if a.Local > 0 {
		t.say("local workers: %d, kernel %s", a.Local, a.Kernel.Name)
	}
	if a.Listen != "" {
		t.say("listening on %s: start workers with\n  %s", a.Address(), commandLine("worker", "--coordinator", a.WorkerFile()))
	}
}

// count says how many there are of something.
func count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// revised says what another grid changed in a folder that held a sweep.
func revised(r queue.Revision) string {
	if r.Added == 0 && r.Dropped == 0 {
		return fmt.Sprintf("resuming: %d of %d tasks are done", r.AlreadyDone, r.Kept)
	}
	return fmt.Sprintf("revision %d of the sweep in this folder: %d tasks added, %d kept, %d dropped; %d are done",
		r.Number, r.Added, r.Kept, r.Dropped, r.AlreadyDone)
}

// conclude says what came of a sweep and where it is.
func (t *terminal) conclude(a *app.App, last app.Progress) error {
	t.say("%d of %d tasks done, %d in this run, which took %s",
		last.Counts.Done, last.Counts.Planned, last.Gained, spell(last.Elapsed))
	if n := last.Counts.SetAside; n > 0 {
		t.say("%d tasks were set aside: %s has their logs, `coordinator retry --out %s` reopens them",
			n, filepath.Join(a.Folder(), "attempts.csv"), a.Folder())
	}
	if n := last.Counts.Diverged; n > 0 {
		t.say("%d tasks diverged, two runs gave different numbers: `coordinator status --out %s` names them, `coordinator retry --diverged` runs them once more",
			n, a.Folder())
	}
	if err := t.summarise(a.Rows()); err != nil {
		return err
	}
	t.say("tables:  %s", filepath.Join(a.Folder(), "{results,summary,comparison,attempts}.csv"))
	t.say("figures: %s", filepath.Join(a.Folder(), "figures"))
	t.say("models:  %s", filepath.Join(a.Folder(), "models"))
	return nil
}

// summarise prints, for each number of neurons and each K, the geometric mean
// over everything else of the errors that Fig. S1 shows, and their floor.
func (t *terminal) summarise(rows []table.Row) error {
	type line struct {
		neurons int
		k       float64
	}
	groups := map[line][]*sweep.Result{}
	for _, row := range rows {
		if row.Result != nil {
			key := line{row.Configuration.Neurons, row.Configuration.K}
			groups[key] = append(groups[key], row.Result)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(t, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "neurons\tK\tmodels\tMSE of P(k)\tfloor\tMSE of rates (Hz²)\tfloor\t")
	lines := make([]line, 0, len(groups))
	for key := range groups {
		lines = append(lines, key)
	}
	slices.SortFunc(lines, func(a, b line) int {
		if a.neurons != b.neurons {
			return a.neurons - b.neurons
		}
		return int(math.Copysign(1, a.k-b.k))
	})
	for _, key := range lines {
		of := func(errors func(*sweep.Result) map[string]float64, name string) string {
			return geometricMean(groups[key], func(r *sweep.Result) float64 { return errors(r)[name] })
		}
		errors := func(r *sweep.Result) map[string]float64 { return r.Errors }
		floors := func(r *sweep.Result) map[string]float64 { return r.Floors }
		fmt.Fprintf(out, "%d\t%s\t%d\t%s\t%s\t%s\t%s\t\n", key.neurons, sweep.Format(key.k), len(groups[key]),
			of(errors, "k_probability"), of(floors, "k_probability"),
			of(errors, "firing_rate_hz2"), of(floors, "firing_rate_hz2"))
	}
	return out.Flush()
}

// geometricMean prints the geometric mean of a number of several results.
func geometricMean(results []*sweep.Result, of func(*sweep.Result) float64) string {
	sum := 0.0
	for _, r := range results {
		sum += math.Log(of(r))
	}
	return fmt.Sprintf("%.2g", math.Exp(sum/float64(len(results))))
}
