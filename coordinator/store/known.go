package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// known is what was read or written, to be asked again without a statement, for as
// long as nobody else can change it: PostgreSQL's until a transaction ends, SQLite's
// until something is undone. It is never the only place where anything is.
type known struct {
	records        map[sweep.TaskID]queue.Record
	references     map[sweep.TaskID][]reference
	specifications map[sweep.TaskID]queue.Specification
	steps          map[sweep.TaskID]uint64          // of checkpoints; 0 without one
	attempts       map[sweep.TaskID][]queue.Attempt // whole histories without logs, which may be long
	presences      map[string]queue.Presence
	sweeps         []queue.Sweep // all of them, without their grids; nil if they are not known
}

// reference is what the tallies need to know of a task's place in a sweep.
type reference struct {
	plan string
	cost int64
}

// maxKnown bounds how much of a kind is remembered, so that its memory is some
// megabytes: a plan may touch a million tasks.
const maxKnown = 1 << 13

// note remembers something.
func note[K comparable, T any](all *map[K]T, key K, v T) {
	if *all == nil || len(*all) >= maxKnown {
		*all = map[K]T{}
	}
	(*all)[key] = v
}

// ask returns what is known, or finds it and remembers it.
func ask[K comparable, T any](all *map[K]T, key K, find func() (T, bool, error)) (T, bool, error) {
	if v, ok := (*all)[key]; ok {
		return v, true, nil
	}
	v, found, err := find()
	if err == nil && found {
		note(all, key, v)
	}
	return v, found, err
}

// attempt puts a changed attempt into its history, if that is known. That of a
// task that was granted once is the attempt alone.
func (k *known) attempt(a queue.Attempt) {
	if a.Log != "" {
		delete(k.attempts, a.Task)
		return
	}
	history, ok := k.attempts[a.Task]
	if !ok {
		if k.records[a.Task].Attempt == 1 {
			note(&k.attempts, a.Task, []queue.Attempt{a})
		}
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
