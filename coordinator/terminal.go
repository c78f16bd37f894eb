package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// terminal prints messages and progress. The conventions:
//
//   - data goes to standard output, messages go to standard error, so that a pipe
//     carries data alone;
//   - a sentence begins in lower case and has no full stop; an error begins with
//     the program's name; the fix follows a colon;
//   - on a terminal, progress is a bar; in a file or pipe, it is a line at the start
//     and when work begins, then one for each tenth of the tasks or once a minute;
//   - colour marks levels of the log, on a terminal only, and never with NO_COLOR.
type terminal struct {
	out   io.Writer
	isBar bool
	done  string // the word for finished tasks

	columns func() int // width of the terminal

	mu    sync.Mutex    // guards the fields below, and orders the output
	bar   *app.Progress // shown in the last line; nil if there is none
	drawn int           // columns of that line
	// Time and content of the last plain line:
	lineAt   time.Time
	tenths   int
	failed   int
	working  bool
	deserted bool
	paused   bool
	printed  map[string]bool // kinds of failure that were printed
}

// newTerminal returns a terminal that writes to out, with a bar if out is a terminal.
func newTerminal(out io.Writer) *terminal {
	return &terminal{out: out, isBar: isTerminal(out), done: "done", columns: func() int { return columns(out) }}
}

// columns returns the width of a terminal, or 80 if it is unknown.
func columns(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// isTerminal reports whether w is a terminal on which a line can be overwritten.
func isTerminal(w io.Writer) bool { return isRead(w) && os.Getenv("TERM") != "dumb" }

// isRead reports whether w is a terminal, also one that prints lines alone.
func isRead(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// say prints a line. It escapes control characters, since the text may contain names
// and messages from outside.
func (t *terminal) say(format string, a ...any) {
	fmt.Fprintln(t, sweep.PrintableLines(fmt.Sprintf(format, a...)))
}

// Write prints lines, such as those of the log, above the bar.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.redraw("")
		defer func() { t.redraw(barLine(*t.bar, t.columns()-1)) }()
	}
	_, _ = t.out.Write(p) // the sweep goes on if standard error is closed
	return len(p), nil
}

