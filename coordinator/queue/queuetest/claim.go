package queuetest

import (
	"context"
	"reflect"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Confined is a store that reports every call by which a transaction leaves its
// claim. What several such transactions do at once is what they would have done
// one after the other only if none does.
func Confined(t TB, s queue.Store) queue.Store { return &confined{s, t} }

type confined struct {
	queue.Store
	t TB
}

func (s *confined) Update(ctx context.Context, call func(queue.Tx) error) error {
	return s.Store.Update(ctx, func(tx queue.Tx) error {
		f := &fence{t: s.t, tx: tx}
		return call(forward{f.do})
	})
}

// fence is what one transaction may touch.
type fence struct {
	t       TB
	tx      queue.Tx
	called  bool
	claimed bool // else it is alone, and may do anything
	process string
	tasks   map[sweep.TaskID]bool
}

// unrestricted lists the methods that any transaction may call: what they return changes
// only while no other transaction runs, is the same for all, or decides only preferences.
var unrestricted = map[string]bool{
	"Now": true, "Announce": true, "Sweep": true, "Sweeps": true, "SetTurn": true, "Waiting": true, "CountUnfinished": true, "Next": true,
	"Specification": true, "Referring": true, "Recording": true, "PutRecording": true,
}

func (f *fence) do(method string, args ...any) []reflect.Value {
	if method == "Claim" {
		return f.claim(args)
	}
	f.called = true
	if f.claimed && !unrestricted[method] && !f.within(args) {
		f.t.Errorf("%s%.100v leaves the claim of process %q", method, args, f.process)
	}
	out := pass(f.tx, method, args...)
	if method == "Next" {
		for _, n := range value[[]queue.Next](out[0]) {
			f.own(n.Task)
		}
	}
	return out
}

func (f *fence) claim(args []any) []reflect.Value {
	if f.called {
		f.t.Errorf("a claim that is not the first call")
	}
	f.called, f.claimed, f.process = true, true, args[0].(string)
	f.own(args[1].([]sweep.TaskID)...)
	out := pass(f.tx, "Claim", args...)
	if none(out) == nil {
		held, err := f.tx.HeldBy(f.process)
		if err != nil {
			f.t.Errorf("read the leases of process %q: %v", f.process, err)
		}
		for _, a := range held {
			f.own(a.Task)
		}
	}
	return out
}

func (f *fence) own(tasks ...sweep.TaskID) {
	if f.tasks == nil {
		f.tasks = map[sweep.TaskID]bool{}
	}
	for _, task := range tasks {
		f.tasks[task] = true
	}
}

// within says whether the first argument of a call, which names what it is about,
// is claimed.
func (f *fence) within(args []any) bool {
	if len(args) == 0 {
		return false
	}
	switch about := args[0].(type) {
	case sweep.TaskID:
		return f.tasks[about]
	case queue.Lease:
		return f.tasks[about.Task]
	case queue.Attempt:
		// It may end the attempt of another process, whose calls claim the task, too.
		return f.tasks[about.Task] && (about.Process == f.process || about.Outcome != queue.Live)
	case queue.Record:
		return f.tasks[about.Task]
	case queue.Presence:
		return about.ID == f.process
	case string:
		return about == f.process
	default:
		return false
	}
}
