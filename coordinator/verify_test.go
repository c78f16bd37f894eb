package main

import "testing"

// A hint names the sweep that the command was about, as a shell reads it.
func TestHintsOfAVerification(t *testing.T) {
	for want, f := range map[string]verifyFlags{
		"coordinator verify --out 'my runs'": {placeFlags: placeFlags{out: "my runs"}},
		"coordinator verify --sweep two --store s.db": {
			placeFlags: placeFlags{out: "runs", store: "s.db", named: "two"},
		},
		"coordinator verify --sweep two --coordinator operator.json": {
			placeFlags: placeFlags{out: "runs", coordinatorFlags: coordinatorFlags{coordinators: []string{"operator.json"}}, named: "two"},
		},
	} {
		if got := f.command("verify"); got != want {
			t.Errorf("hint is %s, want %s", got, want)
		}
	}
}
