package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/watch"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// watchFlags are the flags of status that watch a sweep.
type watchFlags struct {
	watch     bool
	statistic string
}

const (
	watchFlag     = "watch"
	statisticFlag = "statistic"
)

func (f *watchFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.watch, watchFlag, false, "stay, and show what changes")
	c.Flags().StringVar(&f.statistic, statisticFlag, summaryErrors[0], "`COLUMN` of results.csv with the error to show first with --watch")
}

// check refuses a statistic that does not exist.
func (f *watchFlags) check(c *cobra.Command) error {
	if !f.watch {
		return ignored(c, "a status that is printed once", "give --"+watchFlag, statisticFlag)
	}
	columns := sweep.ErrorColumns()
	if slices.Contains(columns, f.statistic) {
		return nil
	}
	if nearest := sweep.NearestColumn(f.statistic, columns); nearest != "" {
		return usage("--%s %q: no error has this name; did you mean %s?", statisticFlag, f.statistic, nearest)
	}
	return usage("--%s %q: must be %s", statisticFlag, f.statistic, strings.Join(columns[:len(columns)/2], ", ")+", or one of them after heldout_")
}

// watchesScreen reports whether a command fills a terminal, which it must restore before the
// program ends.
func watchesScreen(c *cobra.Command) bool {
	f := c.Flags().Lookup(watchFlag)
	return f != nil && f.Value.String() == "true" && c.Flags().Lookup("json").Value.String() != "true" && isTerminal(os.Stdout)
}

// run watches a sweep on a terminal until the user leaves. In a file or a pipe, it prints lines
// until the sweep ends.
func (f *watchFlags) run(c *cobra.Command, place app.Place, flags *placeFlags, asJSON bool) error {
	ctx := c.Context()
	if !watchesScreen(c) {
		exitWithReader(os.Stdout)
		if err := awaitPlan(ctx, c.ErrOrStderr(), place, flags.sweepName); err != nil {
			return err
		}
		w := lineWatcher{out: c.OutOrStdout(), flags: flags, asJSON: asJSON}
		return poll(ctx, c.ErrOrStderr(), func(ctx context.Context) (ended bool, err error) {
			status, err := place.Status(ctx, flags.sweepName)
			if err == nil {
				err = w.print(status)
			}
			return status.Ended(), err
		})
	}
	limitMemory()
	if err := awaitPlan(ctx, c.ErrOrStderr(), place, flags.sweepName); err != nil {
		return err
	}
	observer := place.Observe(flags.sweepName)
	if _, err := observer.Read(ctx); err != nil { // before the screen is cleared
		return err
	}
	source := watch.Source{
		Read: observer.Read,
		Log: func(ctx context.Context, c app.ConfigurationState) ([]string, error) {
			logs, more, err := place.Logs(ctx, app.LogFilter{Sweep: flags.sweepName, Rows: c.Rows, Outcomes: app.AttemptOutcomes, Last: shownAttempts})
			var lines []string
			for _, l := range logs {
				lines = append(lines, logLines(l)...)
			}
			switch {
			case len(logs) == 0:
				lines = []string{"no task of the configuration has been attempted"}
			case more > 0:
				lines = slices.Insert(lines, 0, fmt.Sprintf("%d earlier attempts are left out: `coordinator logs` prints them", more))
			}
			return lines, err
		},
		Outlook: func(s app.Status) string { return outlook(s, flags) },
	}
	return watch.Run(ctx, source, f.statistic, os.Stdin, os.Stdout)
}

// longPlan is the number of polls after which a plan takes longer than those of most sweeps.
const longPlan = 20

