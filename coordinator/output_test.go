package main

import (
	"io"
	"strings"
	"testing"

	"spiqsweep/worker/program/programtest"
)

func TestUnprintedAnswerIsAFault(t *testing.T) {
	programtest.FailsWithoutOutput(t, "coordinator", func(arguments []string, stdout, stderr io.Writer) int {
		return run(arguments, strings.NewReader(""), stdout, stderr)
	}, []string{"--version"}, []string{"--help"}, []string{"status", "--help"})
}
