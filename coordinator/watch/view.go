package watch

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
)

// chrome is the number of lines of a screen around its content: the title and the keys.
const chrome = 2

// Styles of the terminal's own palette, which suits its background.
var (
	bold     = ansi.NewStyle(ansi.AttrBold)
	alarm    = ansi.NewStyle(ansi.AttrBold, ansi.AttrRedForegroundColor)
	failures = ansi.NewStyle(ansi.AttrRedForegroundColor)
	selected = ansi.NewStyle(ansi.AttrReverse)
)

// Times without a new state after which it is shown: after an error, and while an answer is
// awaited. A coordinator that starts or ends makes one reading fail.
const (
	shownOutage = 2 * time.Second
	slowReading = 5 * time.Second
)

// view returns the screen: at most height lines of at most width columns.
func (m model) view() string {
	var lines []string
	if m.screen == tableScreen {
		lines = m.table()
	} else {
		title, keys := m.title()
		content, first := m.content(), m.visible()
		lines = append(lines, bold.Styled(m.fit(title)))
		for i := range max(0, m.height-chrome) {
			line := ""
			if first+i < len(content) {
				line = content[first+i]
			}
			lines = append(lines, m.fit(line))
		}
		lines = append(lines, m.fit(keys))
	}
	return strings.Join(lines[:min(len(lines), m.height)], "\n")
}

// count formats a number with its noun.
func count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// fit shortens a line to the width.
func (m model) fit(line string) string { return ansi.Truncate(line, m.width, "..") }

// head returns the lines above the table: the most important first.
func (m model) head() []string {
	s := m.state.Status
	if !m.isRead {
		lines := []string{"reading the sweep ..."}
		if m.err != nil {
			lines = append(lines, m.trouble())
		}
		return lines
	}
	counts := fmt.Sprintf("%d of %d done, %s, %d failed", s.Tasks.Done, s.Tasks.Planned, s.Tasks.Unfinished(), s.Tasks.Failed)
	if s.Tasks.Diverged > 0 {
		counts += fmt.Sprintf(", %d diverged", s.Tasks.Diverged)
	}
	second := count(s.WorkersPresent, "worker")
	if outlook, _, _ := strings.Cut(m.outlook(s), "\n"); outlook != "" {
		second += "; " + outlook
	}
	if s.Ended() {
		second = "the sweep has ended: q leaves"
	}
	if trouble := m.trouble(); trouble != "" {
		second = trouble
	}
	third := "geometric mean of " + m.statistic
	if at := slices.Index(m.state.Statistics, m.statistic); at >= 0 {
		third += fmt.Sprintf(" (%d of %d)", at+1, len(m.state.Statistics))
	}
	third += "; sorted by " + orderNames[m.sortedBy]
	if m.reversed {
		third += ", reversed"
	}
	if m.filter != "" && !m.typing {
		third += fmt.Sprintf("; filter %q: %d of %d", m.filter, len(m.shown), len(m.state.Configurations))
	}
	return []string{bold.Styled(m.fit(sweep.Printable(s.Name) + ": " + counts)), second, third}
}

// trouble returns why the state is not the present one, or "".
func (m model) trouble() string {
	age := m.now.Sub(m.readAt).Round(time.Second)
	switch {
	case m.err != nil && age >= shownOutage:
		return alarm.Styled(m.fit(fmt.Sprintf("no state for %v, trying again: %s", age, sweep.Printable(m.err.Error()))))
	case m.isRead && age > slowReading:
		return alarm.Styled(m.fit(fmt.Sprintf("no answer for %v", age)))
	}
	return ""
}

// headLines returns the number of lines above the rows of the table: fewer on a small terminal.
func (m model) headLines() int {
	switch {
	case m.height >= 8:
		return 4 // with the names of the columns
	case m.height >= 5:
		return 2
	default:
		return 1
	}
}

// rows returns the number of visible rows of the table.
func (m model) rows() int {
	rows := m.height - m.headLines()
	if m.height >= 5 {
		rows-- // for the keys
	}
	return max(0, rows)
}

func (m model) table() []string {
	lines := m.head()
	columns := m.columns()
	for len(lines) < m.headLines() {
		if len(lines) == 3 {
			lines = append(lines, m.line(columns, func(c column) string { return c.name }))
		} else {
			lines = append(lines, "")
		}
	}
	lines = lines[:m.headLines()]
	statistic := slices.Index(m.state.Statistics, m.statistic)
	top := m.window()
	for i := range m.rows() {
		at := top + i
		if at >= len(m.shown) {
			line := ""
			if i == 0 && m.isRead && m.filter != "" {
				line = "no configuration has this text: Esc removes the filter"
			}
			lines = append(lines, line)
			continue
		}
		position := m.shown[at]
		c := m.state.Configurations[position]
		line := m.line(columns, func(column column) string { return column.cell(c, m.state.Running[position], statistic) })
		switch {
		case position == m.selected:
			line = selected.Styled(line)
		case c.Failed+c.Diverged > 0:
			line = failures.Styled(line)
		}
		lines = append(lines, line)
	}
	if m.height >= 5 {
		keys := "q quit  ? help  / filter  s sort  e error  enter log  w workers"
		if m.typing {
			keys = "filter: " + m.filter + "_"
		}
		lines = append(lines, keys)
	}
	for i := range lines {
		lines[i] = m.fit(lines[i])
	}
	return lines
}

