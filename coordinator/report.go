package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/table"
)

// printStart prints what is about to run.
func (t *terminal) printStart(a *app.App) {
	for _, notice := range a.Notices {
		t.say("%s", notice)
	}
	g := a.Prepared().Grid
	baselines := ""
	if n := g.Baselines(); n > 0 {
		baselines = " and " + count(n, "baseline")
	}
	t.say("sweep %s: %s × %s%s on %s", g.Name, count(g.Len()-g.Baselines(), "configuration"), replicatesText(g.Replicates), baselines, a.Prepared().Data())
	if a.Resumed {
		t.say("%s", revisionText(a.Revision))
	}
	t.say("output folder: %s", a.Folder())
	if addresses := a.Remote(); len(addresses) > 0 {
		goesOn := "the sweep goes on"
		if g.Replicates.IsAdaptive() {
			goesOn = "the planned tasks go on; run the same command again for further replicates"
		}
		t.say("the coordinator at %s runs the sweep: Ctrl-C stops following it, and %s", strings.Join(addresses, ", "), goesOn)
		return
	}
	t.printPage(a)
	if a.Local > 0 {
		t.say("local workers: %d, kernel %s", a.Local, a.Kernel.Name)
	}
	if a.Listen != "" {
		t.say("listening on %s: start workers with\n  %s", a.Address(), commandLine("worker", "--coordinator", a.WorkerFile()))
	}
	if addresses := a.Advertised(); len(addresses) > 0 {
		t.say("workers on other machines call %s: copy %s there, readable by you alone, and start them with\n  %s",
			strings.Join(addresses, ", "), a.WorkerFile(), commandLine("worker", "--coordinator", filepath.Base(a.WorkerFile())))
	}
}

// paged is what may serve the page.
type paged interface {
	PageURL() string
	PageNeedsToken() bool
	OperatorFile() string
}

// printPage prints where the page is.
func (t *terminal) printPage(at paged) {
	switch url := at.PageURL(); {
	case url == "":
	case at.PageNeedsToken():
		t.say("page: %s (log in with the token in %s)", url, at.OperatorFile())
	default:
		t.say("page: %s", url)
	}
}

// replicatesText describes the number of replicates of a grid.
func replicatesText(r grid.Replicates) string {
	if !r.IsAdaptive() {
		return count(r.Min, "replicate")
	}
	var precisions []string
	for _, p := range r.Until {
		precisions = append(precisions, fmt.Sprintf("%s to ±%s %%", p.Error, formatNumber(100*p.Relative)))
	}
	return fmt.Sprintf("%d to %d replicates (until the 95 %% intervals give %s)", r.Min, r.Max, strings.Join(precisions, " and "))
}

// printPrecision prints how many configurations have reached the precision of the grid.
func (t *terminal) printPrecision(a *app.App) {
	r, p := a.Prepared().Grid.Replicates, a.Precision()
	if !r.IsAdaptive() {
		return
	}
	parts := []string{fmt.Sprintf("%d of %s have the precision that until asks for", p.Reached, count(a.Prepared().Grid.Trained(), "configuration"))}
	for _, other := range []struct {
		n    int
		what string
	}{
		{p.AtMax, fmt.Sprintf("%%d stopped at max = %d replicates before", r.Max)},
		{p.NoInterval, "%d have no interval, since an error is 0 or undefined"},
		{p.Open, "%d wait for tasks that are not done"},
	} {
		if other.n > 0 {
			parts = append(parts, fmt.Sprintf(other.what, other.n))
		}
	}
	t.say("%s", strings.Join(parts, "; "))
}

// count formats a number with its noun.
func count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// revisionText describes what a grid changed in a folder that held a sweep.
func revisionText(r queue.Revision) string {
	if r.Added == 0 && r.Dropped == 0 {
		return fmt.Sprintf("resuming: %d of %d tasks are done", r.AlreadyDone, r.Kept)
	}
	text := fmt.Sprintf("revision %d of the sweep in this folder: %s added, %d kept, %d dropped; %d are done",
		r.Number, count(r.Added, "task"), r.Kept, r.Dropped, r.AlreadyDone)
	if r.Kept == 0 && r.Dropped > 0 {
		text += "\nno task of the last revision is kept: did the recording, the seed or a setting change? Finished tasks stay in the store"
	}
	return text
}