// follow shows the progress of a sweep, and the first failure of each kind.
func (t *terminal) follow(p app.Progress) {
	for _, reason := range t.newFailures(p) {
		t.say("a task failed: %s", sweep.Printable(reason))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isBar {
		t.bar = &p
		t.redraw(barLine(p, t.columns()-1))
		return
	}
	tenths := 10 * p.Counts.Done / max(p.Counts.Planned, 1)
	begins := !t.working && p.Counts.Running() > 0
	news := t.lineAt.IsZero() || begins || tenths > t.tenths || p.Incomplete() > t.failed || p.Deserted != t.deserted || p.Sweep.Paused != t.paused ||
		time.Since(t.lineAt) >= time.Minute
	if !news {
		return
	}
	t.lineAt, t.tenths, t.failed, t.working, t.deserted, t.paused = time.Now(), tenths, p.Incomplete(), t.working || begins, p.Deserted, p.Sweep.Paused
	fmt.Fprintf(t.out, "%d of %d tasks %s, %s\n", p.Counts.Done, p.Counts.Planned, t.done, details(p))
}

// Times after which a plan that takes long is announced, and announced again.
const (
	planningAfter = 2 * time.Second
	planningEvery = 10 * time.Second
)

// followPlanning returns a function to call often while a grid is planned. It prints how
// far the plan is, if that takes longer than planningAfter.
func (t *terminal) followPlanning(now func() time.Time) func(activity string, done, of int) {
	next := now().Add(planningAfter)
	return func(activity string, done, of int) {
		if at := now(); !at.Before(next) {
			t.say("%s: %d of %d tasks so far", activity, done, of)
			next = at.Add(planningEvery)
		}
	}
}

// newFailures returns the reasons of failures whose kind was not printed before.
func (t *terminal) newFailures(p app.Progress) (reasons []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, row := range p.Failed {
		kind := sweep.FailureKind(row.Reason)
		if t.printed[kind] || row.Reason == queue.CancelledByOperator {
			continue
		}
		if t.printed == nil {
			t.printed = map[string]bool{}
		}
		t.printed[kind] = true
		reasons = append(reasons, row.Reason)
	}
	return reasons
}

// redraw replaces the last line. It overwrites the old line with spaces, since not
// every terminal supports escape sequences.
func (t *terminal) redraw(line string) {
	fmt.Fprintf(t.out, "\r%s\r%s", strings.Repeat(" ", min(t.drawn, t.columns()-1)), line)
	t.drawn = len(line)
}

// Widths of the bar. It is shortened if the details would not fit next to it, and
// omitted if it would be shorter than minBar.
const maxBar, minBar = 20, 5

// barLine returns a line of progress in ASCII with at most that many columns: a longer
// one would wrap, and each refresh would scroll the terminal. Details that do not fit
// are omitted, the last ones first.
func barLine(p app.Progress, columns int) string {
	planned := max(p.Counts.Planned, 1)
	counts := fmt.Sprintf("%3d%% (%d/%d)", 100*p.Counts.Done/planned, p.Counts.Done, p.Counts.Planned)
	line, separator := counts, " "
	for part := range strings.SplitSeq(details(p), ", ") {
		if len(line)+len(separator)+len(part) > columns {
			break
		}
		line, separator = line+separator+part, ", "
	}
	if width := min(maxBar, columns-len(line)-3); width >= minBar {
		full := width * p.Counts.Done / planned
		bar := "[" + strings.Repeat("#", full) + strings.Repeat(" ", width-full) + "] "
		line = line[:5] + bar + line[5:]
	}
	return line[:max(0, min(len(line), columns))]
}

// details returns the numbers that a bar does not show, the most important first.
func details(p app.Progress) string {
	running := fmt.Sprintf("%d running", p.Counts.Running())
	if trained := p.Trained(); trained >= 0.01 {
		running += fmt.Sprintf(" (%.0f %% trained)", 100*trained)
	}
	parts := []string{fmt.Sprintf("%d failed", p.Incomplete()), running}
	if p.Sweep.Paused {
		parts = append(parts, "paused")
	}
	if p.MoreExpected {
		parts = append(parts, "more may follow")
	}
	if n := p.Counts.Verifying; n > 0 {
		parts = append(parts, fmt.Sprintf("%d being verified", n))
	}
	switch leaving := p.Workforce.Leaving; {
	case p.Deserted:
		parts = append(parts, "no worker is left: waiting for one")
	case p.Workforce.Processes == 0 && !p.Counts.Finished():
		parts = append(parts, "no worker yet")
	case leaving > 0:
		parts = append(parts, fmt.Sprintf("%d leaving", leaving))
	}
	if p.Gained > 0 && !p.Sweep.Paused {
		parts = append(parts, formatNumber(p.PerMinute())+" per minute")
	}
	if p.TimeLeft > 0 && !p.Counts.Finished() {
		parts = append(parts, formatDuration(p.TimeLeft)+" left")
	}
	return strings.Join(parts, ", ")
}

// formatNumber formats a number with two digits or without a fraction, and never with an
// exponent.
func formatNumber(x float64) string {
	if x >= 10 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 2, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// close removes the bar.
func (t *terminal) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.redraw("")
		t.bar = nil
	}
}

// colour returns whether the log marks its levels in colour.
func (t *terminal) colour() hclog.ColorOption {
	if t.isBar && os.Getenv("NO_COLOR") == "" {
		return hclog.ForceColor
	}
	return hclog.ColorOff
}

// formatDuration rounds a duration to two or three digits, with its unit.
func formatDuration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	default:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
}

// suggest prints the command that is likely to be useful next, as a message.
func suggest(c *cobra.Command, to string, arguments ...string) {
	fmt.Fprintln(c.ErrOrStderr(), sweep.PrintableLines(fmt.Sprintf("to %s, run\n  %s", to, commandLine("coordinator", arguments...))))
}

// hint suggests a command after an answer on a terminal: an answer in a pipe or a file is read by
// a program.
func hint(c *cobra.Command, to string, arguments ...string) {
	hintAt(c, to, commandLine("coordinator", arguments...))
}

// hintAt is hint for a command line.
func hintAt(c *cobra.Command, to, line string) {
	if out, ok := c.OutOrStdout().(*program.Output); ok && out.IsTerminal {
		fmt.Fprintln(c.ErrOrStderr(), sweep.PrintableLines(fmt.Sprintf("to %s, run\n  %s", to, line)))
	}
}

// printJSON prints one value as indented JSON.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(program.JSONWriter{Writer: out})
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
