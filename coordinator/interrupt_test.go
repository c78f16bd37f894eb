package main

import (
	"context"
	"testing"
)

// TestInterrupter checks that the first signal ends a read-only command, whether it
// arrives before or after allowExit, and that it cancels the context of any other.
func TestInterrupter(t *testing.T) {
	for _, test := range []struct {
		name         string
		steps        string // s: a signal; r: allowExit
		exits, ended int
	}{
		{"no signal", "r", 0, 0},
		{"a command with work to save", "s", 0, 1},
		{"a read-only command", "rs", 1, 0},
		{"before allowExit", "sr", 1, 1},
	} {
		exits, ended := 0, 0
		i := &interrupter{cancel: context.CancelFunc(func() { ended++ }), exit: func() { exits++ }}
		for _, step := range test.steps {
			if step == 's' {
				i.first()
			} else {
				i.allowExit()
			}
		}
		if exits != test.exits || ended != test.ended {
			t.Errorf("%s: %d exits, %d ends of the context, want %d and %d", test.name, exits, ended, test.exits, test.ended)
		}
	}
}
