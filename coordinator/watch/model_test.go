package watch

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/coordinator/app"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// overview returns a sweep with four configurations: the second has the larger error, the third
// runs, and the last has failed.
func overview() app.Overview {
	errors := func(k, rate float64) []app.ErrorSum {
		return []app.ErrorSum{{Replicates: 2, Logarithms: 2 * math.Log(k), Floor: 1e-6}, {Replicates: 2, Logarithms: 2 * math.Log(rate), Floor: 1e-3}}
	}
	return app.Overview{
		Status: app.Status{
			Name: "demo", Running: true, AsOf: began, WorkersPresent: 1,
			Tasks:   app.TaskCounts{Planned: 8, Done: 4, Running: 1, Pending: 1, Failed: 2},
			Workers: []app.Worker{{Process: "0123456789abcdef", Host: "node17", EngineJob: "Slurm job 12_3", Kernel: "avx2", Slots: 1, LastSeen: began.Add(-2 * time.Second), Running: []app.RunningTask{{Task: "fedcba9876543210", Attempt: 3, Step: 7, Steps: 90}}}},
		},
		Statistics: []string{"mse_k_probability", "mse_firing_rate_hz2"},
		Configurations: []app.ConfigurationState{
			{Label: "n=2 t=1 k=0", Rows: [2]int{0, 2}, Tasks: 2, Done: 2, Errors: errors(0.001, 40)},
			{Label: "n=2 t=1 k=1", Rows: [2]int{2, 4}, Tasks: 2, Done: 2, Errors: errors(0.002, 30)},
			{Label: "n=4 t=1 k=0", Rows: [2]int{4, 6}, Tasks: 2},
			{Label: "n=4 t=1 k=1", Rows: [2]int{6, 8}, Tasks: 2, Failed: 2},
		},
		Running: map[int]int{2: 1},
	}
}

func newTestModel() model {
	m := newModel("mse_k_probability", began, func(app.Status) string { return "about 2 min left\n" })
	m, _ = m.update(readMsg{state: overview()})
	return m
}

// keys are the keys of a text, of which <name> is one.
func keys(text string) (pressed []tea.Msg) {
	special := map[string]tea.KeyPressMsg{
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape},
		"end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"backspace": {Code: tea.KeyBackspace}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+z": {Code: 'z', Mod: tea.ModCtrl},
	}
	for text != "" {
		if name, rest, found := strings.Cut(strings.TrimPrefix(text, "<"), ">"); found && text[0] == '<' {
			pressed, text = append(pressed, special[name]), rest
			continue
		}
		letter := []rune(text)[0]
		pressed, text = append(pressed, tea.KeyPressMsg{Code: letter, Text: string(letter)}), text[len(string(letter)):]
	}
	return pressed
}

// press returns the model after some keys, and the last action.
func press(m model, text string) (model, action) {
	var a action
	for _, key := range keys(text) {
		m, a = m.update(key)
	}
	return m, a
}

// labels returns the configurations in the order in which they are shown, the selected one in
// brackets.
func labels(m model) string {
	var all []string
	for _, position := range m.shown {
		label := strings.ReplaceAll(m.state.Configurations[position].Label, " t=1", "")
		if position == m.selected {
			label = "[" + label + "]"
		}
		all = append(all, label)
	}
	return strings.Join(all, ", ")
}

