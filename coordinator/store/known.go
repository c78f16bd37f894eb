package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// known is what a transaction has read or written of tasks, to be asked again
// without a statement: until it ends, nobody else can change it.
type known struct {
	records        map[sweep.TaskID]queue.Record
	references     map[sweep.TaskID][]reference
	specifications map[sweep.TaskID]queue.Specification
	steps          map[sweep.TaskID]uint64 // of checkpoints; 0 without one
	attempts       map[sweep.TaskID][]queue.Attempt
}

// reference is what the tallies need to know of a task's place in a sweep.
type reference struct {
	plan string
	cost int64
}

// maxKnown bounds how much of a kind is remembered: a plan may touch a million tasks.
const maxKnown = 4096

// note remembers something of a task.
func note[T any](all *map[sweep.TaskID]T, task sweep.TaskID, v T) {
	if *all == nil || len(*all) >= maxKnown {
		*all = map[sweep.TaskID]T{}
	}
	(*all)[task] = v
}

// ask returns what is known of a task, or finds it and remembers it.
func ask[T any](all *map[sweep.TaskID]T, task sweep.TaskID, find func() (T, bool, error)) (T, bool, error) {
	if v, ok := (*all)[task]; ok {
		return v, true, nil
	}
	v, found, err := find()
	if err == nil && found {
		note(all, task, v)
	}
	return v, found, err
}

// attempt puts a changed attempt into its history, if that is known.
func (k *known) attempt(a queue.Attempt) {
	history, ok := k.attempts[a.Task]
	if !ok {
		return
	}
	for i := range history {
		if history[i].Attempt == a.Attempt {
			history[i] = a
			return
		}
	}
	k.attempts[a.Task] = append(history, a)
}