// printOutcome prints the outcome of a run and where its files are.
func (t *terminal) printOutcome(a *app.App, last app.Progress) error {
	t.say("%d of %d tasks done, %d in this run, which took %s",
		last.Counts.Done, last.Counts.Planned, last.Gained, formatDuration(last.Elapsed))
	switch {
	case last.TimeUp:
		t.printLeftOut(last)
	case !last.Counts.Finished():
		t.say("tasks were reopened while the run was ending: to resume, run again\n  %s", resumeCommand(os.Args[1:]))
	}
	place := []string{"--out", a.Folder()} // which records the store
	if n := last.Counts.Failed; n > 0 {
		t.say("failed: %s, see their logs in %s; reopen them with\n  %s",
			count(n, "task"), filepath.Join(a.Folder(), "attempts.csv"), commandLine("coordinator", append([]string{"retry"}, place...)...))
	}
	for _, line := range reasons(last.Failed, last.Counts.Failed) {
		t.say("  %s", line)
	}
	if n := last.Counts.Diverged; n > 0 {
		t.say("diverged (two runs gave different numbers): %s, listed by `%s`; run them once more with\n  %s",
			count(n, "task"), commandLine("coordinator", append([]string{"status"}, place...)...), commandLine("coordinator", append([]string{"retry", "--diverged"}, place...)...))
	}
	for _, warning := range a.Warnings() {
		t.say("warning: %s", warning)
	}
	t.printPrecision(a)
	printCompleteness(t, a.Completeness())
	if err := printMeans(t, a.Levels()); err != nil {
		return err
	}
	if err := printLosses(t, a.Levels()); err != nil {
		return err
	}
	if err := printClaims(t, a.Claims()); err != nil {
		return err
	}
	t.say("tables:  %s", tablePaths(a))
	t.say("figures: %s", filepath.Join(a.Folder(), "figures"))
	t.say("models:  %s", filepath.Join(a.Folder(), "models"))
	if a.HTTP != "" {
		t.say("the page ended with the run; to show it again, run\n  %s",
			commandLine("coordinator", append([]string{"serve"}, append(place, "--listen", cmp.Or(a.Listen, "127.0.0.1:7473"), "--http", a.HTTP)...)...))
	}
	return nil
}

// reasons returns a line for each kind of failure, with its count and its first
// reason. failed may be only a part of all failed tasks, whose number is total.
func reasons(failed []queue.Row, total int) []string {
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
	if more := total - len(failed); more > 0 && len(failed) > 0 {
		lines = append(lines, fmt.Sprintf("and %s: see `coordinator status` and attempts.csv", count(more, "other task")))
	}
	return lines
}

// tablePaths returns the paths of the tables that were written.
func tablePaths(a *app.App) string {
	problems := map[string]folder.Problem{}
	for _, p := range a.Problems() {
		problems[p.File] = p
	}
	var files []string
	moved := false
	for _, name := range []string{"results", "summary", "comparison", "axes", "claims", "attempts"} {
		file := filepath.Join(a.Folder(), name+".csv")
		problem, unwritten := problems[file]
		moved = moved || unwritten
		if unwritten {
			file = problem.WrittenTo
		}
		if file != "" {
			files = append(files, file)
		}
	}
	if !moved {
		return filepath.Join(a.Folder(), "{results,summary,comparison,axes,claims,attempts}.csv")
	}
	return strings.Join(files, ", ")
}

// namedProblems is the largest number of problems that are printed.
const namedProblems = 5

// printProblems prints which files could not be written, or not in their place, and
// reports whether there are any.
func (t *terminal) printProblems(problems []folder.Problem) bool {
	if len(problems) == 0 {
		return false
	}
	t.say("NOT WRITTEN: %s of the output folder; remove the cause, and run the same command again", count(len(problems), "file"))
	for _, p := range problems[:min(len(problems), namedProblems)] {
		line := "  " + p.File + ": " + sweep.Printable(p.Reason)
		if p.WrittenTo != "" {
			line += "; the new content is in " + p.WrittenTo
		}
		t.say("%s", line)
	}
	if more := len(problems) - namedProblems; more > 0 {
		t.say("  and %s", count(more, "other"))
	}
	return true
}

