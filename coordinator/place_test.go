package main

import (
	"io"
	"strings"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/worker/program"
	"spiqsweep/worker/program/programtest"
)

// TestStatusNamesCommandsThatWork checks that hints name the same place.
func TestStatusNamesCommandsThatWork(t *testing.T) {
	for name, test := range map[string]struct {
		place placeFlags
		want  string
	}{
		"a folder":      {placeFlags{out: "my runs"}, "coordinator retry --diverged --out 'my runs'"},
		"a store":       {placeFlags{out: "runs/x", store: "x.db"}, "coordinator retry --diverged --store x.db"},
		"a password":    {placeFlags{out: "runs/x", store: "postgres://me:topsecret@host/x"}, "coordinator retry --diverged --store postgres://me@host/x"},
		"a coordinator": {placeFlags{out: "runs/x", coordinatorFlags: coordinatorFlags{[]string{"a:1"}, "operator.json"}}, "coordinator retry --diverged --coordinator a:1 --credentials operator.json"},
	} {
		var out strings.Builder
		report := app.Status{Diverged: []app.TaskReason{{Task: "t", Label: "n=1", Reason: "differs"}}}
		if err := printStatus(&out, report, &test.place); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "diverged (`"+test.want+"` runs them once more)") {
			t.Errorf("%s: %q, want one with %s", name, out.String(), test.want)
		}
	}
}

// TestHintsOfAVerification checks that a hint names the same sweep, quoted for the shell.
func TestHintsOfAVerification(t *testing.T) {
	for want, f := range map[string]verifyFlags{
		"coordinator verify --out 'my runs'": {placeFlags: placeFlags{out: "my runs"}},
		"coordinator verify --sweep two --store s.db": {
			placeFlags: placeFlags{out: "runs", store: "s.db", sweepName: "two"},
		},
		"coordinator verify --sweep two --coordinator operator.json": {
			placeFlags: placeFlags{out: "runs", coordinatorFlags: coordinatorFlags{coordinators: []string{"operator.json"}}, sweepName: "two"},
		},
	} {
		if got := f.command("verify"); got != want {
			t.Errorf("hint is %s, want %s", got, want)
		}
	}
}

func TestEmptyAndRepeatedValuesAreRefused(t *testing.T) {
	root, _ := newRoot(nil, io.Discard)
	program.Guard(root, settingHint)
	programtest.Refuses(t, "coordinator", root, func(arguments []string, stdout, stderr io.Writer) int {
		return run(arguments, nil, stdout, stderr)
	})
}
