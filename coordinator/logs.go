package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// logsFlags select attempts of a sweep.
type logsFlags struct {
	placeFlags
	selectionFlags
	hosts    []string
	outcomes []string
	last     int
	follow   bool
	asJSON   bool
}

func logsCommand() *cobra.Command {
	var f logsFlags
	c := &cobra.Command{
		Use:        "logs [TASK...]",
		SuggestFor: []string{"log", "attempts", "failures", "messages", "tail"},
		Short:      "Print the attempts at the tasks of a sweep, with their messages and logs",
		Long: `Prints the attempts at the tasks of a sweep that ended without a result: those that
failed, with the last lines of their logs, and those that were handed back, lost or
cancelled, in the order in which they ended. --state chooses others. A TASK is the
beginning of an ID. The coordinator need not run. With --follow it goes on with the
attempts that end from then on, until the sweep ends.`,
		Example: `  coordinator logs --out runs/figure-s1
  coordinator logs 3fa9c1 --state any
  coordinator logs --config n=8,t=4 --host node17 --last 5
  coordinator logs --follow --json > attempts.jsonl`,
		Annotations: readOnly,
		Args:        taskArguments,
		RunE: func(c *cobra.Command, tasks []string) error {
			place, err := f.place(c)
			if err != nil {
				return err
			}
			if f.last < 0 {
				return usage("--last %d: must be 0 or more; 0 prints all", f.last)
			}
			filter, err := f.filter(tasks)
			if err != nil {
				return err
			}
			return f.run(c, place, filter)
		},
	}
	f.placeFlags.add(c)
	f.selectionFlags.add(c)
	flags := c.Flags()
	flags.StringSliceVar(&f.hosts, "host", nil, "attempts on this `HOST`; may be given more than once")
	flags.StringSliceVar(&f.outcomes, "state", nil, "attempts in this `STATE`: "+strings.Join(app.AttemptOutcomes, ", ")+", or any; may be given more than once")
	flags.IntVar(&f.last, "last", 100, "how many attempts to print, the last ones; 0 prints all")
	flags.BoolVar(&f.follow, "follow", false, "go on with attempts that end later, until the sweep ends")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON object in a line for each attempt")
	return c
}

// taskArguments wants beginnings of task IDs.
func taskArguments(c *cobra.Command, arguments []string) error {
	if err := program.NamedArguments(0)(c, arguments); err != nil {
		return err
	}
	for _, word := range arguments {
		if strings.Trim(strings.ToLower(word), "0123456789abcdef") != "" {
			return fmt.Errorf("%q is not the beginning of a task ID, which has hexadecimal digits alone: to name a sweep, write --sweep %s", word, word)
		}
	}
	return nil
}

// filter checks the flags.
func (f *logsFlags) filter(tasks []string) (app.LogFilter, error) {
	selected, err := f.selection(nil)
	if err != nil {
		return app.LogFilter{}, err
	}
	f.sweepName = f.sweep
	filter := app.LogFilter{Sweep: f.sweep, Configurations: selected.Configurations, Hosts: f.hosts, Last: f.last}
	for _, task := range tasks {
		filter.Tasks = append(filter.Tasks, strings.ToLower(task))
	}
	for _, outcome := range f.outcomes {
		if outcome == anyState {
			filter.Outcomes = app.AttemptOutcomes
			continue
		}
		choice := program.Choice{Target: &outcome, Allowed: append([]string{anyState}, app.AttemptOutcomes...)}
		if err := choice.Set(outcome); err != nil {
			return app.LogFilter{}, usage("--state %w", err)
		}
		filter.Outcomes = append(filter.Outcomes, outcome)
	}
	return filter, nil
}

// run prints the attempts, and with --follow those that end later.
func (f *logsFlags) run(c *cobra.Command, place app.Place, filter app.LogFilter) error {
	logs, more, err := place.Logs(c.Context(), filter)
	if err != nil {
		return err
	}
	if more > 0 && !f.asJSON {
		fmt.Fprintf(c.ErrOrStderr(), "%s left out: --last 0 prints all\n", count(more, "earlier attempt"))
	}
	if len(logs) == 0 && !f.follow && !f.asJSON {
		fmt.Fprintln(c.ErrOrStderr(), "no such attempt: --state any prints those with a result too")
	}
	p := logPrinter{out: c.OutOrStdout(), asJSON: f.asJSON, printed: map[string]bool{}}
	if err := p.print(logs); err != nil || !f.follow {
		return err
	}
	exitWithReader(os.Stdout)
	filter.Last = 0
	first := time.Time{} // attempts before it were left out
	if more > 0 {
		first = p.last
	}
	mark := ""
	return poll(c.Context(), c.ErrOrStderr(), func(ctx context.Context) (ended bool, err error) {
		status, err := place.Status(ctx, f.sweep)
		if err != nil || status.AttemptsMark() == mark && !status.Ended() {
			return false, err
		}
		filter.Since = p.since(first)
		logs, _, err := place.Logs(ctx, filter)
		if err != nil {
			return false, err
		}
		mark = status.AttemptsMark()
		return status.Ended(), p.print(logs)
	})
}

// logPrinter prints each attempt once, and again when it has ended.
type logPrinter struct {
	out     io.Writer
	asJSON  bool
	printed map[string]bool
	last    time.Time // the latest time of an attempt that was printed
}

// commitTime bounds the time between the end of an attempt and the moment at which readers of
// the store see it: transactions of PostgreSQL may commit in another order than they began.
const commitTime = time.Minute

// since returns the time from which to read attempts again, which is not before first: those
// that were printed may have ended before others that are not yet visible.
func (p *logPrinter) since(first time.Time) time.Time {
	if since := p.last.Add(-commitTime); since.After(first) {
		return since
	}
	return first
}

func (p *logPrinter) print(logs []app.AttemptLog) error {
	for _, l := range logs {
		key := fmt.Sprint(l.Task, " ", l.Number, " ", l.Outcome)
		if p.printed[key] {
			continue
		}
		p.printed[key] = true
		if l.Time().After(p.last) {
			p.last = l.Time()
		}
		lines := []string{asLine(l)}
		if !p.asJSON {
			lines = logLines(l)
		}
		if _, err := fmt.Fprintln(p.out, strings.Join(lines, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// logLines returns an attempt as a line, with the lines of its log below it.
func logLines(l app.AttemptLog) []string {
	line := fmt.Sprintf("%s  task %s  %s  attempt %d  %s  on %s  steps %d-%d", l.Time().Local().Format(time.DateTime),
		sweep.ShortID(l.Task), l.Label, l.Number, l.Outcome, l.Host, l.FirstStep, l.LastStep)
	if l.Message != "" {
		line += ": " + l.Message
	}
	lines := []string{sweep.Printable(line)}
	if log := strings.TrimRight(l.Log, "\n"); log != "" {
		for text := range strings.SplitSeq(sweep.PrintableLines(log), "\n") {
			lines = append(lines, "    "+text)
		}
	}
	return lines
}
