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
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"spiqsweep/coordinator/app"
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

	mu  sync.Mutex // guards what follows, and the order of what is written
	bar *progressbar.ProgressBar
	// Of the last plain line: when, and what it said.
	lineAt   time.Time
	tenths   int
	failed   int
	working  bool
	deserted bool
}

// newTerminal talks to a writer, with a bar if that is a terminal.
func newTerminal(out io.Writer) *terminal {
	return &terminal{out: out, isBar: isTerminal(out), done: "done"}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// say prints a sentence.
func (t *terminal) say(format string, a ...any) { fmt.Fprintf(t, format+"\n", a...) }

// Write prints lines, of the log for instance, above the bar.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar == nil {
		return t.out.Write(p)
	}
	_ = t.bar.Clear()
	n, err := t.out.Write(p)
	_ = t.bar.RenderBlank()
	return n, err
}

// follow shows how a sweep gets on.
func (t *terminal) follow(p app.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isBar {
		t.draw(p)
		return
	}
	tenths := 10 * p.Counts.Done / max(p.Counts.Planned, 1)
	begins := !t.working && p.Running() > 0
	news := t.lineAt.IsZero() || begins || tenths > t.tenths || p.Failed() > t.failed || p.Deserted != t.deserted ||
		time.Since(t.lineAt) >= time.Minute
	if !news {
		return
	}
	t.lineAt, t.tenths, t.failed, t.working, t.deserted = time.Now(), tenths, p.Failed(), t.working || begins, p.Deserted
	fmt.Fprintf(t.out, "%d of %d tasks %s, %s\n", p.Counts.Done, p.Counts.Planned, t.done, details(p))
}

func (t *terminal) draw(p app.Progress) {
	if t.bar == nil {
		t.bar = progressbar.NewOptions(p.Counts.Planned,
			progressbar.OptionSetWriter(t.out),
			progressbar.OptionSetWidth(20),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetTheme(progressbar.ThemeASCII),
		)
	}
	t.bar.ChangeMax(p.Counts.Planned)
	t.bar.Describe(details(p))
	_ = t.bar.Set(p.Counts.Done)
}

// details are what a bar does not show.
func details(p app.Progress) string {
	running := fmt.Sprintf("%d running", p.Running())
	if trained := p.Trained(); trained >= 0.01 {
		running += fmt.Sprintf(" (%.0f %% trained)", 100*trained)
	}
	parts := []string{fmt.Sprintf("%d failed", p.Failed()), running}
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
		_ = t.bar.Clear()
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
