package sweep_test

import (
	"testing"

	"spiqsweep/sweep"
)

func TestLargestAngle(t *testing.T) {
	r := sweep.Result{Angles: [][][][2]float64{{{{1, -2}, {0.5, 0}}}, {{{0, 1}, {-7, 3}}}}}
	if got := r.LargestAngle(); got != 7 {
		t.Errorf("largest angle %v, want 7", got)
	}
	if got := (sweep.Result{}).LargestAngle(); got != 0 {
		t.Errorf("largest angle of none is %v", got)
	}
}

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
