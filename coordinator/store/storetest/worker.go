package storetest

import (
	"cmp"
	"context"
	"slices"

	"spiqsweep/coordinator/queue"
)

// Worker is a process that keeps the protocol: it names all it holds, has one
// call in flight, and obeys the answer to its newest. It does no work by itself.
type Worker struct {
	queue.Process
	Holds    map[queue.Lease]*queue.Held
	Sequence uint64
	Draining bool

	lab *Lab
}

// Request is the worker's next call, with reports.
func (w *Worker) Request(reports ...queue.Report) queue.SyncRequest {
	w.Sequence++
	return queue.SyncRequest{
		Process: w.Process, Sequence: w.Sequence, Held: w.held(), Reports: reports,
		FreeSlots: w.free(reports), Draining: w.Draining,
	}
}

// free counts the slots without work, once the reports are sent.
func (w *Worker) free(reports []queue.Report) int {
	busy := len(w.Holds)
	for _, r := range reports {
		if w.Holds[r.Lease] != nil {
			busy--
		}
	}
	return min(w.Slots, max(0, w.Slots-busy))
}

func (w *Worker) held() []queue.Held {
	var held []queue.Held
	for _, h := range w.Holds {
		held = append(held, *h)
	}
	slices.SortFunc(held, func(a, b queue.Held) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
	})
	return held
}

// Sync makes a call that must work, and obeys the answer.
func (w *Worker) Sync(reports ...queue.Report) queue.SyncAnswer {
	w.lab.TB.Helper()
	answer := w.Call(w.Request(reports...))
	w.Obey(answer)
	return answer
}

// Call makes a call that must work; its answer is lost unless it is obeyed.
func (w *Worker) Call(r queue.SyncRequest) queue.SyncAnswer {
	w.lab.TB.Helper()
	answer, err := w.lab.Queue.Sync(context.Background(), r)
	if err != nil {
		w.lab.TB.Fatalf("sync: %v", err)
	}
	return answer
}

// Obey takes up what an answer assigns and drops all else.
func (w *Worker) Obey(a queue.SyncAnswer) {
	w.lab.TB.Helper()
	kept := map[queue.Lease]*queue.Held{}
	for _, assignment := range a.Assignments {
		h, known := w.Holds[assignment.Lease]
		if !known {
			if assignment.Work == nil {
				w.lab.TB.Fatalf("assigned without its work: %v", assignment.Lease)
			}
			h = &queue.Held{Lease: assignment.Lease}
		}
		kept[assignment.Lease] = h
	}
	w.Holds = kept
}

// Start begins to work on a lease, or goes on up to a step.
func (w *Worker) Start(l queue.Lease, step uint64) {
	h := w.Holds[l]
	h.Started, h.Step = true, step
}

// Take makes a call and returns the only lease that is new in it.
func (w *Worker) Take(reports ...queue.Report) queue.Lease {
	w.lab.TB.Helper()
	fresh := Fresh(w.Sync(reports...))
	if len(fresh) != 1 {
		w.lab.TB.Fatalf("%d new leases: want one", len(fresh))
	}
	return fresh[0].Lease
}

// Checkpoint stores a checkpoint of a lease and says whether it was taken.
func (w *Worker) Checkpoint(l queue.Lease, step uint64) bool {
	w.lab.TB.Helper()
	stored, err := w.lab.Queue.PutCheckpoint(context.Background(), w.ID, l, step, []byte{byte(step)})
	if err != nil {
		w.lab.TB.Fatalf("put checkpoint: %v", err)
	}
	return stored
}

// Fresh keeps the assignments that the worker did not name.
func Fresh(a queue.SyncAnswer) (fresh []queue.Assignment) {
	for _, assignment := range a.Assignments {
		if assignment.Work != nil {
			fresh = append(fresh, assignment)
		}
	}
	return fresh
}

// Finished reports a result of a lease.
func Finished(l queue.Lease, variant int) queue.Report {
	return queue.Report{Lease: l, Result: Result(variant)}
}

// Fails reports a failure of the task.
func Fails(l queue.Lease, message string) queue.Report {
	return queue.Report{Lease: l, Failure: &queue.Failure{Message: message, Log: "log of " + message}}
}

// HandsBack gives a lease back.
func HandsBack(l queue.Lease) queue.Report {
	return queue.Report{Lease: l, HandBack: &queue.HandBack{Reason: "draining"}}
}

// Holding is the only lease of a worker.
func (w *Worker) Holding() queue.Lease {
	w.lab.TB.Helper()
	if len(w.Holds) != 1 {
		w.lab.TB.Fatalf("the worker holds %d leases: want one", len(w.Holds))
	}
	return w.held()[0].Lease
}
