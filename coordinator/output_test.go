package main

import (
	"errors"
	"strings"
	"testing"

	"spiqsweep/proto/protocol"
)

// brokenWriter fails like a full disk.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestUnprintedAnswerIsAFault(t *testing.T) {
	for _, arguments := range [][]string{{"--version"}, {"--help"}, {"status", "--help"}} {
		var talk strings.Builder
		code := run(arguments, strings.NewReader(""), brokenWriter{}, &talk)
		if want := "coordinator: print the answer: no space left on device\n"; code != protocol.ExitFault || !strings.HasSuffix(talk.String(), want) {
			t.Errorf("%q: exit code %d, want %d and %q: %q", arguments, code, protocol.ExitFault, want, talk.String())
		}
	}
}
