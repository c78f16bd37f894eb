package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
)

// finding is about the sweeps that share a store, as a person sees them.
var finding = []life{
	{"by ID, by name, or the only one", findSweeps},
	{"a list with counts", listSweeps},
}

func findSweeps(t *testing.T, l *Lab) {
	finds := func(word, id string, fault error) {
		t.Helper()
		s, err := l.Queue.Find(ctx, word)
		if s.ID != id || !errors.Is(err, fault) {
			t.Errorf("%q finds %q, %v: want %q, %v", word, s.ID, err, id, fault)
		}
	}
	finds("", "", queue.ErrUnknown)
	l.Plan("A", Plan(0, 1, 10))
	finds("", "A", nil)
	l.Plan("B", Plan(0, 2, 10))
	finds("", "", queue.ErrInvalid)
	finds("B", "B", nil)
	finds("sweep B", "B", nil)
	finds("sweep C", "", queue.ErrUnknown)

	twin := Sweep("C")
	twin.Name = "sweep B"
	if _, err := l.Queue.Plan(ctx, twin, Stream(Plan(0, 1, 10))); err != nil {
		t.Fatal(err)
	}
	finds("sweep B", "", queue.ErrInvalid)
	finds("C", "C", nil)
	if s, err := l.Queue.Find(ctx, "sweep A"); err != nil || string(s.Grid) != "sweep {}" {
		t.Errorf("found with the grid %q, %v", s.Grid, err)
	}
}

func listSweeps(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	l.Plan("B", Plan(0, 1, 10))
	l.Worker(1).Sync()
	sweeps, err := l.Queue.Sweeps(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]queue.Counts{}
	for _, s := range sweeps {
		got[s.Name] = s.Counts
	}
	want := map[string]queue.Counts{}
	for _, id := range []string{"A", "B"} {
		want["sweep "+id] = l.Status(id).Counts
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
