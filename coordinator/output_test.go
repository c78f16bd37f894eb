package main

import (
	"io"
	"strings"
	"testing"

	"spiqsweep/worker/program"
	"spiqsweep/worker/program/programtest"
)

func TestUnprintedAnswerIsAFault(t *testing.T) {
	root, _ := newRoot(strings.NewReader(""), io.Discard)
	program.Guard(root, nil)
	programtest.FailsWithoutOutput(t, "coordinator", root, func(arguments []string, stdout, stderr io.Writer) int {
		return run(arguments, strings.NewReader(""), stdout, stderr)
	}, "settings", "settings --json", "plan --json", "describe surrogate", "describe surrogate --json")
}
