package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// known caches rows that were read or written, while no other transaction can change
// them: on PostgreSQL until the transaction ends, on SQLite until a rollback.
type known struct {
	records        map[sweep.TaskID]queue.Record
	references     map[sweep.TaskID][]reference
	specifications map[sweep.TaskID]queue.Specification
	steps          map[sweep.TaskID]uint64          // steps of checkpoints, 0 for no checkpoint
	attempts       map[sweep.TaskID][]queue.Attempt // complete histories; none with a log, which may be long
	presences      map[string]queue.Presence
	sweeps         []queue.Sweep // all sweeps, without their grids; nil if not cached
}

// reference is a plan that contains a task, and the task's cost there in microseconds.
type reference struct {
	plan string
	cost int64
}

// maxKnown bounds the entries of each map, and so the memory to some megabytes: a call
// may read a million tasks.
const maxKnown = 1 << 13

// note caches an entry. It empties a full map first.
func note[K comparable, T any](all *map[K]T, key K, v T) {
	if *all == nil || len(*all) >= maxKnown {
		*all = map[K]T{}
	}
	(*all)[key] = v
}

// ask returns a cached entry. If there is none, it calls find and caches the entry found.
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

// attempt updates the history of an attempt's task, if it is cached. If it is not, and
// the task was granted once, the attempt is the whole history.
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
