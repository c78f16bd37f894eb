package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func TestUnserved(t *testing.T) {
	of := func(name, class string, numerics, pending int) queue.Summary {
		return queue.Summary{
			Sweep:  queue.Sweep{Name: name, KernelClass: class, Numerics: numerics},
			Counts: queue.Counts{Planned: 3, Pending: pending, Done: 3 - pending},
		}
	}
	simd, old := of("a", "simd/amd64", sweep.Numerics, 3), of("b", "simd/amd64", sweep.Numerics-1, 1)
	const (
		sayA = "not served: sweep a has kernel class simd/amd64, and this program runs with portable/amd64: resume it with --kernel simd/amd64"
		none = "nothing will run: no unfinished sweep of the store can be served; workers are refused until you submit one"
	)
	for name, c := range map[string]struct {
		served, others []queue.Summary
		want           []string
	}{
		"all are served":             {[]queue.Summary{of("c", "portable/amd64", sweep.Numerics, 1)}, nil, nil},
		"one of two":                 {[]queue.Summary{of("c", "portable/amd64", sweep.Numerics, 1)}, []queue.Summary{simd}, []string{sayA}},
		"the served one is finished": {[]queue.Summary{of("c", "portable/amd64", sweep.Numerics, 0)}, []queue.Summary{simd}, []string{sayA, none}},
		"the other is finished":      {nil, []queue.Summary{of("a", "simd/amd64", sweep.Numerics, 0)}, nil},
	} {
		if diff := cmp.Diff(c.want, unserved(c.served, c.others, "portable/amd64")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if lines := unserved(nil, []queue.Summary{old}, "portable/amd64"); len(lines) != 2 {
		t.Errorf("of other numerics: %q", lines)
	}
}
