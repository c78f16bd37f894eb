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

// add notes a change of a tally. Changes are gathered until the end of the
// transaction, since the tasks of one call change the same few tallies, and who
// waits for one should not wait long.
func (t *sqlTx) add(id string, phase queue.Phase, change tally) {
	key := tallyKey{id, phase}
	t.deltas[key] = t.deltas[key].plus(change)
}

// flush writes the gathered changes, in a fixed order: transactions that wait for
// each other's tallies do so in a line.
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
			INSERT INTO tallies (sweep, phase, shard, tasks, cost, compute, verifying) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (sweep, phase, shard) DO UPDATE SET
				tasks = tallies.tasks + excluded.tasks,
				cost = tallies.cost + excluded.cost,
				compute = tallies.compute + excluded.compute,
				verifying = tallies.verifying + excluded.verifying`,
			key.sweep, key.phase, t.shard, change.tasks, change.cost, change.compute, change.verifying)
		if err != nil {
			return err
		}
	}
	clear(t.deltas)
	return nil
}

// sums reads tallies, changes that are only noted included.
func (t *sqlTx) sums(condition string, args ...any) (map[tallyKey]tally, error) {
	type entry struct {
		key tallyKey
		sum tally
	}
	entries, err := list(t, `SELECT sweep, phase, tasks, cost, compute, verifying FROM tallies `+condition, args,
		func(r row) (e entry, err error) {
			return e, r.Scan(&e.key.sweep, &e.key.phase, &e.sum.tasks, &e.sum.cost, &e.sum.compute, &e.sum.verifying)
		})
	sums := maps.Clone(t.deltas)
	for _, e := range entries {
		sums[e.key] = sums[e.key].plus(e.sum)
	}
	return sums, err
}

func (t *sqlTx) Tallies(id string) (map[queue.Phase]queue.Tally, error) {
	sums, err := t.sums(`WHERE sweep = $1`, id)
	tallies := map[queue.Phase]queue.Tally{}
	for key, sum := range sums {
		if key.sweep == id && sum.tasks > 0 {
			tallies[key.phase] = sum.read()
		}
	}
	return tallies, err
}

func (t *sqlTx) Open() (open int, err error) {
	sums, err := t.sums(`WHERE phase IN ('waiting', 'backing_off', 'leased')`)
	for key, sum := range sums {
		switch key.phase {
		case queue.Waiting, queue.BackingOff, queue.Leased:
			open += int(sum.tasks)
		default:
		}
	}
	return open, err
}

// move keeps planned and the tallies in step with a record that changed.
func (t *sqlTx) move(before, after queue.Record) error {
	if before.Phase == after.Phase && before.Alone == after.Alone && before.Compute == after.Compute && before.Verifying == after.Verifying {
		return nil
	}
	references, err := t.references(after.Task)
	if err != nil || len(references) == 0 {
		return err
	}
	for _, ref := range references {
		t.add(ref.sweep, before.Phase, tallyOf(before, ref.cost).minus())
		t.add(ref.sweep, after.Phase, tallyOf(after, ref.cost))
	}
	return t.exec(`UPDATE planned SET phase = $1, alone = $2 WHERE task = $3`, after.Phase, after.Alone, after.Task)
}

// references lists the places of a task.
func (t *sqlTx) references(task sweep.TaskID) ([]reference, error) {
	all, _, err := ask(&t.known.references, task, func() ([]reference, bool, error) {
		all, err := list(t, `SELECT sweep, cost FROM planned WHERE task = $1`, with(task),
			func(r row) (ref reference, err error) { return ref, r.Scan(&ref.sweep, &ref.cost) })
		return all, true, err
	})
	return all, err
}