// window returns the first visible row: the selection is in the middle, unless the table begins
// or ends there.
func (m model) window() int {
	rows := m.rows()
	at := max(0, slices.Index(m.shown, m.selected))
	return max(0, min(at-rows/2, len(m.shown)-rows))
}

// column is a column of the table.
type column struct {
	name  string
	width int
	cell  func(c app.ConfigurationState, running, statistic int) string
}

// Widths of the table.
const (
	labelLeast  = 12
	columnSpace = 2
	barWidth    = 10
)

// columns returns the columns that fit next to the labels, but the first two also next to
// shortened ones. The first that does not fit is omitted with all after it.
func (m model) columns() []column {
	number := func(v float64, ok bool) string {
		if !ok || math.IsNaN(v) {
			return "-"
		}
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	all := []column{
		{"done", 9, func(c app.ConfigurationState, _, _ int) string { return fmt.Sprintf("%d/%d", c.Done, c.Tasks) }},
		{"error", 9, func(c app.ConfigurationState, _, statistic int) string {
			mean, _, ok := mean(c, statistic)
			return number(mean, ok)
		}},
		{"run", 4, func(_ app.ConfigurationState, running, _ int) string { return strconv.Itoa(running) }},
		{"failed", 6, func(c app.ConfigurationState, _, _ int) string { return strconv.Itoa(c.Failed + c.Diverged) }},
		{"floor", 9, func(c app.ConfigurationState, _, statistic int) string {
			_, floor, ok := mean(c, statistic)
			return number(floor, ok)
		}},
		{"progress", barWidth + 2, func(c app.ConfigurationState, _, _ int) string {
			full := barWidth * c.Done / max(1, c.Tasks)
			return "[" + strings.Repeat("#", full) + strings.Repeat(" ", barWidth-full) + "]"
		}},
	}
	left := m.width
	for i, c := range all {
		least := labelLeast
		if i >= 2 {
			least = max(least, m.longest)
		}
		if left -= c.width + columnSpace; left < least {
			return all[:i]
		}
	}
	return all
}

// mean is Mean for a statistic that may be unknown, which is -1.
func mean(c app.ConfigurationState, statistic int) (mean, floor float64, ok bool) {
	if statistic < 0 {
		return 0, 0, false
	}
	return c.Mean(statistic)
}

// line returns a row of the table; the label is that of the configuration whose cells are given.
func (m model) line(columns []column, cell func(column) string) string {
	width := m.width
	for _, c := range columns {
		width -= c.width + columnSpace
	}
	width = max(0, min(width, m.longest))
	label := column{"configuration", width, func(c app.ConfigurationState, _, _ int) string { return sweep.Printable(c.Label) }}
	text := ansi.Truncate(cell(label), width, "..")
	var line strings.Builder
	line.WriteString(text)
	line.WriteString(strings.Repeat(" ", max(0, width-ansi.StringWidth(text))))
	for _, c := range columns {
		fmt.Fprintf(&line, "%*s", c.width+columnSpace, ansi.Truncate(cell(c), c.width, ""))
	}
	return line.String()
}

// title returns the first line and the keys of another screen than the table.
func (m model) title() (title, keys string) {
	keys = "q quit  esc back  up/down scroll"
	switch m.screen {
	case workerScreen:
		return count(m.state.WorkersPresent, "worker"), keys
	case logScreen:
		return "attempts of " + sweep.Printable(m.label), keys + "  r read again"
	case helpScreen, tableScreen:
	}
	return "keys", keys
}

// content returns the lines of another screen than the table.
func (m model) content() []string {
	switch m.screen {
	case workerScreen:
		return m.workers()
	case logScreen:
		var lines []string
		for _, line := range m.lines {
			lines = append(lines, strings.Split(ansi.Wrap(sweep.Printable(line), max(1, m.width), ""), "\n")...)
		}
		return lines
	case helpScreen, tableScreen:
	}
	return helpLines
}

var helpLines = strings.Split(`q, Ctrl-C     leave; the sweep goes on
up, down      select a configuration (also k, j, page up and down, home, end)
enter         show the attempts of the configuration with their logs
s, S          sort by the next or the previous column
r             reverse the order
e, E          show the next or the previous error
/             filter the configurations by a text such as n=4
esc           remove the filter; go back to the table
w             show the workers
?             show the keys
Ctrl-Z        suspend; fg goes on

done          finished tasks of all tasks of the configuration
error         geometric mean over the replicates that are done
run           tasks at workers: running or queued
floor         the expected error of the true law
failed        failed or diverged tasks`, "\n")

func (m model) workers() []string {
	if len(m.state.Workers) == 0 {
		return []string{"no worker is present"}
	}
	var lines []string
	for _, w := range m.state.Workers {
		line := fmt.Sprintf("%s  %s  %s  %s  last seen %v ago", sweep.Printable(sweep.ShortID(w.Process)), sweep.Printable(w.Location()),
			sweep.Printable(w.Kernel), count(int(w.Slots), "slot"), m.state.AsOf.Sub(w.LastSeen).Round(time.Second))
		if w.Draining {
			line += ", leaving"
		}
		lines = append(lines, line)
		for _, r := range w.Running {
			lines = append(lines, fmt.Sprintf("  task %s  attempt %d  %s", sweep.Printable(sweep.ShortID(r.Task)), r.Attempt, r.Progress()))
		}
	}
	if more := m.state.WorkersPresent - len(m.state.Workers); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}