// awaitPlan waits while a run plans its sweep, and prints to errors that it does. It returns nil
// when there is a state to read, and any other error of reading it at once.
func awaitPlan(ctx context.Context, errors io.Writer, place app.Place, name string) error {
	for polls := 0; ; polls++ {
		_, err := place.Status(ctx, name)
		if err == nil || !app.IsStarting(err) {
			return err
		}
		switch polls {
		case 0:
			complain(errors, "%v: waiting for its plan", app.ErrStarting)
		case longPlan:
			complain(errors, "still no plan after %v: if no run is at work there, the last one was killed: start it again", longPlan*pollEvery)
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// shownAttempts is the number of attempts whose logs the screen shows.
const shownAttempts = 100

const (
	// pollEvery is the pause between two readings of the state for lines.
	pollEvery = time.Second
	// pollPauseFactor is the least ratio of the pause to the duration of the reading before
	// it, so that the coordinator of a large sweep has time for its workers, and longestPoll
	// bounds the pause.
	pollPauseFactor = 5
	longestPoll     = 30 * time.Second
)

// shownOutages is the number of failures in a row after which an outage is printed.
const shownOutages = 3

// poll repeats a step until the sweep has ended, and tries again after outages, which it prints
// to errors.
func poll(ctx context.Context, errors io.Writer, step func(context.Context) (ended bool, err error)) error {
	problem, outages := "", 0 // the last error that was printed, and the failures in a row
	for first := true; ; first = false {
		began := time.Now()
		ended, err := step(ctx)
		pause := min(max(pollEvery, pollPauseFactor*time.Since(began)), longestPoll)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && (first || !isOutage(err)):
			return err
		case err == nil && ended:
			return nil
		case err == nil:
			problem, outages = "", 0
		default:
			// A coordinator that starts or ends makes one reading fail.
			if outages++; outages < shownOutages || err.Error() == problem {
				break
			}
			problem = err.Error()
			complain(errors, "no state, trying again: %v", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// isOutage reports whether reading may succeed later. That a sweep does not exist is no outage,
// although no coordinator that runs may say so.
func isOutage(err error) bool { return app.IsOutage(err) && !errors.Is(err, queue.ErrUnknown) }

// lineWatcher prints a line when the state of a sweep changes.
type lineWatcher struct {
	out    io.Writer
	flags  *placeFlags
	asJSON bool
	last   string // what was printed last, without the times in it
}

// print prints the status if it differs from the last one in more than times.
func (w *lineWatcher) print(s app.Status) error {
	line, essence := w.line(s)
	if essence == w.last {
		return nil
	}
	w.last = essence
	_, err := fmt.Fprintln(w.out, line)
	return err
}

// line returns the line of a status, and what must differ for it to be printed.
func (w *lineWatcher) line(s app.Status) (line, essence string) {
	if w.asJSON {
		return asLine(s), asLine(withoutTimes(s))
	}
	parts := fmt.Sprintf("%d of %d tasks done, %s, %d failed, %d diverged, %s",
		s.Tasks.Done, s.Tasks.Planned, s.Tasks.Unfinished(), s.Tasks.Failed, s.Tasks.Diverged, count(s.WorkersPresent, "worker"))
	if s.MoreExpected {
		parts += ", more may follow"
	}
	timeless := s
	timeless.SecondsLeft = 0
	return s.AsOf.Local().Format(time.DateTime) + " " + parts + w.hint(s), parts + w.hint(timeless)
}

// hint returns the outlook in one line, or "".
func (w *lineWatcher) hint(s app.Status) string {
	text := strings.Join(strings.Fields(outlook(s, w.flags)), " ")
	if text == "" {
		return ""
	}
	return "; " + text
}

// withoutTimes returns a status without what changes while nothing happens.
func withoutTimes(s app.Status) app.Status {
	s.AsOf, s.SecondsLeft, s.WorkLeft = time.Time{}, 0, 0
	s.Workers = slices.Clone(s.Workers)
	for i := range s.Workers {
		s.Workers[i].LastSeen = time.Time{}
	}
	return s
}

// asLine returns a value as JSON in one line.
func asLine(value any) string {
	var line strings.Builder
	_ = json.NewEncoder(program.JSONWriter{Writer: &line}).Encode(value) // a status is always encoded
	return strings.TrimSuffix(line.String(), "\n")
}
