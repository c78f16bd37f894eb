package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

func statusCommand() *cobra.Command {
	var flags placeFlags
	var asJSON bool
	var w watchFlags
	c := &cobra.Command{
		Use:        "status [SWEEP]",
		SuggestFor: []string{"progress", "state", "info", "watch", "follow", "ps", "top"},
		Short:      "Print the state of a sweep, or watch it, whether its coordinator runs or not",
		Long: `Prints the state of a sweep: that of the output folder, or, where a coordinator or a
store has several, the one with the given name or ID.

With --watch it stays until you leave it with q, and shows a table of the
configurations with their progress and errors so far, which keys sort and filter,
the workers, and the logs of a configuration: ? lists the keys. If no coordinator runs,
it shows what the last one stored, and goes on when one starts. In a file or a pipe,
and on a terminal without cursor movement (TERM=dumb), it prints a line for each change
instead, or with --json an object, and ends with the sweep.`,
		Example: `  coordinator status --out runs/figure-s1
  coordinator status --watch
  coordinator status --watch | tee progress.log
  coordinator status figure-s1 --coordinator runs/serve/operator.json --json`,
		Annotations: readOnly,
		Args:        program.NamedArguments(1),
		RunE: func(c *cobra.Command, arguments []string) error {
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			flags.sweepName = strings.Join(arguments, "")
			if err := w.check(c); err != nil {
				return err
			}
			if w.watch {
				return w.run(c, place, &flags, asJSON)
			}
			status, err := place.Status(c.Context(), flags.sweepName)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), status)
			}
			if err := printStatus(c.OutOrStdout(), status, &flags); err != nil || status.Ended() {
				return err
			}
			hintAt(c, "follow it", flags.command(append([]string{"status", "--" + watchFlag}, arguments...)...))
			return nil
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, or with --watch one in a line for each change")
	w.add(c)
	return c
}

// printStatus prints a status for the terminal, with commands that may be needed next.
func printStatus(out io.Writer, s app.Status, place *placeFlags) error {
	fmt.Fprintf(out, "sweep %s, revision %d, kernel class %s, as of %s\n", sweep.Printable(s.Name), s.Revision, sweep.Printable(s.KernelClass), s.AsOf.Local().Format(time.DateTime))
	fmt.Fprintf(out, "%d of %d tasks done, %s, %d failed, %d diverged\n",
		s.Tasks.Done, s.Tasks.Planned, s.Tasks.Unfinished(), s.Tasks.Failed, s.Tasks.Diverged)
	if s.MoreExpected {
		fmt.Fprintln(out, "more may follow: results decide on the number of replicates")
	}
	if s.Note != "" {
		fmt.Fprintf(out, "note: %s\n", sweep.Printable(s.Note))
	}
	if limits := limitsText(s.Limits); limits != "" {
		fmt.Fprintf(out, "limits: %s\n", limits)
	}
	if s.Tasks.Verifying > 0 {
		fmt.Fprintf(out, "%d of the done tasks are being verified\n", s.Tasks.Verifying)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(out, "warning: %s\n", sweep.Printable(warning))
	}
	fmt.Fprint(out, outlook(s, place))
	table := program.NewTable(out, 2, 0)
	for _, w := range s.Workers {
		fmt.Fprintf(table, "\nworker %s\t%s\t%s\t%s\tlast seen %s ago%s\n",
			sweep.Printable(sweep.ShortID(w.Process)), sweep.Printable(w.Location()), sweep.Printable(w.Kernel), count(int(w.Slots), "slot"), formatDuration(s.AsOf.Sub(w.LastSeen)), leaving(w))
		for _, r := range w.Running {
			fmt.Fprintf(table, "  task %s\tattempt %d\t%s\n", sweep.Printable(sweep.ShortID(r.Task)), r.Attempt, r.Progress())
		}
	}
	if more := s.WorkersPresent - len(s.Workers); more > 0 {
		fmt.Fprintf(table, "\nand %s more\n", count(more, "worker"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	printTasks(out, "failed (`"+place.command("retry")+"` reopens them)", s.Failed)
	printTasks(out, "diverged (`"+place.command("retry", "--diverged")+"` runs them once more)", s.Diverged)
	return nil
}

// outlook returns a line on how the sweep will go on and what the user can do for it,
// or "".
func outlook(s app.Status, place *placeFlags) string {
	switch left := s.Tasks.Left(); {
	case s.Paused && left > 0:
		return "none of its tasks runs until it is resumed: `" + place.command("resume") + "`\n"
	case s.TimeUp:
		return fmt.Sprintf("the time is up: what is left needs about %s of one core; to go on, run the same command again\n",
			formatDuration(time.Duration(s.WorkLeft*float64(time.Second))))
	case s.ServedByAnother:
		return "the folder's own coordinator is not running, but another one serves the store: its workers are within their lease term\n"
	case !s.Running && left == 0:
		return "no coordinator is running: this is what the last one stored\n"
	case !s.Running:
		return "no coordinator is running: this is what the last one stored; to resume, start it again\n"
	case left > 0 && len(s.Workers) == 0:
		if file := place.workerFile(); file != "" {
			return "no worker is present: start one with the worker.json of the coordinator\n  " + commandLine("worker", "--coordinator", file) + "\n"
		}
		return "no worker is present: start one with `worker --coordinator FILE`, where FILE is worker.json in the output folder on the coordinator's machine\n"
	case s.SecondsLeft > 0:
		return fmt.Sprintf("about %s left\n", formatDuration(time.Duration(s.SecondsLeft*float64(time.Second))))
	default:
		return ""
	}
}

func leaving(w app.Worker) string {
	if w.Draining {
		return ", leaving"
	}
	return ""
}

func printTasks(out io.Writer, title string, tasks []app.TaskReason) {
	if len(tasks) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, t := range tasks {
		fmt.Fprintf(out, "  %s  %s: %s\n", sweep.Printable(t.Task), sweep.Printable(t.Label), sweep.Printable(t.Reason))
	}
}
