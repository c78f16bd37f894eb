package main

import (
	"io"
	"testing"

	"spiqsweep/worker/program"
	"spiqsweep/worker/program/programtest"
)

func TestUnprintedAnswerIsAFault(t *testing.T) {
	var code int
	root := newRoot(io.Discard, &code)
	program.Guard(root, nil)
	programtest.FailsWithoutOutput(t, "worker", root, run, "version", "version --json", "selftest", "selftest --json")
}
