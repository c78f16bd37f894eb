package main

import (
	"strings"
	"testing"
)

// TestStatusNamesCommandsThatWork: they are about the same place.
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
		report := statusReport{Diverged: []taskReport{{Task: "t", Label: "n=1", Reason: "differs"}}}
		if err := printStatus(&out, report, &test.place); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "diverged (`"+test.want+"` runs them once more)") {
			t.Errorf("%s: %q, want one with %s", name, out.String(), test.want)
		}
	}
}
