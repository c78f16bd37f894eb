package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
)

// progress is a sweep with so many tasks done.
func progress(done int, elapsed time.Duration) app.Progress {
	p := app.Progress{Elapsed: elapsed, Gained: done}
	p.Workers, p.Workforce = make([]queue.Worker, 1), queue.Workforce{Processes: 1, Slots: 2}
	p.Counts = queue.Counts{Planned: 40, Done: done, Leased: min(8, 40-done), Pending: max(0, 32-done)}.At(p.Workforce)
	p.TimeLeft = time.Duration(40-done) * 10 * time.Second
	return p
}

func TestPlainProgressIsSparse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		term := newTerminal(&out)
		started := time.Now()
		for second := range 150 {
			done := second / 30
			if second >= 120 {
				done = second - 110 // it becomes fast
			}
			term.follow(progress(done, time.Since(started)))
			time.Sleep(time.Second)
		}
		term.close()
		want := `0 of 40 tasks done, 0 failed, 2 running, 7 min left
2 of 40 tasks done, 0 failed, 2 running, 2 per minute, 6 min left
10 of 40 tasks done, 0 failed, 2 running, 5 per minute, 5 min left
12 of 40 tasks done, 0 failed, 2 running, 5.9 per minute, 5 min left
16 of 40 tasks done, 0 failed, 2 running, 7.6 per minute, 4 min left
20 of 40 tasks done, 0 failed, 2 running, 9.2 per minute, 3 min left
24 of 40 tasks done, 0 failed, 2 running, 11 per minute, 3 min left
28 of 40 tasks done, 0 failed, 2 running, 12 per minute, 2 min left
32 of 40 tasks done, 0 failed, 2 running, 14 per minute, 1 min left
36 of 40 tasks done, 0 failed, 2 running, 15 per minute, 40 s left
`
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
	})
}

