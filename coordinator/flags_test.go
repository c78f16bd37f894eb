package main

import (
	"io"
	"testing"

	"spiqsweep/worker/program"
	"spiqsweep/worker/program/programtest"
)

func TestEmptyAndRepeatedValuesAreRefused(t *testing.T) {
	root, _ := newRoot(nil, io.Discard)
	program.Guard(root, settingHint)
	programtest.Refuses(t, "coordinator", root, func(arguments []string, stdout, stderr io.Writer) int {
		return run(arguments, nil, stdout, stderr)
	})
}
