package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
)

// TestOutlook checks the line on how the sweep will go on.
func TestOutlook(t *testing.T) {
	t.Parallel()
	worker := []app.Worker{{Process: "p"}}
	unfinished, finished := app.TaskCounts{Planned: 2, Done: 1, Pending: 1}, app.TaskCounts{Planned: 2, Done: 2}
	verifying := app.TaskCounts{Planned: 2, Done: 2, Verifying: 1}
	const ended, goOn = "no coordinator is running: this is what the last one stored", "; to resume, start it again"
	const beside = "the folder's own coordinator is not running, but another one serves the store: its workers are within their lease term\n"
	for name, test := range map[string]struct {
		report app.Status
		want   string
	}{
		"it ended":            {app.Status{Tasks: unfinished, Workers: worker}, ended + goOn + "\n"},
		"… while verifying":   {app.Status{Tasks: verifying}, ended + goOn + "\n"},
		"… and all was done":  {app.Status{Tasks: finished, Workers: worker}, ended + "\n"},
		"another serves":      {app.Status{Tasks: unfinished, Workers: worker, ServedByAnother: true}, beside},
		"… and all is done":   {app.Status{Tasks: finished, Workers: worker, ServedByAnother: true}, beside},
		"it runs":             {app.Status{Tasks: unfinished, Workers: worker, Running: true, SecondsLeft: 120}, "about 2 min left\n"},
		"… for unknown time":  {app.Status{Tasks: unfinished, Workers: worker, Running: true}, ""},
		"… without a worker":  {app.Status{Tasks: unfinished, Running: true}, "no worker is present: start one with `worker --coordinator FILE`, where FILE is worker.json in the output folder on the coordinator's machine\n"},
		"… and needs no more": {app.Status{Tasks: finished, Running: true}, ""},
	} {
		if diff := gocmp.Diff(test.want, outlook(test.report, &placeFlags{out: t.TempDir()})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestStatusFindsTheFileOfWorkers looks in the folder and next to operator.json.
func TestStatusFindsTheFileOfWorkers(t *testing.T) {
	t.Parallel()
	served := filepath.Join(t.TempDir(), "it's served")
	if err := os.Mkdir(served, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"operator.json", "worker.json"} {
		if err := os.WriteFile(filepath.Join(served, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	operator, worker := filepath.Join(served, "operator.json"), filepath.Join(served, "worker.json")
	for name, test := range map[string]struct {
		place placeFlags
		want  string
	}{
		"its folder":            {placeFlags{out: served}, worker},
		"a folder without":      {placeFlags{out: t.TempDir()}, ""},
		"a coordinator's file":  {placeFlags{out: "x", coordinatorFlags: coordinatorFlags{coordinators: []string{operator}}}, worker},
		"an address and a file": {placeFlags{out: "x", coordinatorFlags: coordinatorFlags{[]string{"a:1"}, operator}}, worker},
		"an absent one":         {placeFlags{out: served, coordinatorFlags: coordinatorFlags{[]string{"a:1"}, "absent.json"}}, ""},
	} {
		if got := test.place.workerFile(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	line := outlook(app.Status{Running: true, Tasks: app.TaskCounts{Pending: 1}}, &placeFlags{out: served})
	if !strings.HasSuffix(line, "it'\\''s served/worker.json'\n") {
		t.Errorf("%q is not quoted as a shell reads it", line)
	}
}
