package main

import (
	"context"
	"testing"
)

// A command that keeps nothing ends with the first signal, whether that comes
// before the command has said so or after; another only has its context ended.
func TestInterrupter(t *testing.T) {
	for _, test := range []struct {
		name         string
		steps        string // s: a signal; r: the command reads only
		exits, ended int
	}{
		{"no signal", "r", 0, 0},
		{"of a command that keeps something", "s", 0, 1},
		{"of a command that reads", "rs", 1, 0},
		{"before the command says that it reads", "sr", 1, 1},
	} {
		exits, ended := 0, 0
		i := &interrupter{cancel: context.CancelFunc(func() { ended++ }), exit: func() { exits++ }}
		for _, step := range test.steps {
			if step == 's' {
				i.first()
			} else {
				i.allowAtOnce()
			}
		}
		if exits != test.exits || ended != test.ended {
			t.Errorf("%s: %d exits, %d ends of the context, want %d and %d", test.name, exits, ended, test.exits, test.ended)
		}
	}
}
