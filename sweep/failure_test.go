package sweep_test

import (
	"testing"

	"spiqsweep/sweep"
)

func TestFailureKind(t *testing.T) {
	for message, want := range map[string]string{
		"":                         "",
		"disk full":                "disk full",
		"step 12: update 13 of -1": "step …: update … of …",
		"rate 1e+30, 0.002, 5e-7":  "rate …, …, …",
	} {
		if got := sweep.FailureKind(message); got != want {
			t.Errorf("kind of %q is %q, want %q", message, got, want)
		}
	}
}
