package queuetest

import (
	"context"
	"reflect"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Confined returns a store that reports every call of a transaction outside its claim.
// Transactions that stay within disjoint claims have the same effect concurrently as one
// after the other.
func Confined(t TB, s queue.Store) queue.Store { return &confined{s, t} }

type confined struct {
	queue.Store
	t TB
}

func (s *confined) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	return s.Store.Update(ctx, claim, func(tx queue.Tx) error {
		f := &confinedTx{t: s.t, tx: tx}
		if claim != nil {
			if err := f.confine(*claim); err != nil {
				return err
			}
		}
		return call(forward{f.do})
	})
}

// confinedTx checks the calls of one transaction.
type confinedTx struct {
	t       TB
	tx      queue.Tx
	claimed bool // without a claim, a transaction excludes all others and is not restricted
	process string
	tasks   map[sweep.TaskID]bool // claimed or granted
}

// unrestricted lists the methods that any transaction may call: their results change only
// while no other transaction runs, are the same for all, or affect only preferences.
var unrestricted = map[string]bool{
	"Now": true, "Announce": true, "Sweep": true, "Sweeps": true, "Drafts": true, "SetTurn": true, "Waiting": true, "CountUnfinished": true, "Next": true,
	"ClaimSweep": true, "Tallies": true, // which guide a choice, and keep to a limit while the sweep is claimed
	"Specification": true, "Referring": true, "Recording": true, "PutRecording": true,
}

func (f *confinedTx) do(method string, args ...any) []reflect.Value {
	if f.claimed && !unrestricted[method] && !f.within(args) {
		f.t.Errorf("%s%.100v leaves the claim of process %q", method, args, f.process)
	}
	out := invoke(f.tx, method, args...)
	if method == "Next" {
		for _, n := range value[[]queue.Next](out[0]) {
			f.allow(n.Task)
		}
	}
	return out
}

// confine allows only what is claimed.
func (f *confinedTx) confine(claim queue.Claim) error {
	f.claimed, f.process = true, claim.Process
	f.allow(claim.Tasks...)
	held, err := f.tx.HeldBy(f.process)
	for _, a := range held {
		f.allow(a.Task)
	}
	return err
}

func (f *confinedTx) allow(tasks ...sweep.TaskID) {
	if f.tasks == nil {
		f.tasks = map[sweep.TaskID]bool{}
	}
	for _, task := range tasks {
		f.tasks[task] = true
	}
}

// within reports whether the claim covers a call. The first argument names the task or the
// process.
func (f *confinedTx) within(args []any) bool {
	if len(args) == 0 {
		return false
	}
	switch subject := args[0].(type) {
	case sweep.TaskID:
		return f.tasks[subject]
	case queue.Lease:
		return f.tasks[subject.Task]
	case queue.Attempt:
		// A transaction may end the attempt of another process. That process's calls claim
		// the task, too.
		return f.tasks[subject.Task] && (subject.Process == f.process || subject.Outcome != queue.Live)
	case queue.Record:
		return f.tasks[subject.Task]
	case queue.Presence:
		return subject.ID == f.process
	case string:
		return subject == f.process
	default:
		return false
	}
}
