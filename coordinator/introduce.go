package main

import (
	"fmt"
	"path/filepath"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
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
	if err := summarise(t, a.Rows()); err != nil {
		return err
	}
	t.say("tables:  %s", filepath.Join(a.Folder(), "{results,summary,comparison,attempts}.csv"))
	t.say("figures: %s", filepath.Join(a.Folder(), "figures"))
	t.say("models:  %s", filepath.Join(a.Folder(), "models"))
	return nil
}
