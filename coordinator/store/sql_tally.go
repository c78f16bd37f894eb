package store

import (
	"cmp"
	"maps"
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

type tallyKey struct {
	sweep string
	phase queue.Phase
}

// add notes a change of a tally. Changes are gathered, since the tasks of one
// call change the same few tallies.
func (t *sqlTx) add(id string, phase queue.Phase, change tally) {
	key := tallyKey{id, phase}
	t.deltas[key] = t.deltas[key].plus(change)
}

// flush writes the gathered changes, in a fixed order.
func (t *sqlTx) flush() error {
	keys := slices.SortedFunc(maps.Keys(t.deltas), func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.sweep, b.sweep), cmp.Compare(a.phase, b.phase))
	})
	for _, key := range keys {
		change := t.deltas[key]
		if change == (tally{}) {
			continue
		}
		err := t.exec(`
			INSERT INTO tallies (sweep, phase, tasks, cost, compute, verifying) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (sweep, phase) DO UPDATE SET
				tasks = tallies.tasks + excluded.tasks,
				cost = tallies.cost + excluded.cost,
				compute = tallies.compute + excluded.compute,
				verifying = tallies.verifying + excluded.verifying`,
			key.sweep, key.phase, change.tasks, change.cost, change.compute, change.verifying)
		if err != nil {
			return err
		}
	}
	clear(t.deltas)
	return nil
}

func (t *sqlTx) Tallies(id string) (map[queue.Phase]queue.Tally, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	type entry struct {
		phase queue.Phase
		sum   tally
	}
	entries, err := list(t, `SELECT phase, tasks, cost, compute, verifying FROM tallies WHERE sweep = $1 AND tasks > 0`, with(id),
		func(r row) (e entry, err error) {
			return e, r.Scan(&e.phase, &e.sum.tasks, &e.sum.cost, &e.sum.compute, &e.sum.verifying)
		})
	tallies := make(map[queue.Phase]queue.Tally, len(entries))
	for _, e := range entries {
		tallies[e.phase] = e.sum.read()
	}
	return tallies, err
}

func (t *sqlTx) Open() (open int, err error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	_, err = t.get(`SELECT COALESCE(SUM(tasks), 0) FROM tallies WHERE phase IN ('waiting', 'backing_off', 'leased')`, nil, &open)
	return open, err
}

// move keeps planned and the tallies in step with a record that changed.
func (t *sqlTx) move(before, after queue.Record) error {
	if before.Phase == after.Phase && before.Alone == after.Alone && before.Compute == after.Compute && before.Verifying == after.Verifying {
		return nil
	}
	type reference struct {
		sweep string
		cost  int64
	}
	references, err := list(t, `SELECT sweep, cost FROM planned WHERE task = $1`, with(after.Task),
		func(r row) (ref reference, err error) { return ref, r.Scan(&ref.sweep, &ref.cost) })
	if err != nil || len(references) == 0 {
		return err
	}
	for _, ref := range references {
		t.add(ref.sweep, before.Phase, tallyOf(before, ref.cost).minus())
		t.add(ref.sweep, after.Phase, tallyOf(after, ref.cost))
	}
	return t.exec(`UPDATE planned SET phase = $1, alone = $2 WHERE task = $3`, after.Phase, after.Alone, after.Task)
}

// phaseOf is the part of a record that planned repeats and the tallies sum.
func (t *sqlTx) phaseOf(task sweep.TaskID) (r queue.Record, found bool, err error) {
	r.Task = task
	var compute int64
	found, err = t.get(`SELECT phase, alone, compute, verifying FROM records WHERE task = $1`, with(task), &r.Phase, &r.Alone, &compute, &r.Verifying)
	r.Compute = span(compute)
	return r, found, err
}
