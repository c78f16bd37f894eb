package main

import (
	"io"
	"testing"

	"spiqsweep/worker/program"
	"spiqsweep/worker/program/programtest"
)

func TestEmptyAndRepeatedValuesAreRefused(t *testing.T) {
	var code int
	root := newRoot(io.Discard, &code)
	program.Guard(root, nil)
	programtest.Refuses(t, "worker", root, run)
}
