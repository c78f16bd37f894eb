package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
)

// leaving is about workers that are asked to leave.
var leaving = []life{
	{"a busy one and an idle one", drainAll},
	{"by process and by host", drainSome},
	{"whoever is not there", drainNobody},
	{"a coordinator that ends meanwhile", drainSurvives},
	{"all is done", leaveWhenDone},
}

// drains asks workers to leave and checks how many.
func (l *Lab) drains(r queue.DrainRequest, want int) {
	l.TB.Helper()
	if n, err := l.Queue.Drain(ctx, r); n != want || err != nil {
		l.TB.Fatalf("draining %d, %v: want %d", n, err, want)
	}
}

func drainAll(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	busy, idle := l.Worker(1), l.Worker(1)
	lease := busy.Take()
	idle.Sync()
	changed := l.Queue.Changed()
	l.drains(queue.DrainRequest{}, 2)
	select {
	case <-changed:
	default:
		t.Error("an idle worker that waits is not woken")
	}
	if wait, err := l.Queue.WouldWait(ctx, idle.Request()); wait || err != nil {
		t.Errorf("a worker that is to leave waits: %v, %v", wait, err)
	}
	answer := busy.Sync()
	if !answer.Drain || len(answer.Assignments) != 1 {
		t.Errorf("the busy one keeps what it holds until it hands back: %+v", answer)
	}
	busy.Draining = true
	answer = busy.Sync(HandsBack(lease))
	if !answer.Drain || len(answer.Assignments) != 0 {
		t.Errorf("answer: %+v", answer)
	}
	if answer = idle.Sync(); !answer.Drain || len(answer.Assignments) != 0 {
		t.Errorf("a worker that is to leave is granted the task: %+v", answer)
	}
	idle.Draining = true
	idle.Sync()
	if workers := l.Status("A").Workers; len(workers) != 0 {
		t.Errorf("workers: %+v", workers)
	}
	later := l.Worker(1)
	if answer = later.Sync(); answer.Drain || len(answer.Assignments) != 1 {
		t.Errorf("one that starts later is meant too: %+v", answer)
	}
}

func drainSome(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 9, 30))
	var workers []*Worker
	for i := range 4 {
		w := l.Worker(1)
		w.Host = []string{"a", "b", "b", "c"}[i]
		w.Sync()
		workers = append(workers, w)
	}
	l.drains(queue.DrainRequest{Processes: []string{workers[0].ID}, Hosts: []string{"b"}}, 3)
	for i, w := range workers {
		if answer := w.Sync(); answer.Drain != (i < 3) {
			t.Errorf("worker %d on %s: drain %v", i, w.Host, answer.Drain)
		}
	}
}

func drainNobody(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 9, 30))
	l.drains(queue.DrainRequest{}, 0)
	a, b := l.Worker(1), l.Worker(1)
	a.Sync()
	b.Sync()
	refuses := func(r queue.DrainRequest, want error) {
		t.Helper()
		if _, err := l.Queue.Drain(ctx, r); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", r, err, want)
		}
	}
	refuses(queue.DrainRequest{Processes: []string{a.ID, "ghost"}}, queue.ErrUnknown)
	refuses(queue.DrainRequest{Hosts: []string{"host", "elsewhere"}}, queue.ErrUnknown)
	refuses(queue.DrainRequest{Processes: []string{"process-"}}, queue.ErrInvalid)
	refuses(queue.DrainRequest{Processes: []string{""}}, queue.ErrUnknown)
	if answer := a.Sync(); answer.Drain {
		t.Error("a refused drain drains")
	}
	l.drains(queue.DrainRequest{Processes: []string{a.ID}}, 1)
}

func drainSurvives(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	w := l.Worker(1)
	w.Sync()
	l.drains(queue.DrainRequest{}, 1)
	l.Restart()
	old := w.Request()
	old.Sequence = 1
	if answer := w.Call(old); !answer.Drain {
		t.Error("an old call is not told to leave")
	}
	if answer := w.Sync(); !answer.Drain {
		t.Error("the next coordinator knows nothing of it")
	}
}

// Who is told that all is done leaves, and is not waited for; unless it has not
// heard the answer and calls again.
func leaveWhenDone(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 1, 30))
	w, stays := l.Worker(1), l.Worker(1)
	lease := w.Take()
	waits := stays.Request()
	waits.Stays = true
	stays.Call(waits)
	if answer := w.Sync(Finished(lease, 0)); !answer.Done {
		t.Fatalf("answer: %+v", answer)
	}
	present := func(want ...string) {
		t.Helper()
		var got []string
		for _, w := range l.Status("A").Workers {
			got = append(got, w.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("workers (-want +got):\n%s", diff)
		}
	}
	present(stays.ID)
	l.drains(queue.DrainRequest{}, 1)
	w.Sync()
	present(stays.ID)
}
