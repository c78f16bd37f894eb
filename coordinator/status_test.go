package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestStatusSaysHowItGoesOn: and claims nothing that it cannot know.
func TestStatusSaysHowItGoesOn(t *testing.T) {
	t.Parallel()
	worker := []workerReport{{Process: "p"}}
	unfinished, finished := taskCounts{Planned: 2, Done: 1, Pending: 1}, taskCounts{Planned: 2, Done: 2}
	verifying := taskCounts{Planned: 2, Done: 2, Verifying: 1}
	const ended, goOn = "no coordinator is running: this is what the last one stored", "; to go on, start it again"
	const beside = "the folder's own coordinator is not running, but another one serves the store: its workers are within their lease term\n"
	for name, test := range map[string]struct {
		report statusReport
		want   string
	}{
		"it ended":            {statusReport{Tasks: unfinished, Workers: worker}, ended + goOn + "\n"},
		"… while verifying":   {statusReport{Tasks: verifying}, ended + goOn + "\n"},
		"… and all was done":  {statusReport{Tasks: finished, Workers: worker}, ended + "\n"},
		"another serves":      {statusReport{Tasks: unfinished, Workers: worker, Beside: true}, beside},
		"… and all is done":   {statusReport{Tasks: finished, Workers: worker, Beside: true}, beside},
		"it runs":             {statusReport{Tasks: unfinished, Workers: worker, Coordinator: true, TimeLeft: 120}, "about 2 min left\n"},
		"… for unknown time":  {statusReport{Tasks: unfinished, Workers: worker, Coordinator: true}, ""},
		"… without a worker":  {statusReport{Tasks: unfinished, Coordinator: true}, "no worker is there: start one with `worker --coordinator FILE`, where FILE is worker.json in the output folder of the machine that serves\n"},
		"… and needs no more": {statusReport{Tasks: finished, Coordinator: true}, ""},
	} {
		if diff := gocmp.Diff(test.want, outlook(test.report, &placeFlags{out: t.TempDir()})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestStatusFindsTheFileOfWorkers in the folder, or beside that of operators.
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
	line := outlook(statusReport{Coordinator: true, Tasks: taskCounts{Pending: 1}}, &placeFlags{out: served})
	if !strings.HasSuffix(line, "it'\\''s served/worker.json'\n") {
		t.Errorf("%q is not quoted as a shell reads it", line)
	}
}
