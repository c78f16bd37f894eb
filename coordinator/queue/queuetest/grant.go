package queuetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
)

// orderScenarios test which task is granted next.
var orderScenarios = []Scenario{
	{"tasks are granted in the order of execution, not of rows", executionOrder},
	{"small tasks are granted in batches", batches},
	{"a batch is bounded", boundedBatch},
	{"sweeps take turns", takeTurns},
	{"each free slot is a turn", turnEachSlot},
	{"a new sweep comes last", newSweepLast},
}

// numbers returns the numbers of the tasks that an answer grants.
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

func executionOrder(t *testing.T, f *Fixture) {
	plan := Plan(0, 5, 10)
	for i, order := range []int{3, 1, 1, 0, 2} {
		plan[i].Order = order
	}
	f.Plan("A", plan)
	w := f.Worker(5)
	r := w.Request()
	r.FreeSlots = 3
	answer := w.Call(r)
	wantGranted(t, answer, 3, 1, 2)
	w.Apply(answer)
	answer = w.Sync()
	wantGranted(t, answer, 4, 0)
	if answer.CallAgainIn != 15*time.Second {
		t.Errorf("all slots are full: call again in %v", answer.CallAgainIn)
	}
	more := f.Worker(2)
	f.Plan("B", Plan(7, 8, 10))
	if answer = more.Sync(); answer.CallAgainIn != 5*time.Second {
		t.Errorf("one slot is free: call again in %v", answer.CallAgainIn)
	}
}

func batches(t *testing.T, f *Fixture) {
	plan := Plan(0, 12, 0.3)
	plan[8].Cost, plan[9].Cost = 0.2, 5
	f.Plan("A", plan)
	w := f.Worker(2)
	r := w.Request()
	r.FreeSlots = 1
	w.Call(r) // grants three tasks for one slot, but the answer is lost
	answer := w.Sync()
	if granted := numbers(answer); len(granted) != 6 || granted[3] != 3 {
		t.Errorf("granted again for one slot, and new for the other: %v", granted)
	}
	// Tasks 6 to 8 cost 0.8 s and share a slot, 9 gets another, 10 and 11 share the third.
	wantGranted(t, f.Worker(3).Sync(), 6, 7, 8, 9, 10, 11)
	f.WantCounts("A", queue.Counts{Planned: 12, Leased: 12, Queued: 7})
	// A slot that begins with a longer task also gets shorter ones.
	falling := Plan(20, 32, 0.01)
	falling[0].Cost = 0.6
	f.Plan("B", falling)
	wantGranted(t, f.Worker(1).Sync(), 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31)
}

func boundedBatch(t *testing.T, f *Fixture) {
	f.policy.MaxBatch = 40
	f.Restart()
	f.Plan("A", Plan(0, 100, 0))
	w := f.Worker(1)
	if n := len(Fresh(w.Sync())); n != 40 {
		t.Errorf("a batch of %d: want 40", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 100, Leased: 40, Pending: 60, Queued: 39})
	// A batch that is granted again fills its slot.
	lost := f.Worker(1)
	lost.Call(lost.Request())
	if n := len(Fresh(lost.Sync())); n != 40 {
		t.Errorf("%d granted again: want 40", n)
	}
}

func takeTurns(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 6, 10))
	w := f.Worker(1)
	w.Sync()
	f.Plan("B", Plan(10, 13, 10))
	for _, want := range []int{1, 10, 2, 11, 3, 12, 4, 5} {
		answer := w.Sync(Finished(w.OnlyLease(), 0))
		wantGranted(t, answer, want)
	}
	f.Plan("B", Plan(10, 16, 10))
	f.Plan("A", Plan(0, 8, 10))
	for _, want := range []int{6, 13, 7, 14} { // B does not catch up on the turns of 4 and 5
		wantGranted(t, w.Sync(Finished(w.OnlyLease(), 0)), want)
	}
}

func turnEachSlot(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 8, 0.5))
	f.Plan("B", Plan(10, 13, 10))
	w := f.Worker(5)
	wantGranted(t, w.Sync(), 0, 1, 10, 2, 3, 11, 4, 5)
}

func newSweepLast(t *testing.T, f *Fixture) {
	for i, id := range []string{"C", "B", "A"} {
		f.Plan(id, Plan(10*i, 10*i+9, 10))
	}
	wantGranted(t, f.Worker(4).Sync(), 0, 10, 20, 1)
}

// exclusiveScenarios test exclusive tasks.
var exclusiveScenarios = []Scenario{
	{"tasks that were lost together run alone", sharedLoss},
	{"a busy process gets no exclusive task", busyWorker},
	{"an exclusive task is granted alone and in its turn", exclusiveInTurn},
	{"no checkpoint brings an exclusive task back to a process that holds another", exclusiveComesBack},
}

