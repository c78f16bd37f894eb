package store

import (
	"cmp"
	"maps"
	"slices"

	"spiqsweep/coordinator/queue"
)

type tallyKey struct {
	plan  string
	phase queue.Phase
}

// add notes a change of a tally. Changes are gathered until the end of the
// transaction, since the tasks of one call change the same few tallies, and who
// waits for one should not wait long.
func (t *sqlTx) add(plan string, phase queue.Phase, change tally) {
	key := tallyKey{plan, phase}
	t.deltas[key] = t.deltas[key].plus(change)
}

// flush writes the gathered changes, in a fixed order: transactions that wait for
// each other's tallies do so in a line.
func (t *sqlTx) flush() error {
	keys := slices.SortedFunc(maps.Keys(t.deltas), func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.plan, b.plan), cmp.Compare(a.phase, b.phase))
	})
	for _, key := range keys {
		change := t.deltas[key]
		if change == (tally{}) {
			continue
		}
		err := t.exec(`
			INSERT INTO tallies (plan, phase, shard, tasks, cost, compute, verifying, arrivals) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (plan, phase, shard) DO UPDATE SET
				tasks = tallies.tasks + excluded.tasks,
				cost = tallies.cost + excluded.cost,
				compute = tallies.compute + excluded.compute,
				verifying = tallies.verifying + excluded.verifying,
				arrivals = tallies.arrivals + excluded.arrivals`,
			key.plan, key.phase, t.shard, change.tasks, change.cost, change.compute, change.verifying, change.arrivals)
		if err != nil {
			return err
		}
	}
	clear(t.deltas)
	return nil
}

// deleteTallies deletes the tallies of a plan without tasks.
func (t *sqlTx) deleteTallies(plan string) error {
	maps.DeleteFunc(t.deltas, func(key tallyKey, _ tally) bool { return key.plan == plan })
	t.deleted = append(t.deleted, plan)
	return t.exec(`DELETE FROM tallies WHERE plan = $1`, plan)
}

// hand adds the changes to those of a whole commit.
func (t *sqlTx) hand(to map[tallyKey]tally) {
	for _, plan := range t.deleted {
		maps.DeleteFunc(to, func(key tallyKey, _ tally) bool { return key.plan == plan })
	}
	for key, change := range t.deltas {
		to[key] = to[key].plus(change)
	}
}

// sums reads tallies, changes that are only noted included.
func (t *sqlTx) sums(condition string, args ...any) (map[tallyKey]tally, error) {
	type entry struct {
		key tallyKey
		sum tally
	}
	entries, err := list(t, `SELECT plan, phase, tasks, cost, compute, verifying, arrivals FROM tallies `+condition, args,
		func(r row) (e entry, err error) {
			return e, r.Scan(&e.key.plan, &e.key.phase, &e.sum.tasks, &e.sum.cost, &e.sum.compute, &e.sum.verifying, &e.sum.arrivals)
		})
	sums := maps.Clone(t.deltas)
	for key, change := range t.pending {
		sums[key] = sums[key].plus(change)
	}
	for _, e := range entries {
		sums[e.key] = sums[e.key].plus(e.sum)
	}
	return sums, err
}

func (t *sqlTx) Tallies(plan string) (map[queue.Phase]queue.Tally, error) {
	sums, err := t.sums(`WHERE plan = $1`, plan)
	tallies := map[queue.Phase]queue.Tally{}
	for key, sum := range sums {
		if key.plan == plan && (sum.tasks > 0 || sum.arrivals > 0) {
			tallies[key.phase] = sum.read()
		}
	}
	return tallies, err
}

func (t *sqlTx) Waiting() (plans []string, err error) {
	sums, err := t.sums(`WHERE phase = 'waiting'`)
	for key, sum := range sums {
		if key.phase == queue.Waiting && sum.tasks > 0 {
			plans = append(plans, key.plan)
		}
	}
	slices.Sort(plans)
	return plans, err
}

func (t *sqlTx) CountUnfinished() (unfinished int, err error) {
	current, err := list(t, `SELECT plan FROM sweeps`, nil, scanOne[string])
	if err != nil {
		return 0, err
	}
	sums, err := t.sums(`WHERE phase IN ('waiting', 'backing_off', 'leased')`)
	for key, sum := range sums {
		switch key.phase {
		case queue.Waiting, queue.BackingOff, queue.Leased:
			if slices.Contains(current, key.plan) {
				unfinished += int(sum.tasks)
			}
		default:
		}
	}
	return unfinished, err
}

// move keeps planned and the tallies in step with a record that changed.
func (t *sqlTx) move(before, after queue.Record) error {
	if before.Phase == after.Phase && before.Exclusive == after.Exclusive && before.Compute == after.Compute && before.Verifying == after.Verifying {
		return nil
	}
	references, err := t.mark(after)
	if err != nil {
		return err
	}
	for _, ref := range references {
		t.add(ref.plan, before.Phase, tallyOf(before, ref.cost).minus())
		t.add(ref.plan, after.Phase, tallyOf(after, ref.cost))
		if before.Phase != after.Phase {
			t.add(ref.plan, after.Phase, tally{arrivals: 1})
		}
	}
	return nil
}

// mark repeats a record's phase in its task's places, and lists them.
func (t *sqlTx) mark(r queue.Record) ([]reference, error) {
	if all, ok := t.known.references[r.Task]; ok {
		if len(all) == 0 {
			return nil, nil
		}
		return all, t.exec(`UPDATE planned SET phase = $1, exclusive = $2 WHERE task = $3`, r.Phase, r.Exclusive, r.Task)
	}
	if err := t.mayWrite(); err != nil {
		return nil, err
	}
	all, err := list(t, `UPDATE planned SET phase = $1, exclusive = $2 WHERE task = $3 RETURNING plan, cost`,
		with(r.Phase, r.Exclusive, r.Task),
		func(r row) (ref reference, err error) { return ref, r.Scan(&ref.plan, &ref.cost) })
	if err == nil {
		note(&t.known.references, r.Task, all)
	}
	return all, err
}
