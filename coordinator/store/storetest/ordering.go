package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
)

// ordering is about who gets what next.
var ordering = []life{
	{"in the order of execution, not of rows", executionOrder},
	{"small tasks come in batches", batches},
	{"a batch is bounded", boundedBatch},
	{"sweeps take turns", takeTurns},
	{"a slot each", slotEach},
	{"a new sweep comes last", newComesLast},
}

// numbers are those of the tasks that an answer grants.
func numbers(answer queue.SyncAnswer) (granted []int) {
	for _, a := range Fresh(answer) {
		granted = append(granted, a.Work.Configuration.Replicate)
	}
	return granted
}

func wantGranted(t *testing.T, answer queue.SyncAnswer, want ...int) {
	t.Helper()
	if diff := cmp.Diff(want, numbers(answer)); diff != "" {
		t.Fatalf("granted tasks (-want +got):\n%s", diff)
	}
}

func executionOrder(t *testing.T, l *Lab) {
	plan := Plan(0, 5, 10)
	for i, order := range []int{3, 1, 1, 0, 2} {
		plan[i].Order = order
	}
	l.Plan("A", plan)
	w := l.Worker(5)
	r := w.Request()
	r.FreeSlots = 3
	answer := w.Call(r)
	wantGranted(t, answer, 3, 1, 2)
	w.Obey(answer)
	answer = w.Sync()
	wantGranted(t, answer, 4, 0)
	if answer.CallAgainIn != 15*time.Second {
		t.Errorf("all slots are full: call again in %v", answer.CallAgainIn)
	}
	more := l.Worker(2)
	l.Plan("B", Plan(7, 8, 10))
	if answer = more.Sync(); answer.CallAgainIn != 5*time.Second {
		t.Errorf("one slot is free: call again in %v", answer.CallAgainIn)
	}
}

func batches(t *testing.T, l *Lab) {
	plan := Plan(0, 12, 0.3)
	plan[8].Cost, plan[9].Cost = 0.2, 5
	l.Plan("A", plan)
	w := l.Worker(2)
	r := w.Request()
	r.FreeSlots = 1
	w.Call(r) // three tasks for one slot, but the answer is lost
	answer := w.Sync()
	if granted := numbers(answer); len(granted) != 6 || granted[3] != 3 {
		t.Errorf("granted again for one slot, and anew for the other: %v", granted)
	}
	// 6, 7, 8 are worth 0.8 s; 9 has a slot of its own; then two more.
	wantGranted(t, l.Worker(3).Sync(), 6, 7, 8, 9, 10, 11)
	l.WantCounts("A", queue.Counts{Planned: 12, Leased: 12})
	// Behind a long one there is room for shorter ones.
	falling := Plan(20, 32, 0.01)
	falling[0].Cost = 0.6
	l.Plan("B", falling)
	wantGranted(t, l.Worker(1).Sync(), 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31)
}

func boundedBatch(t *testing.T, l *Lab) {
	l.policy.MaxBatch = 40
	l.Restart()
	l.Plan("A", Plan(0, 100, 0))
	w := l.Worker(1)
	if n := len(Fresh(w.Sync())); n != 40 {
		t.Errorf("a batch of %d: want 40", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 100, Leased: 40, Pending: 60})
	// What is granted again fills its slot as before.
	lost := l.Worker(1)
	lost.Call(lost.Request())
	if n := len(Fresh(lost.Sync())); n != 40 {
		t.Errorf("%d granted again: want 40", n)
	}
}

func takeTurns(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 6, 10))
	w := l.Worker(1)
	w.Sync()
	l.Plan("B", Plan(10, 13, 10))
	for _, want := range []int{1, 10, 2, 11, 3, 12, 4, 5} {
		answer := w.Sync(Finished(w.Holding(), 0))
		wantGranted(t, answer, want)
	}
	l.Plan("B", Plan(10, 16, 10))
	l.Plan("A", Plan(0, 8, 10))
	for _, want := range []int{6, 13, 7, 14} { // 4 and 5 were nobody else's turn
		wantGranted(t, w.Sync(Finished(w.Holding(), 0)), want)
	}
}

func slotEach(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 8, 0.5))
	l.Plan("B", Plan(10, 13, 10))
	w := l.Worker(5)
	wantGranted(t, w.Sync(), 0, 1, 10, 2, 3, 11, 4, 5)
}

func newComesLast(t *testing.T, l *Lab) {
	for i, id := range []string{"C", "B", "A"} {
		l.Plan(id, Plan(10*i, 10*i+9, 10))
	}
	wantGranted(t, l.Worker(4).Sync(), 0, 10, 20, 1)
}