// resumeCommand returns the command line of this run. It omits a store URL that
// contains a password, since output ends up in logs; the output folder records the
// store in a file that only its owner can read.
func resumeCommand(arguments []string) string {
	var kept []string
	for i := 0; i < len(arguments); i++ {
		switch url, joined := strings.CutPrefix(arguments[i], "--store="); {
		case joined && store.ShowsPassword(url):
		case arguments[i] == "--store" && i+1 < len(arguments) && store.ShowsPassword(arguments[i+1]):
			i++
		default:
			kept = append(kept, arguments[i])
		}
	}
	command := commandLine("coordinator", kept...)
	if len(kept) < len(arguments) {
		command += "\nwithout --store, whose URL contains a password: the output folder records it " +
			"(better, give the URL without it, and the password in PGPASSWORD or ~/.pgpass)"
	}
	return command
}

// namedResults is the largest number of corrupt results that are printed.
const namedResults = 5

// printIntegrityErrors prints which stored results differ from those that were
// accepted, and how to verify and repair them.
func (t *terminal) printIntegrityErrors(out string, corrupt []folder.IntegrityError) {
	if len(corrupt) == 0 {
		return
	}
	command := []string{"verify", "--out", out}
	if len(corrupt) > namedResults {
		command = append(command, "--share", "1")
	}
	var named []string
	for _, d := range corrupt[:min(len(corrupt), namedResults)] {
		named = append(named, "  "+d.Label+": "+sweep.Printable(d.Reason))
		if len(corrupt) <= namedResults {
			command = append(command, sweep.ShortID(d.Task))
		}
	}
	if more := len(corrupt) - len(named); more > 0 {
		named = append(named, "  and "+count(more, "other"))
	}
	t.say("CORRUPT: %s in the store; tables and figures omit the numbers:\n%s\nto run the tasks again and compare, use\n  %s\nto replace results that it finds wrong, run the sweep again after\n  %s",
		count(len(corrupt), "result"), strings.Join(named, "\n"), commandLine("coordinator", command...),
		commandLine("coordinator", "retry", "--diverged", "--out", out))
}

// summaryErrors are the errors of the closing table, which Fig. S1 shows too.
var summaryErrors = [2]string{"mse_k_probability", "mse_firing_rate_hz2"}

// maxLevels is the largest number of lines for one swept setting.
const maxLevels = 40

// printMeans prints, for each value of each swept setting but k and each K, the geometric
// means over all other settings of two errors and of their floors.
func printMeans(out io.Writer, levels []table.Level) error {
	levels = slices.DeleteFunc(slices.Clone(levels), isOfK)
	if len(levels) == 0 {
		return nil
	}
	fmt.Fprintln(out, "geometric means over everything but the first two columns (axes.csv compares them, summary.csv has every configuration):")
	reasons := map[string]bool{}
	for len(levels) > 0 {
		axis := levels[0].Axis
		end := slices.IndexFunc(levels, func(l table.Level) bool { return l.Axis != axis })
		if end < 0 {
			end = len(levels)
		}
		if err := printAxis(out, levels[:end], reasons); err != nil {
			return err
		}
		levels = levels[end:]
	}
	if len(reasons) > 0 {
		_, err := fmt.Fprintf(out, "–: not defined, since %s\n", strings.Join(slices.Sorted(maps.Keys(reasons)), "; "))
		return err
	}
	return nil
}

// Why a number of the closing table is undefined.
const (
	noFloor   = "a floor needs a recording of two repeats or more"
	zeroFloor = "a floor is 0 (any two halves of the repeats agree, as without spikes), and a geometric mean needs numbers above 0"
	zeroError = "an error is 0, and a geometric mean needs numbers above 0"
)

// printAxis prints the levels of one setting, and adds to reasons why numbers are
// undefined.
func printAxis(out io.Writer, levels []table.Level, reasons map[string]bool) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(columns, "%s\tK\tmodels\tMSE of P(k)\tfloor\tMSE of rates (Hz²)\tfloor\t\n", levels[0].Axis)
	print := func(v float64, reason string) string {
		if math.IsNaN(v) {
			reasons[reason] = true
			return "–"
		}
		return fmt.Sprintf("%.2g", v)
	}
	printFloor := func(l table.Level) string {
		if l.HasFloors {
			return print(l.Floor, zeroFloor)
		}
		return print(l.Floor, noFloor)
	}
	lines := 0
	fitted := map[string]bool{} // printed ones, to which k makes no difference
	for i, l := range levels {
		if l.Error != summaryErrors[0] || fitted[l.Value] {
			continue
		}
		k := sweep.Format(l.K)
		if l.Fitted {
			k, fitted[l.Value] = "", true
		}
		if lines++; lines > maxLevels {
			continue
		}
		rates := table.Level{GeometricMean: math.NaN(), Floor: math.NaN()}
		for _, other := range levels[i:] {
			if other.Value == l.Value && other.K == l.K && other.Error == summaryErrors[1] {
				rates = other
				break
			}
		}
		fmt.Fprintf(columns, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t\n", sweep.Printable(l.Value), k, l.Models,
			print(l.GeometricMean, zeroError), printFloor(l), print(rates.GeometricMean, zeroError), printFloor(rates))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if lines > maxLevels {
		fmt.Fprintf(out, "… and %d more in axes.csv\n", lines-maxLevels)
	}
	return nil
}