// TestPausesArePrinted checks that a pause is a line, and its end another.
func TestPausesArePrinted(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(&out)
	for _, paused := range []bool{false, false, true, true, false, false} {
		p := progress(1, time.Second)
		p.Sweep.Paused = paused
		if paused {
			p.TimeLeft = 0 // as a queue has it
		}
		term.follow(p)
	}
	const want = `1 of 40 tasks done, 0 failed, 2 running, 60 per minute, 7 min left
1 of 40 tasks done, 0 failed, 2 running, paused
1 of 40 tasks done, 0 failed, 2 running, 60 per minute, 7 min left
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// TestFailuresAreToldOnceAKind: many tasks that fail alike are one line while the
// sweep runs, and one with their number at its end.
func TestFailuresAreToldOnceAKind(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(&out)
	p := progress(0, time.Second)
	term.follow(p)
	out.Reset()
	for i := range 60 {
		reason := fmt.Sprintf("it would fail in every attempt: step %d: an angle became NaN", i)
		switch i % 20 {
		case 7:
			reason = "it failed 2 times in the same way: \x1bpanic"
		case 8:
			reason = queue.CancelledByOperator
		}
		p.Failed = append(p.Failed, queue.Row{Reason: reason})
		term.follow(p)
	}
	want := "a task failed: it would fail in every attempt: step 0: an angle became NaN\n" +
		"a task failed: it failed 2 times in the same way: \\x1bpanic\n"
	if got := out.String(); got != want {
		t.Errorf("while it runs: %q, want %q", got, want)
	}
	lines := []string{
		"54 tasks: it would fail in every attempt: step 0: an angle became NaN",
		"3 tasks: it failed 2 times in the same way: \\x1bpanic",
		"3 tasks: cancelled by an operator",
		"and 40 other tasks: see `coordinator status` and attempts.csv",
	}
	if diff := cmp.Diff(lines, reasons(p.Failed, 100)); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
}

// TestProgressBeforeTheFirstTaskIsDone: the longest tasks come first, so the
// steps must show that something happens.
func TestProgressBeforeTheFirstTaskIsDone(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(&out)
	idle := progress(0, 0)
	idle.Workers, idle.Workforce, idle.TimeLeft = nil, queue.Workforce{}, 0
	idle.Counts = idle.Counts.At(idle.Workforce)
	begun := progress(0, time.Second)
	begun.Workers[0].Running = []queue.Running{
		{Attempt: queue.Attempt{Step: 100}, Steps: 2000},
		{Attempt: queue.Attempt{Step: 300}, Steps: 2000},
	}
	term.follow(idle)
	term.follow(begun)
	term.follow(begun)
	want := "0 of 40 tasks done, 0 failed, 0 running, no worker yet\n0 of 40 tasks done, 0 failed, 2 running (10 % trained), 7 min left\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestTheBarStaysBelowTheLog(t *testing.T) {
	var out bytes.Buffer
	term := newTerminal(&out)
	term.isBar = true
	term.follow(progress(10, time.Minute))
	term.say("a line of the log")
	term.follow(progress(20, time.Minute))
	term.close()
	term.say("the end")
	screen := shownOn(out.String())
	if diff := cmp.Diff([]string{"a line of the log", "the end"}, screen); diff != "" {
		t.Errorf("left on the screen (-want +got):\n%s", diff)
	}
	for _, wanted := range []string{"(10/40)", "(20/40)", "0 failed, 2 running, 20 per minute, 3 min left"} {
		if !strings.Contains(out.String(), wanted) {
			t.Errorf("the bar never said %q", wanted)
		}
	}
}

// TestTheBarKeepsToItsLine: it is refreshed on a terminal of any width, and never
// scrolls it.
func TestTheBarKeepsToItsLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		term := newTerminal(&out)
		width := rapid.IntRange(20, 200).Draw(t, "columns")
		term.isBar, term.columns = true, func() int { return width }
		planned := rapid.SampledFrom([]int{0, 1, 40, 1_000_000}).Draw(t, "planned")
		for range rapid.IntRange(1, 5).Draw(t, "refreshes") {
			p := app.Progress{Elapsed: time.Hour, Gained: rapid.IntRange(0, 1000).Draw(t, "gained")}
			p.Counts = queue.Counts{Planned: planned, Done: rapid.IntRange(0, planned).Draw(t, "done"), Failed: rapid.IntRange(0, 99999).Draw(t, "failed")}
			p.TimeLeft = time.Duration(rapid.Int64Range(0, 1e17).Draw(t, "left"))
			p.Deserted = rapid.Bool().Draw(t, "deserted")
			term.follow(p)
			row, column := 0, 0
			for _, c := range out.String() {
				switch {
				case c > '~':
					t.Fatalf("%q is not ASCII", c)
				case c == '\r':
					column = 0
				default:
					if column++; column >= width { // the next one would wrap
						row++
					}
				}
			}
			if row > 0 {
				t.Fatalf("%d columns: %q wraps", width, out.String())
			}
			shown := shownOn(out.String())
			if want := fmt.Sprintf("(%d/%d)", p.Counts.Done, planned); len(shown) != 1 || !strings.Contains(shown[0], want[:min(len(want), 14)]) {
				t.Fatalf("%d columns: the screen shows %q, want %s", width, shown, want)
			}
		}
		term.close()
		if left := shownOn(out.String()); len(left) > 0 {
			t.Fatalf("left on the screen: %q", left)
		}
	})
}

func TestBarLine(t *testing.T) {
	p := progress(10, time.Minute)
	for columns, want := range map[int]string{
		19:  " 25% (10/40)",
		22:  " 25% (10/40) 0 failed",
		40:  " 25% [#    ] (10/40) 0 failed, 2 running",
		79:  " 25% [####             ] (10/40) 0 failed, 2 running, 10 per minute, 5 min left",
		199: " 25% [#####               ] (10/40) 0 failed, 2 running, 10 per minute, 5 min left",
	} {
		if got := barLine(p, columns); got != want || len(got) > columns {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

// shownOn is what lines a terminal shows in the end: a carriage return goes
// back to the line's beginning.
func shownOn(written string) (lines []string) {
	for line := range strings.SplitSeq(written, "\n") {
		var cells []rune
		column := 0
		for _, c := range line {
			switch {
			case c == '\r':
				column = 0
				continue
			case column < len(cells):
				cells[column] = c
			default:
				cells = append(cells, c)
			}
			column++
		}
		if text := strings.TrimRight(string(cells), " "); text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 59 * time.Second: "59 s", 90 * time.Second: "2 min", 100 * time.Minute: "1.7 h", 60 * time.Hour: "2.5 days",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("formatDuration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestFormatNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.00001234: "0.000012", 0.25: "0.25", 1.04: "1", 9.94: "9.9", 9.96: "10", 10.4: "10", 961.3: "961", 12345.6: "12346",
	} {
		if got := formatNumber(x); got != want {
			t.Errorf("formatNumber(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestCommandLinesCanBePasted(t *testing.T) {
	got := commandLine("coordinator", "--grid", "my grid.hcl", "--var", "x=it's", "")
	if want := `coordinator --grid 'my grid.hcl' --var 'x=it'\''s' ''`; got != want {
		t.Errorf("command line is %s, want %s", got, want)
	}
}

func Example_plan() {
	var out bytes.Buffer
	run([]string{"plan", "--kernel", "portable"}, nil, &out, io.Discard)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	total, _, _ := strings.Cut(lines[len(lines)-2], ";") // before the wall time
	fmt.Println(total)
	// Output: 120 configurations, 360 tasks, 0 of them finished
}

// TestFollowPlanning checks that a plan of two seconds prints nothing, and that a longer one
// is announced then and every ten seconds.
func TestFollowPlanning(t *testing.T) {
	var out strings.Builder
	at := time.Unix(0, 0)
	planning := newTerminal(&out).followPlanning(func() time.Time { return at })
	for second := range 25 {
		at = time.Unix(int64(second), 0)
		planning("planning", second*1000, 1_000_000)
		planning("planning", second*1000+1, 1_000_000)
	}
	want := "planning: 2000 of 1000000 tasks so far\nplanning: 12000 of 1000000 tasks so far\nplanning: 22000 of 1000000 tasks so far\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}
