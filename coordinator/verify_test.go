package main

import "testing"

// A hint names the sweep that the command was about, as a shell reads it.
func TestHintsOfAVerification(t *testing.T) {
	for want, f := range map[string]verifyFlags{
		"coordinator verify --out 'my runs'": {placeFlags: placeFlags{out: "my runs"}},
		"coordinator verify --sweep two --out runs --store s.db": {
			placeFlags:     placeFlags{out: "runs", store: "s.db"},
			selectionFlags: selectionFlags{sweep: "two"},
		},
		"coordinator verify --sweep two --coordinator operator.json": {
			placeFlags:     placeFlags{out: "runs", coordinatorFlags: coordinatorFlags{coordinators: []string{"operator.json"}}},
			selectionFlags: selectionFlags{sweep: "two"},
		},
	} {
		if got := f.another("verify"); got != want {
			t.Errorf("hint is %s, want %s", got, want)
		}
	}
}
