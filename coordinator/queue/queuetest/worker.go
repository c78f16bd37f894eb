package queuetest

import (
	"cmp"
	"context"
	"slices"

	"spiqsweep/coordinator/queue"
)

// Worker is a process that follows the protocol: it lists all its leases, makes one call
// at a time, and applies each answer. The test decides what it reports.
type Worker struct {
	queue.Process
	Holds    map[queue.Lease]*queue.Held
	Sequence uint64
	Draining bool

	fixture *Fixture
}

// Request returns the worker's next call, with reports.
func (w *Worker) Request(reports ...queue.Report) queue.SyncRequest {
	w.Sequence++
	return queue.SyncRequest{
		Process: w.Process, Sequence: w.Sequence, Held: w.Leases(), Reports: reports,
		FreeSlots: w.free(reports), Draining: w.Draining,
	}
}

// free counts the slots that are free after the reports.
func (w *Worker) free(reports []queue.Report) int {
	busy := len(w.Holds)
	for _, r := range reports {
		if w.Holds[r.Lease] != nil {
			busy--
		}
	}
	return min(w.Slots, max(0, w.Slots-busy))
}

// Leases lists the worker's leases by task, then attempt.
func (w *Worker) Leases() []queue.Held {
	var held []queue.Held
	for _, h := range w.Holds {
		held = append(held, *h)
	}
	slices.SortFunc(held, func(a, b queue.Held) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
	})
	return held
}

// Sync makes a call and applies the answer.
func (w *Worker) Sync(reports ...queue.Report) queue.SyncAnswer {
	w.fixture.TB.Helper()
	answer := w.Call(w.Request(reports...))
	w.Apply(answer)
	return answer
}

// Call makes a call and returns the answer without applying it.
func (w *Worker) Call(r queue.SyncRequest) queue.SyncAnswer {
	w.fixture.TB.Helper()
	answer, err := w.fixture.Queue.Sync(context.Background(), r)
	if err != nil {
		w.fixture.TB.Fatalf("sync: %v", err)
	}
	return answer
}

// Apply replaces the worker's leases by those of an answer.
func (w *Worker) Apply(a queue.SyncAnswer) {
	w.fixture.TB.Helper()
	kept := map[queue.Lease]*queue.Held{}
	for _, assignment := range a.Assignments {
		h, known := w.Holds[assignment.Lease]
		if !known {
			if assignment.Work == nil {
				w.fixture.TB.Fatalf("new lease without work: %v", assignment.Lease)
			}
			h = &queue.Held{Lease: assignment.Lease}
		}
		kept[assignment.Lease] = h
	}
	w.Holds = kept
}

// Start sets the progress of a lease.
func (w *Worker) Start(l queue.Lease, step uint64) {
	h := w.Holds[l]
	h.Started, h.Step = true, step
}

// Take makes a call and returns the only new lease that it grants.
func (w *Worker) Take(reports ...queue.Report) queue.Lease {
	w.fixture.TB.Helper()
	fresh := Fresh(w.Sync(reports...))
	if len(fresh) != 1 {
		w.fixture.TB.Fatalf("%d new leases: want one", len(fresh))
	}
	return fresh[0].Lease
}

// Checkpoint stores a checkpoint of a lease and reports whether the queue accepted it.
func (w *Worker) Checkpoint(l queue.Lease, step uint64) bool {
	w.fixture.TB.Helper()
	stored, err := w.fixture.Queue.PutCheckpoint(context.Background(), w.ID, l, step, []byte{byte(step)})
	if err != nil {
		w.fixture.TB.Fatalf("put checkpoint: %v", err)
	}
	return stored
}

// Fresh returns the new assignments of an answer: those with their work.
func Fresh(a queue.SyncAnswer) (fresh []queue.Assignment) {
	for _, assignment := range a.Assignments {
		if assignment.Work != nil {
			fresh = append(fresh, assignment)
		}
	}
	return fresh
}

// Finished returns the report of a result.
func Finished(l queue.Lease, variant int) queue.Report {
	return queue.Report{Lease: l, Result: Result(variant)}
}

// Failed returns the report of a failure.
func Failed(l queue.Lease, message string) queue.Report {
	return queue.Report{Lease: l, Failure: &queue.Failure{Message: message, Log: "log of " + message}}
}

// HandedBack returns the report of a hand-back.
func HandedBack(l queue.Lease) queue.Report {
	return queue.Report{Lease: l, HandBack: &queue.HandBack{Reason: "draining"}}
}

// OnlyLease returns the only lease of the worker.
func (w *Worker) OnlyLease() queue.Lease {
	w.fixture.TB.Helper()
	if len(w.Holds) != 1 {
		w.fixture.TB.Fatalf("the worker holds %d leases: want one", len(w.Holds))
	}
	return w.Leases()[0].Lease
}