// isOfK reports whether a level is of the axis k.
func isOfK(l table.Level) bool { return l.Axis == "k" }

// printLosses prints, for each K and each combination of the values of further settings,
// how much smaller the K-loss makes the errors of the paper's statistics.
func printLosses(out io.Writer, levels []table.Level) error {
	levels = slices.DeleteFunc(slices.Clone(levels), func(l table.Level) bool { return !isOfK(l) || l.K == 0 || l.Reference != "0" })
	if len(levels) == 0 {
		return nil
	}
	fmt.Fprintln(out, "by how much the K-loss divides the errors: geometric means over pairs of trainings, with 95 % intervals (the axis k in axes.csv has every error):")
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "scope\tK\tP(k)\trates\tcovariances\tautocorrelogram\t")
	lines := 0
	for len(levels) > 0 {
		first := levels[0]
		end := slices.IndexFunc(levels, func(l table.Level) bool { return l.Scope != first.Scope || l.K != first.K })
		if end < 0 {
			end = len(levels)
		}
		if lines++; lines <= maxLevels {
			fmt.Fprintf(columns, "%s\t%s\t", sweep.Printable(first.Scope), first.Value)
			for _, name := range sweep.IntervalNames {
				fmt.Fprintf(columns, "%s\t", ratioText(levels[:end], sweep.ErrorColumn(name)))
			}
			fmt.Fprintln(columns)
		}
		levels = levels[end:]
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if lines > maxLevels {
		fmt.Fprintf(out, "… and %d more in axes.csv\n", lines-maxLevels)
	}
	return nil
}

// ratioText formats the ratio of the losses of one error, – if there is none.
func ratioText(levels []table.Level, errorName string) string {
	for _, l := range levels {
		if l.Error != errorName {
			continue
		}
		switch mean, low, high := l.Ratio(); {
		case math.IsNaN(mean):
		case math.IsNaN(low):
			return fmt.Sprintf("%.3g", mean)
		default:
			return fmt.Sprintf("%.3g [%.3g, %.3g]", mean, low, high)
		}
	}
	return "–"
}

// printClaims prints a line for each of the paper's claims and each part of the sweep
// that has an effect, with its verdict, and the number of the others.
func printClaims(out io.Writer, claims []table.Claim) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	lines, without := 0, 0
	for _, c := range claims {
		switch {
		case c.Rank != table.Leading:
			continue
		case c.Plain == "":
			without++
			continue
		}
		if lines++; lines == 1 {
			fmt.Fprintln(out, "the paper's claims, with 95 % intervals over replicates (claims.md explains them):")
		}
		if lines > maxLevels {
			continue
		}
		effect := c.Plain
		if c.Lacks != "" && math.IsNaN(c.Low) {
			effect += "; " + c.Lacks
		}
		fmt.Fprintf(columns, "  %s\t%s\t%s\t%s\n", c.Name, sweep.Printable(c.Scope), c.Verdict, effect)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if lines > maxLevels {
		fmt.Fprintf(out, "… and %d more in claims.csv\n", lines-maxLevels)
	}
	if lines > 0 && without > 0 {
		fmt.Fprintf(out, "  undecided for lack of results: %d more (claims.md names what they need)\n", without)
	}
	return nil
}

// printCompleteness prints whether every configuration and replicate has exactly one
// result, and the digest of the results.
func printCompleteness(out io.Writer, c table.Completeness) {
	switch {
	case c.Format == "":
		// no table was written
	case c.Complete:
		fmt.Fprintf(out, "complete: %d of %d, digest %s\n", c.Done, c.Rows, c.ResultsSHA256)
	default:
		fmt.Fprintf(out, "not complete: %d of %d, digest %s\n", c.Done, c.Rows, c.ResultsSHA256)
	}
}
