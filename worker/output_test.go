package main

import (
	"testing"

	"spiqsweep/worker/program/programtest"
)

func TestUnprintedAnswerIsAFault(t *testing.T) {
	programtest.FailsWithoutOutput(t, "worker", run, []string{"--version"}, []string{"--help"}, []string{"version"}, []string{"version", "--json"})
}