func sharedLoss(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 3, 10))
	// Task 1 kills its process, which runs two others as well.
	w := f.Worker(3)
	w.Sync()
	loseWorker(f, w)
	for i := range 3 {
		if r := f.Record(Task(i).ID); !r.Exclusive || r.Phase != queue.Waiting {
			t.Errorf("task %d after a shared loss: %+v", i, r)
		}
	}
	// From now on each runs alone, whatever the number of slots.
	culprit, losses := Task(1).ID, 0
	for range 20 {
		w := f.Worker(3)
		fresh := Fresh(w.Sync())
		if len(fresh) == 0 {
			break
		}
		if len(fresh) > 1 {
			t.Fatalf("granted together: %+v", fresh)
		}
		if more := Fresh(w.Sync()); len(more) > 0 {
			t.Fatalf("granted in addition to an exclusive task: %+v", more)
		}
		if fresh[0].Task == culprit {
			loseWorker(f, w)
			losses++
		} else {
			w.Draining = true
			w.Sync(Finished(fresh[0].Lease, 0))
		}
	}
	if losses != 5 {
		t.Errorf("lost %d processes alone: want 5", losses)
	}
	f.WantCounts("A", queue.Counts{Planned: 3, Done: 2, Failed: 1})
}

// busyWorker checks that a process that holds a task gets no exclusive task, but
// gets others.
func busyWorker(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 4, 10))
	lost := f.Worker(1)
	lost.Take() // task 0
	loseWorker(f, lost)
	w := f.Worker(1)
	granted := w.Take()
	if granted.Task != Task(0).ID {
		t.Fatalf("granted %v", granted)
	}
	w.Sync(HandedBack(granted)) // it is granted again
	w.Sync(HandedBack(w.OnlyLease()))
	w.Draining = true
	w.Sync(HandedBack(w.OnlyLease()))

	// A process that holds task 1 is granted 2 and 3, never 0.
	busy := f.Worker(3)
	r := busy.Request()
	r.Held = []queue.Held{{Lease: queue.Lease{Task: Task(1).ID, Attempt: 9}}} // it still lists a lease that was withdrawn
	answer := busy.Call(r)
	busy.Apply(answer)
	if fresh := Fresh(answer); len(fresh) != 3 || fresh[0].Task != Task(1).ID {
		t.Fatalf("granted to a process that has not stopped yet: %+v", fresh)
	}
	busy.Sync(Finished(busy.Leases()[0].Lease, 0))
	if n := len(busy.Holds); n != 2 {
		t.Errorf("holds %d tasks: task 0 must wait", n)
	}
	f.WantCounts("A", queue.Counts{Planned: 4, Done: 1, Leased: 2, Pending: 1})
	held := busy.Leases()
	answer = busy.Sync(Finished(held[0].Lease, 0), Finished(held[1].Lease, 0))
	if fresh := Fresh(answer); len(fresh) != 1 || fresh[0].Task != Task(0).ID {
		t.Errorf("granted to a process that holds nothing: %+v", fresh)
	}
}

// exclusiveInTurn checks the order of an exclusive task among other tasks.
func exclusiveInTurn(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 6, 10))
	first := f.Worker(1)
	first.Take()
	loseWorker(f, first) // with task 0
	moved := Plan(0, 6, 10)
	moved[0].Order = 2 // behind task 1, before task 2
	moved[1].Order = 1
	f.Plan("A", moved)
	f.Plan("B", Plan(8, 10, 10))

	// Task 0 waits for its turn.
	wantGranted(t, f.Worker(1).Sync(), 1)
	// A process that is granted another task first does not get task 0 as the second one …
	wantGranted(t, f.Worker(3).Sync(), 8, 2, 9)
	// … nor in addition to a grant whose answer was lost …
	lost := f.Worker(2)
	r := lost.Request()
	r.FreeSlots = 1
	f.Plan("A", moved[1:]) // so that another task is granted
	lost.Call(r)
	f.Plan("A", moved)
	wantGranted(t, lost.Sync(), 3, 4)
	// … and when its turn comes, it is granted alone, though others wait.
	w := f.Worker(3)
	wantGranted(t, w.Sync(), 0)
	wantGranted(t, w.Sync())
	wantGranted(t, w.Sync(Finished(w.OnlyLease(), 0)), 5)
}

// exclusiveComesBack has a checkpoint arrive late, after its exclusive task was withdrawn and
// planned again, and after its process was granted another task.
func exclusiveComesBack(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	lost := f.Worker(1)
	lost.Take() // task 0
	loseWorker(f, lost)
	w := f.Worker(2)
	exclusive := w.Take()
	w.Start(exclusive, 10)
	w.Sync()
	f.Plan("A", Plan(1, 2, 10))
	other := w.Take() // in the answer that withdraws task 0
	f.Plan("A", Plan(0, 2, 10))
	if w.Checkpoint(exclusive, 20) {
		t.Error("the checkpoint was stored")
	}
	f.Consistent()
	w.Sync(Finished(other, 0))
	if again := w.OnlyLease(); again.Task != exclusive.Task || again.Attempt != exclusive.Attempt+1 {
		t.Errorf("granted %v after %v", again, exclusive)
	}
}