// TestKeys presses keys and checks the table, and what the program is to do.
func TestKeys(t *testing.T) {
	for _, test := range []struct {
		keys string
		want string
		do   action
	}{
		{"", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", nothing},
		{"j<down>", "n=2 k=0, n=2 k=1, [n=4 k=0], n=4 k=1", nothing},
		{"<end>", "n=2 k=0, n=2 k=1, n=4 k=0, [n=4 k=1]", nothing},
		{"<end>k<up><up><up><up>", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", nothing},
		{"r", "n=4 k=1, n=4 k=0, n=2 k=1, [n=2 k=0]", nothing},
		{"s", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", nothing},   // progress
		{"ss", "n=4 k=0, [n=2 k=0], n=2 k=1, n=4 k=1", nothing},  // running
		{"sss", "n=4 k=1, [n=2 k=0], n=2 k=1, n=4 k=0", nothing}, // failed
		{"S", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", nothing},   // error
		{"Sr", "n=2 k=1, [n=2 k=0], n=4 k=0, n=4 k=1", nothing},  // without an error last
		{"Se", "n=2 k=1, [n=2 k=0], n=4 k=0, n=4 k=1", nothing},  // of rates
		{"SE", "n=2 k=1, [n=2 k=0], n=4 k=0, n=4 k=1", nothing},
		{"sssss", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", nothing},
		{"/N=4<enter>", "[n=4 k=0], n=4 k=1", nothing},
		{"/n=4q<backspace><enter>j", "n=4 k=0, [n=4 k=1]", nothing},
		{"/zz", "", nothing},
		{"/zz<esc>", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", nothing},
		{"/n=4<enter><esc>", "n=2 k=0, n=2 k=1, [n=4 k=0], n=4 k=1", nothing},
		{"/zz<enter><enter>", "", nothing},
		{"q", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", quit},
		{"/<ctrl+c>", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", quit},
		{"<ctrl+z>", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", suspend},
		{"?q", "[n=2 k=0], n=2 k=1, n=4 k=0, n=4 k=1", quit},
		{"j<enter>", "n=2 k=0, [n=2 k=1], n=4 k=0, n=4 k=1", readLog},
		{"j<enter>r", "n=2 k=0, [n=2 k=1], n=4 k=0, n=4 k=1", readLog},
		{"<enter><esc>j", "n=2 k=0, [n=2 k=1], n=4 k=0, n=4 k=1", nothing},
	} {
		m, do := press(newTestModel(), test.keys)
		if got := labels(m); got != test.want || do != test.do {
			t.Errorf("%q: %s, action %d; want %s, %d", test.keys, got, do, test.want, test.do)
		}
	}
}

// TestSelectionStays checks that the selection stays on its configuration when the state changes.
func TestSelectionStays(t *testing.T) {
	m, _ := press(newTestModel(), "S<end>")
	next := overview()
	next.Configurations[3].Errors = []app.ErrorSum{{Replicates: 1, Logarithms: math.Log(1e-4), Floor: 1e-6}, {}}
	m, _ = m.update(readMsg{state: next})
	if got, want := labels(m), "[n=4 k=1], n=2 k=0, n=2 k=1, n=4 k=0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	next.Configurations = next.Configurations[:1]
	if m, _ = m.update(readMsg{state: next}); labels(m) != "[n=2 k=0]" {
		t.Errorf("of fewer configurations: %s", labels(m))
	}
}

// screenOf returns the screen without styles and without spaces at the ends of lines.
func screenOf(m model, width, height int) []string {
	m, _ = m.update(tea.WindowSizeMsg{Width: width, Height: height})
	lines := strings.Split(ansi.Strip(m.view()), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// TestScreens checks whole screens.
func TestScreens(t *testing.T) {
	read := newTestModel()
	log, _ := press(read, "<enter>")
	log, _ = log.update(logMsg{label: "n=2 t=1 k=0", lines: []string{"attempt 1 failed: \x1b[31mNaN", "    step 3: a long line of a log"}})
	workers, _ := press(read, "w")
	lost, _ := read.update(readMsg{err: errors.New("connection refused")})
	lost, _ = lost.update(clockMsg(began.Add(90 * time.Second)))
	slow, _ := read.update(clockMsg(began.Add(7 * time.Second)))
	filtered, _ := press(read, "/zz")
	unread := newModel("mse_k_probability", began, nil)
	over := overview()
	over.Tasks = app.TaskCounts{Planned: 8, Done: 6, Failed: 2}
	ended, _ := read.update(readMsg{state: over})
	presets := overview()
	presets.Configurations[0].Label, presets.Configurations[1].Label = "n=10 t=30 k=0 preset=paper", "n=10 t=30 k=0 preset=population"
	long, _ := read.update(readMsg{state: presets})
	for name, test := range map[string]struct {
		m             model
		width, height int
		want          []string
	}{
		"a table": {read, 80, 10, []string{
			"demo: 4 of 8 done, 1 running, 1 pending, 2 failed",
			"1 worker; about 2 min left",
			"geometric mean of mse_k_probability (1 of 2); sorted by grid",
			"configuration       done      error   run  failed      floor      progress",
			"n=2 t=1 k=0          2/2      0.001     0       0      1e-06  [##########]",
			"n=2 t=1 k=1          2/2      0.002     0       0      1e-06  [##########]",
			"n=4 t=1 k=0          0/2          -     1       0          -  [          ]",
			"n=4 t=1 k=1          0/2          -     0       2          -  [          ]",
			"",
			"q quit  ? help  / filter  s sort  e error  enter log  w workers",
		}},
		"a small one": {read, 40, 8, []string{
			"demo: 4 of 8 done, 1 running, 1 pendin..",
			"1 worker; about 2 min left",
			"geometric mean of mse_k_probability (1..",
			"configuration       done      error",
			"n=2 t=1 k=0          2/2      0.001",
			"n=2 t=1 k=1          2/2      0.002",
			"n=4 t=1 k=0          0/2          -",
			"q quit  ? help  / filter  s sort  e er..",
		}},
		"long labels": {long, 80, 8, []string{
			"", "", "",
			"configuration                         done      error   run  failed      floor",
			"n=10 t=30 k=0 preset=paper             2/2      0.001     0       0      1e-06",
			"n=10 t=30 k=0 preset=population        2/2      0.002     0       0      1e-06",
			"", "",
		}},
		"a tiny one":  {read, 15, 5, []string{"demo: 4 of 8 ..", "1 worker; abo..", "n=2 t=1 k=0", "n=2 t=1 k=1", "q quit  ? hel.."}},
		"three lines": {read, 30, 3, []string{"demo: 4 of 8 done, 1 running..", "n=2 t=1 k=0          2/2", "n=2 t=1 k=1          2/2"}},
		"one line":    {read, 30, 1, []string{"demo: 4 of 8 done, 1 running.."}},
		"a log":       {log, 30, 6, []string{"attempts of n=2 t=1 k=0", `attempt 1 failed: \x1b[31mNaN`, "    step 3: a long line of a", "log", "", "q quit  esc back  up/down sc.."}},
		"its end":     {log, 30, 4, []string{"attempts of n=2 t=1 k=0", "    step 3: a long line of a", "log", "q quit  esc back  up/down sc.."}},
		"workers": {workers, 80, 5, []string{
			"1 worker", "0123456789ab  node17 (Slurm job 12_3)  avx2  1 slot  last seen 2s ago", "  task fedcba987654  attempt 3  step 7 of 90", "", "q quit  esc back  up/down scroll",
		}},
		"a lost connection": {lost, 80, 2, []string{"demo: 4 of 8 done, 1 running, 1 pending, 2 failed", "n=2 t=1 k=0          2/2      0.001     0       0      1e-06  [##########]"}},
		"… with room":       {lost, 80, 5, []string{"demo: 4 of 8 done, 1 running, 1 pending, 2 failed", "no state for 1m30s, trying again: connection refused", "", "", ""}},
		"no answer":         {slow, 80, 5, []string{"", "no answer for 7s", "", "", ""}},
		"no match":          {filtered, 80, 6, []string{"", "", "no configuration has this text: Esc removes the filter", "", "", "filter: zz_"}},
		"not yet read":      {unread, 80, 5, []string{"reading the sweep ...", "", "", "", "q quit  ? help  / filter  s sort  e error  enter log  w workers"}},
		"the end":           {ended, 80, 5, []string{"demo: 6 of 8 done, 0 running, 0 pending, 2 failed", "the sweep has ended: q leaves", "", "", ""}},
	} {
		got := screenOf(test.m, test.width, test.height)
		if slices.Contains(test.want, "") && len(got) == len(test.want) {
			for i, line := range test.want { // an empty line is not checked
				if line == "" {
					got[i] = ""
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestEveryScreenFits presses random keys on terminals of random sizes: every screen has at most
// the lines and columns of the terminal, and the selection is visible.
func TestEveryScreenFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newTestModel()
		all := keys("jkssSreE/?wlhq4= <up><down><enter><esc><end><home><pgup><pgdown><backspace>")
		for range rapid.IntRange(0, 30).Draw(t, "messages") {
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				m, _ = m.update(tea.WindowSizeMsg{Width: rapid.IntRange(1, 200).Draw(t, "width"), Height: rapid.IntRange(1, 50).Draw(t, "height")})
			case 1:
				state := overview()
				state.Configurations = state.Configurations[:rapid.IntRange(0, 4).Draw(t, "configurations")]
				m, _ = m.update(readMsg{state: state})
			default:
				m, _ = m.update(rapid.SampledFrom(all).Draw(t, "key"))
			}
			lines := strings.Split(m.view(), "\n")
			if len(lines) > m.height {
				t.Fatalf("%d lines on %d", len(lines), m.height)
			}
			for _, line := range lines {
				if ansi.StringWidth(line) > m.width {
					t.Fatalf("%q has %d columns of %d", line, ansi.StringWidth(line), m.width)
				}
			}
			if m.screen == tableScreen && len(m.shown) > 0 && m.rows() > 0 && m.width > 20 {
				if label := m.state.Configurations[m.selected].Label; !strings.Contains(m.view(), label) {
					t.Fatalf("the selected %s is not visible on %d × %d:\n%s", label, m.width, m.height, ansi.Strip(m.view()))
				}
			}
		}
	})
}

// large returns a sweep with a hundred thousand configurations.
func large() app.Overview {
	state := overview()
	state.Configurations = slices.Repeat(state.Configurations, 25_000)
	for i := range state.Configurations {
		state.Configurations[i].Label = fmt.Sprintf("n=%d t=%d k=1 layers=%d", i%10, i%30, i)
	}
	return state
}

// TestLargeSweepIsDrawnInTime draws a sweep of a hundred thousand configurations. The limit is a
// hundred times what it takes.
func TestLargeSweepIsDrawnInTime(t *testing.T) {
	m := newTestModel()
	m, _ = m.update(readMsg{state: large()})
	m, _ = press(m, "<end>")
	start := time.Now()
	const draws = 20
	for range draws {
		m, _ = press(m, "k")
		_ = m.view()
	}
	if took := time.Since(start) / draws; took > 100*time.Millisecond {
		t.Errorf("a key and its screen took %v", took)
	}
}

func BenchmarkLargeSweep(b *testing.B) {
	m := newTestModel()
	state := large()
	m, _ = press(m, "S")
	for b.Loop() {
		m, _ = m.update(readMsg{state: state})
		_ = m.view()
	}
}
