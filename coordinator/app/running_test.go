package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
)

// TestNothingRunsWithoutAWorker: what is left of a verification waits until a
// worker holds it.
func TestNothingRunsWithoutAWorker(t *testing.T) {
	t.Parallel()
	v := Verification{Chosen: 5}
	s := queue.Status{Counts: queue.Counts{Planned: 9, Done: 9, Verifying: 3}}
	if p := v.progress(s, 0); p.Running() != 0 {
		t.Errorf("%d tasks run without a worker", p.Running())
	}
	s.Workers, s.Workforce.Slots = []queue.Worker{{Running: make([]queue.Running, 1)}}, 4
	p := v.progress(s, 0)
	if diff := cmp.Diff(queue.Counts{Planned: 5, Done: 2, Leased: 1, Pending: 2}, p.Counts); diff != "" || p.Running() != 1 {
		t.Errorf("%d run, counts (-want +got):\n%s", p.Running(), diff)
	}
}
