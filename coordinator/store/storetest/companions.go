package storetest

import (
	"testing"

	"spiqsweep/coordinator/queue"
)

// companions is about tasks that must be alone.
var companions = []life{
	{"its neighbours are not blamed", neighbours},
	{"a process with slots to spare", sparesSlots},
	{"in its turn, and alone", aloneInTurn},
}

func neighbours(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	// Task 1 kills whoever runs it, together with two others.
	w := l.Worker(3)
	w.Sync()
	kill(l, w)
	for i := range 3 {
		if r := l.Record(Task(i).ID); !r.Alone || r.Phase != queue.Waiting {
			t.Errorf("task %d after a shared loss: %+v", i, r)
		}
	}
	// From now on each is alone, on processes of any number of slots.
	culprit, losses := Task(1).ID, 0
	for range 20 {
		w := l.Worker(3)
		fresh := Fresh(w.Sync())
		if len(fresh) == 0 {
			break
		}
		if len(fresh) > 1 {
			t.Fatalf("granted together: %+v", fresh)
		}
		if more := Fresh(w.Sync()); len(more) > 0 {
			t.Fatalf("granted beside a task that must be alone: %+v", more)
		}
		if fresh[0].Task == culprit {
			kill(l, w)
			losses++
		} else {
			w.Draining = true
			w.Sync(Finished(fresh[0].Lease, 0))
		}
	}
	if losses != 5 {
		t.Errorf("lost %d processes alone: want 5", losses)
	}
	l.WantCounts("A", queue.Counts{Planned: 3, Done: 2, Failed: 1})
}

// sparesSlots is about a process that holds something: it gets no task that must
// be alone, but others.
func sparesSlots(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 4, 10))
	victim := l.Worker(1)
	victim.Take() // task 0
	kill(l, victim)
	w := l.Worker(1)
	fragile := w.Take()
	if fragile.Task != Task(0).ID {
		t.Fatalf("granted %v", fragile)
	}
	w.Sync(HandsBack(fragile)) // and takes it again
	w.Sync(HandsBack(w.Holding()))
	w.Draining = true
	w.Sync(HandsBack(w.Holding()))

	// Holding task 1, a process is offered 2 and 3, never 0.
	busy := l.Worker(3)
	r := busy.Request()
	r.Held = []queue.Held{{Lease: queue.Lease{Task: Task(1).ID, Attempt: 9}}} // what it holds is withdrawn just now
	answer := busy.Call(r)
	busy.Obey(answer)
	if fresh := Fresh(answer); len(fresh) != 3 || fresh[0].Task != Task(1).ID {
		t.Fatalf("granted to a process that has not stopped yet: %+v", fresh)
	}
	busy.Sync(Finished(busy.held()[0].Lease, 0))
	if n := len(busy.Holds); n != 2 {
		t.Errorf("holds %d: task 0 must wait", n)
	}
	l.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Leased: 2, Pending: 1})
	held := busy.held()
	answer = busy.Sync(Finished(held[0].Lease, 0), Finished(held[1].Lease, 0))
	if fresh := Fresh(answer); len(fresh) != 1 || fresh[0].Task != Task(0).ID {
		t.Errorf("granted to a process that holds nothing: %+v", fresh)
	}
}

// aloneInTurn is about a task that must be alone among others that need not be.
func aloneInTurn(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 6, 10))
	victim := l.Worker(1)
	victim.Take()
	kill(l, victim) // with task 0
	moved := Plan(0, 6, 10)
	moved[0].Order = 2 // behind task 1, before task 2
	moved[1].Order = 1
	l.Plan("A", moved)
	l.Plan("B", Plan(8, 10, 10))

	// It waits for its turn.
	wantGranted(t, l.Worker(1).Sync(), 1)
	// A process that begins with another task gets it neither as a second one …
	wantGranted(t, l.Worker(3).Sync(), 8, 2, 9)
	// … nor beside one that it never heard of …
	lost := l.Worker(2)
	r := lost.Request()
	r.FreeSlots = 1
	l.Plan("A", moved[1:]) // so that it gets another one
	lost.Call(r)
	l.Plan("A", moved)
	wantGranted(t, lost.Sync(), 3, 4)
	// … and when it comes first, it comes alone, whatever else waits.
	w := l.Worker(3)
	wantGranted(t, w.Sync(), 0)
	wantGranted(t, w.Sync())
	wantGranted(t, w.Sync(Finished(w.Holding(), 0)), 5)
}
