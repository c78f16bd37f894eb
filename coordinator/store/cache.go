package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// rowCache caches rows that were read or written, while no other transaction can change
// them: on PostgreSQL until the transaction ends, on SQLite until a rollback.
type rowCache struct {
	records        map[sweep.TaskID]storedRecord
	references     map[sweep.TaskID][]reference
	specifications map[sweep.TaskID]queue.Specification
	attempts       map[sweep.TaskID][]queue.Attempt // complete histories; none with a log, which may be long
	presences      map[string]queue.Presence
	sweeps         []queue.Sweep // all sweeps, without their grids; nil if not cached
}

// storedRecord is a row of the table records.
type storedRecord struct {
	queue.Record
	key   int64  // of the task, in all tables
	saved uint64 // step of the checkpoint; 0 for none
}

// reference is a plan that contains a task, and the task's cost there in microseconds.
type reference struct {
	plan string
	cost int64
}

// maxCached bounds the entries of each map, and so the memory to some megabytes: a call
// may read a million tasks.
const maxCached = 1 << 13

// putEntry caches an entry. It empties a full map first.
func putEntry[K comparable, T any](all *map[K]T, key K, v T) {
	if *all == nil || len(*all) >= maxCached {
		*all = map[K]T{}
	}
	(*all)[key] = v
}

// getEntry returns a cached entry. If there is none, it calls find and caches the entry found.
func getEntry[K comparable, T any](all *map[K]T, key K, find func() (T, bool, error)) (T, bool, error) {
	if v, ok := (*all)[key]; ok {
		return v, true, nil
	}
	v, found, err := find()
	if err == nil && found {
		putEntry(all, key, v)
	}
	return v, found, err
}

// putAttempt updates the history of an attempt's task, if it is cached. If it is not, and
// the task was granted once, the attempt is the whole history.
func (c *rowCache) putAttempt(a queue.Attempt) {
	if a.Log != "" {
		delete(c.attempts, a.Task)
		return
	}
	history, ok := c.attempts[a.Task]
	if !ok {
		if c.records[a.Task].Attempt == 1 {
			putEntry(&c.attempts, a.Task, []queue.Attempt{a})
		}
		return
	}
	for i := range history {
		if history[i].Attempt == a.Attempt {
			history[i] = a
			return
		}
	}
	c.attempts[a.Task] = append(history, a)
}
