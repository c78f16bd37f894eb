package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// limitFlags are the flags that say when the tasks of a sweep run, and its note.
type limitFlags struct {
	until    string
	parallel int
	note     string
}

func (f *limitFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.until, "until", "", "end by this `TIME`: 6h from now, at 18:30, or 2026-01-31T18:30:00+01:00")
	flags.IntVar(&f.parallel, "parallel", 0, "run at most `N` tasks of this sweep at a time; 0: any number (default: as before)")
	flags.StringVar(&f.note, "note", "", "`TEXT` that list, status and completeness.json show (default: as before)")
}

// maxParallel bounds --parallel. It is far above the slots of any fleet.
const maxParallel = 1_000_000

// set checks the flags and sets the fields of a run.
func (f *limitFlags) set(c *cobra.Command, config *app.Config, now time.Time) (err error) {
	config.Parallel, config.Note = queue.KeepParallel, f.note
	if c.Flags().Changed("parallel") {
		config.Parallel = f.parallel
	}
	switch {
	case f.parallel < 0 || f.parallel > maxParallel:
		return usage("--parallel %d: must be from 0 to %d", f.parallel, maxParallel)
	case !wire.IsLabel(f.note):
		return usage("--note %.40q: must be one line of at most %d bytes of printable text", f.note, wire.MaxLabel)
	case f.until != "":
		if config.Until, err = parseUntil(f.until, now); err != nil {
			return usage("--until %w", err)
		}
	}
	return nil
}

// parseUntil returns the time that a text means: a duration from now, a time of day in the
// location of now, today or tomorrow, or a time in the form of RFC 3339. It must be after
// now.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		if d <= 0 {
			return time.Time{}, fmt.Errorf("%q: must be above 0", text)
		}
		return now.Add(d), nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		clock, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		year, month, day := now.Date()
		for {
			at := time.Date(year, month, day, clock.Hour(), clock.Minute(), clock.Second(), 0, now.Location())
			if at.After(now) {
				return at, nil
			}
			day++
		}
	}
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("%q: must be a duration such as 6h or 90m, a time of day such as 18:30, or a time such as %s",
			text, now.Add(6*time.Hour).Format(time.RFC3339))
	case !at.After(now):
		return time.Time{}, fmt.Errorf("%q has passed: it is %s now", text, now.Format(time.RFC3339))
	}
	return at, nil
}

// limitsText describes the limits of a sweep in words, or returns "".
func limitsText(l app.Limits) string {
	var parts []string
	if l.Paused {
		parts = append(parts, "paused")
	}
	if l.Parallel > 0 {
		parts = append(parts, fmt.Sprintf("at most %s at a time", count(l.Parallel, "task")))
	}
	if !l.Until.IsZero() {
		parts = append(parts, "until "+l.Until.Local().Format(time.DateTime))
	}
	return strings.Join(parts, ", ")
}

// printLeftOut prints which tasks could not end in time, and how to go on.
func (t *terminal) printLeftOut(last app.Progress) {
	left := last.Counts.Pending + last.Counts.Leased
	more := ""
	if last.MoreExpected {
		more = ", and results may decide on more"
	}
	t.say("left out: %s of %d, which could not end by %s: they need about %s of one core%s; to go on, run again\n  %s",
		count(left, "task"), last.Counts.Planned, last.Sweep.Until.Local().Format(time.DateTime), formatDuration(last.WorkLeft), more,
		resumeCommand(os.Args[1:]))
}

// pauseOperation returns the command pause or resume.
func pauseOperation(paused bool) *operation {
	o := &operation{
		Command: cobra.Command{
			Use:        "resume [SWEEP]",
			SuggestFor: []string{"unpause", "continue"},
			Short:      "Let a paused sweep go on",
			Long: `Lets a sweep go on that "coordinator pause" has paused: that of the output folder,
or the one with that ID or name.`,
		},
	}
	if paused {
		o.Command = cobra.Command{
			Use:        "pause [SWEEP]",
			SuggestFor: []string{"hold", "suspend", "freeze"},
			Short:      "Run no task of a sweep until it is resumed",
			Long: `Pauses the sweep of the output folder, or the one with that ID or name. None of its
tasks is started, and workers hand back those that run, with a checkpoint, at their
next call: within a quarter of the lease term. Tasks that another sweep needs too go
on. The pause outlasts the coordinator; "coordinator resume" ends it.`,
		}
	}
	o.Example = fmt.Sprintf("  coordinator %s --out runs/figure-s1\n  coordinator %[1]s figure-s1 --coordinator runs/serve/operator.json", o.Name())
	o.Args = program.NamedArguments(1)
	o.do = func(r request) error {
		name := strings.Join(r.arguments, "")
		before, err := r.place.Pause(r.Context(), name, paused)
		if err != nil {
			return err
		}
		subject := "sweep " + sweep.Printable(before.Sweep.Name)
		if before.Counts.Finished() && !before.MoreExpected {
			subject += " has finished, and"
		}
		switch {
		case paused && before.Sweep.Paused:
			return r.print("%s is paused, as before", subject)
		case paused:
			return r.print("%s is paused: `%s` resumes it", subject, r.flags.command(append([]string{"resume"}, r.arguments...)...))
		case before.Sweep.Paused:
			return r.print("%s is no longer paused", subject)
		}
		return r.print("%s is not paused; `coordinator` without a command starts it, or goes on with it", subject)
	}
	return o
}
