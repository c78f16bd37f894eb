package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/term"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// How the program talks:
//
//   - data goes to standard output, talk to standard error, so that a pipe
//     carries data alone;
//   - a sentence begins in lower case and has no full stop; an error begins with
//     the program's name; what to do about it follows a colon;
//   - on a terminal a sweep's progress is a bar; elsewhere it is a line at first
//     and when work begins, then one for each tenth of the tasks or once a minute;
//   - colour only marks levels in the log, only on a terminal, and never with NO_COLOR.
type terminal struct {
	out   io.Writer
	isBar bool
	done  string // what becomes of a task

	columns func() int // width of the terminal

	mu    sync.Mutex    // guards what follows, and the order of what is written
	bar   *app.Progress // shown in the last line; nil: none
	drawn int           // columns of that line
	// Of the last plain line: when, and what it said.
	lineAt   time.Time
	tenths   int
	failed   int
	working  bool
	deserted bool
	printed  map[string]bool // kinds of failure that were printed
}

// newTerminal talks to a writer, with a bar if that is a terminal.
func newTerminal(out io.Writer) *terminal {
	return &terminal{out: out, isBar: isTerminal(out), done: "done", columns: func() int { return columns(out) }}
}

// columns returns the width of a terminal, 80 where it is not known.
func columns(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// say prints a sentence. Names and messages of others are in it: it holds nothing
// that the terminal would obey.
func (t *terminal) say(format string, a ...any) {
	fmt.Fprintln(t, sweep.PrintableLines(fmt.Sprintf(format, a...)))
}

// Write prints lines, of the log for instance, above the bar.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.redraw("")
		defer func() { t.redraw(barLine(*t.bar, t.columns()-1)) }()
	}
	_, _ = t.out.Write(p) // a sweep whose talk nobody can read goes on
	return len(p), nil
}

// follow shows how a sweep gets on, and of each kind of failure the first.
func (t *terminal) follow(p app.Progress) {
	for _, reason := range t.news(p) {
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
	begins := !t.working && p.Running() > 0
	news := t.lineAt.IsZero() || begins || tenths > t.tenths || p.Incomplete() > t.failed || p.Deserted != t.deserted ||
		time.Since(t.lineAt) >= time.Minute
	if !news {
		return
	}
	t.lineAt, t.tenths, t.failed, t.working, t.deserted = time.Now(), tenths, p.Incomplete(), t.working || begins, p.Deserted
	fmt.Fprintf(t.out, "%d of %d tasks %s, %s\n", p.Counts.Done, p.Counts.Planned, t.done, details(p))
}

// news returns the reasons of failed tasks of kinds that were not printed before.
func (t *terminal) news(p app.Progress) (reasons []string) {
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

// redraw replaces the last line. The line before is overwritten with spaces, since
// not every terminal obeys escape sequences.
func (t *terminal) redraw(line string) {
	fmt.Fprintf(t.out, "\r%s\r%s", strings.Repeat(" ", min(t.drawn, t.columns()-1)), line)
	t.drawn = len(line)
}

// The bar is shortened where the details would not fit beside it, and left out
// where it would be shorter than minBar.
const maxBar, minBar = 20, 5

// barLine returns a line of progress of at most so many columns, all ASCII: a
// longer one would wrap, and each refresh would scroll the terminal. Details that
// do not fit are left out, the last ones first.
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

// details are what a bar does not show, in the order of their weight.
func details(p app.Progress) string {
	running := fmt.Sprintf("%d running", p.Running())
	if trained := p.Trained(); trained >= 0.01 {
		running += fmt.Sprintf(" (%.0f %% trained)", 100*trained)
	}
	parts := []string{fmt.Sprintf("%d failed", p.Incomplete()), running}
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
	if p.Gained > 0 {
		parts = append(parts, rough(p.PerMinute())+" per minute")
	}
	if p.TimeLeft > 0 && !p.Counts.Finished() {
		parts = append(parts, spell(p.TimeLeft)+" left")
	}
	return strings.Join(parts, ", ")
}

// rough writes a number of two digits or without a fraction, never with an exponent.
func rough(x float64) string {
	if x >= 10 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 2, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// close ends the bar's line.
func (t *terminal) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.redraw("")
		t.bar = nil
	}
}

// colour says whether the log marks its levels.
func (t *terminal) colour() hclog.ColorOption {
	if t.isBar && os.Getenv("NO_COLOR") == "" {
		return hclog.ForceColor
	}
	return hclog.ColorOff
}

// spell rounds a duration to what a person wants to know.
func spell(d time.Duration) string {
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
