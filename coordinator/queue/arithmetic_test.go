package queue

import (
	"strings"
	"testing"
)

// TestMismatchNamesTheFix checks the messages for a worker, for a sweep that is submitted
// and for one that has begun.
func TestMismatchNamesTheFix(t *testing.T) {
	base := Arithmetic{Numerics: 2, KernelClass: "portable/amd64"}
	older, newer, other := base, base, base
	older.Numerics, newer.Numerics, other.KernelClass = 1, 3, "simd/amd64"
	for name, test := range map[string]struct {
		other                     Arithmetic
		worker, submission, begun string // "": no mismatch
	}{
		"equal":         {base, "", "", ""},
		"older":         {older, "update the worker", "update the program that submits it", "the program that started it"},
		"newer":         {newer, "update the coordinator", "update the coordinator", "the program that started it"},
		"another class": {other, "`coordinator --kernel simd/amd64`", "submit the sweep with `--kernel portable/amd64`", "--kernel simd/amd64"},
	} {
		reason, with := SweepMismatch(test.other, base)
		if (reason == "") != (test.begun == "") {
			t.Errorf("%s: the reason is %q", name, reason)
		}
		for message, want := range map[string]string{
			WorkerMismatch(test.other, base):     test.worker,
			SubmissionMismatch(test.other, base): test.submission,
			with:                                 test.begun,
		} {
			if !strings.Contains(message, want) || (message == "") != (want == "") {
				t.Errorf("%s: the message is %q, want one with %q", name, message, want)
			}
		}
	}
}
