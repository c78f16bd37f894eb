package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// introduce says what is about to run.
func (t *terminal) introduce(a *app.App) {
	for _, notice := range a.Notices {
		t.say("%s", notice)
	}
	grid := a.Prepared().Grid
	t.say("sweep %s: %s × %s on %s", grid.Name, count(grid.Len(), "configuration"), count(grid.Replicates, "replicate"), a.Prepared().Data())
	if a.Resumed {
		t.say("%s", revised(a.Revision))
	}
	t.say("output folder: %s", a.Folder())
	if addresses := a.Elsewhere(); len(addresses) > 0 {
		t.say("the coordinator at %s has the sweep: Ctrl-C leaves it running there", strings.Join(addresses, ", "))
		return
	}
	if a.Local > 0 {
		t.say("local workers: %d, kernel %s", a.Local, a.Kernel.Name)
	}
	if a.Listen != "" {
		t.say("listening on %s: start workers with\n  %s", a.Address(), commandLine("worker", "--coordinator", a.WorkerFile()))
	}
	if addresses := a.Advertised(); len(addresses) > 0 {
		t.say("workers elsewhere call %s: copy %s to their machine, where only you can read it, and start them with\n  %s",
			strings.Join(addresses, ", "), a.WorkerFile(), commandLine("worker", "--coordinator", filepath.Base(a.WorkerFile())))
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
	text := fmt.Sprintf("revision %d of the sweep in this folder: %s added, %d kept, %d dropped; %d are done",
		r.Number, count(r.Added, "task"), r.Kept, r.Dropped, r.AlreadyDone)
	if r.Kept == 0 && r.Dropped > 0 {
		text += "\nnothing of the revision before is kept: is it another recording, seed or setting? What was finished stays in the store, for when it is asked for again"
	}
	return text
}

// conclude says what came of a sweep and where it is.
func (t *terminal) conclude(a *app.App, last app.Progress) error {
	t.say("%d of %d tasks done, %d in this run, which took %s",
		last.Counts.Done, last.Counts.Planned, last.Gained, spell(last.Elapsed))
	if !last.Counts.Finished() {
		t.say("tasks were reopened while the run was ending: to go on, run again\n  %s", again(os.Args[1:]))
	}
	place := []string{"--out", a.Folder()} // which remembers the store
	if n := last.Counts.Failed; n > 0 {
		t.say("failed: %s, see their logs in %s; reopen them with\n  %s",
			count(n, "task"), filepath.Join(a.Folder(), "attempts.csv"), commandLine("coordinator", append([]string{"retry"}, place...)...))
	}
	for _, line := range reasons(last.Failed, last.Counts.Failed) {
		t.say("  %s", line)
	}
	if n := last.Counts.Diverged; n > 0 {
		t.say("diverged, two runs gave different numbers: %s, named by `%s`; run them once more with\n  %s",
			count(n, "task"), commandLine("coordinator", append([]string{"status"}, place...)...), commandLine("coordinator", append([]string{"retry", "--diverged"}, place...)...))
	}
	for _, warning := range a.Warnings() {
		t.say("warning: %s", warning)
	}
	prove(t, a.Completeness())
	if err := summarise(t, a.Levels()); err != nil {
		return err
	}
	t.say("tables:  %s", written(a))
	t.say("figures: %s", filepath.Join(a.Folder(), "figures"))
	t.say("models:  %s", filepath.Join(a.Folder(), "models"))
	return nil
}

// reasons returns why tasks failed, a line for each kind of failure: how many there
// were, and the first of them. Of many failed tasks, a status lists a part.
func reasons(failed []queue.Row, of int) []string {
	var kinds []string
	first, counts := map[string]string{}, map[string]int{}
	for _, row := range failed {
		kind := sweep.FailureKind(row.Reason)
		if counts[kind]++; counts[kind] == 1 {
			kinds = append(kinds, kind)
			first[kind] = row.Reason
		}
	}
	slices.SortStableFunc(kinds, func(a, b string) int { return counts[b] - counts[a] })
	var lines []string
	for _, kind := range kinds {
		lines = append(lines, fmt.Sprintf("%s: %s", count(counts[kind], "task"), sweep.Printable(first[kind])))
	}
	if more := of - len(failed); more > 0 && len(failed) > 0 {
		lines = append(lines, fmt.Sprintf("and %s: `coordinator status` and attempts.csv say more", count(more, "other task")))
	}
	return lines
}

// written names the tables that were written, where they are.
func written(a *app.App) string {
	problems := map[string]app.Problem{}
	for _, p := range a.Problems() {
		problems[p.File] = p
	}
	var files []string
	elsewhere := false
	for _, name := range []string{"results", "summary", "comparison", "axes", "attempts"} {
		file := filepath.Join(a.Folder(), name+".csv")
		problem, unwritten := problems[file]
		elsewhere = elsewhere || unwritten
		if unwritten {
			file = problem.Beside
		}
		if file != "" {
			files = append(files, file)
		}
	}
	if !elsewhere {
		return filepath.Join(a.Folder(), "{results,summary,comparison,axes,attempts}.csv")
	}
	return strings.Join(files, ", ")
}

// namedProblems bounds how many files that could not be written are named.
const namedProblems = 5

// unwritten says which files could not be written, or not in their place, and
// reports whether there are any.
func (t *terminal) unwritten(problems []app.Problem) bool {
	if len(problems) == 0 {
		return false
	}
	t.say("NOT WRITTEN: %s of the output folder; remove the cause, and run the same command again", count(len(problems), "file"))
	for _, p := range problems[:min(len(problems), namedProblems)] {
		line := "  " + p.File + ": " + sweep.Printable(p.Reason)
		if p.Beside != "" {
			line += "; the new content is in " + p.Beside
		}
		t.say("%s", line)
	}
	if more := len(problems) - namedProblems; more > 0 {
		t.say("  and %s", count(more, "other"))
	}
	return true
}
