package store

import (
	"cmp"
	"maps"
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// tally is a queue.Tally in whole microseconds, so that sums are exact.
type tally struct{ tasks, cost, compute, verifying, arrivals int64 }

// tallyOf returns the tally of one task, with a cost in microseconds.
func tallyOf(r queue.Record, cost int64) tally {
	t := tally{tasks: 1, cost: cost, compute: r.Compute.Microseconds()}
	if r.Verifying {
		t.verifying = 1
	}
	return t
}

func (t tally) plus(u tally) tally {
	return tally{t.tasks + u.tasks, t.cost + u.cost, t.compute + u.compute, t.verifying + u.verifying, t.arrivals + u.arrivals}
}

func (t tally) minus() tally { return tally{-t.tasks, -t.cost, -t.compute, -t.verifying, -t.arrivals} }

func (t tally) seconds() queue.Tally {
	return queue.Tally{
		Tasks: int(t.tasks), Cost: float64(t.cost) / 1e6, Compute: float64(t.compute) / 1e6, Verifying: int(t.verifying),
		Arrivals: int(t.arrivals),
	}
}

// tallyKey identifies a tally.
type tallyKey struct {
	plan  string
	phase queue.Phase
}

// addToTally adds to a tally when the transaction commits. The tasks of a call change the
// same few tallies, and a tally that is written is locked until the commit.
func (t *sqlTx) addToTally(plan string, phase queue.Phase, change tally) {
	key := tallyKey{plan, phase}
	t.deltas[key] = t.deltas[key].plus(change)
}

// flush writes the changes of tallies. A fixed order avoids deadlocks of transactions that
// wait for each other's tallies.
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
	t.deletedTallies = append(t.deletedTallies, plan)
	return t.exec(`DELETE FROM tallies WHERE plan = $1`, plan)
}

// addDeltas adds the call's changes to those of a whole commit.
func (t *sqlTx) addDeltas(to map[tallyKey]tally) {
	for _, plan := range t.deletedTallies {
		maps.DeleteFunc(to, func(key tallyKey, _ tally) bool { return key.plan == plan })
	}
	for key, change := range t.deltas {
		to[key] = to[key].plus(change)
	}
}

// sumTallies reads tallies and adds the changes that are not yet written.
func (t *sqlTx) sumTallies(condition string, args ...any) (map[tallyKey]tally, error) {
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
	sums, err := t.sumTallies(`WHERE plan = $1`, plan)
	tallies := map[queue.Phase]queue.Tally{}
	for key, sum := range sums {
		if key.plan == plan && (sum.tasks > 0 || sum.arrivals > 0) {
			tallies[key.phase] = sum.seconds()
		}
	}
	return tallies, err
}

func (t *sqlTx) Waiting() (plans []string, err error) {
	sums, err := t.sumTallies(`WHERE phase = 'waiting'`)
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
	sums, err := t.sumTallies(`WHERE phase IN ('waiting', 'backing_off', 'leased')`)
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

// listed returns the phase that the rows of a task in planned repeat.
func listed(p queue.Phase) queue.Phase {
	switch p {
	case queue.Waiting, queue.Failed, queue.Diverged:
		return p
	default:
		return ""
	}
}

// updateTallies applies the change of a record to its rows in planned and to the tallies.
func (t *sqlTx) updateTallies(key int64, before, after queue.Record) error {
	if before.Phase == after.Phase && before.Exclusive == after.Exclusive && before.Compute == after.Compute && before.Verifying == after.Verifying {
		return nil
	}
	references, err := t.references(after.Task, key)
	if err != nil {
		return err
	}
	if len(references) > 0 && (listed(before.Phase) != listed(after.Phase) || before.Exclusive != after.Exclusive) {
		if err := t.exec(`UPDATE planned SET listed = $1, exclusive = $2 WHERE task = $3`, listed(after.Phase), after.Exclusive, key); err != nil {
			return err
		}
	}
	for _, ref := range references {
		t.addToTally(ref.plan, before.Phase, tallyOf(before, ref.cost).minus())
		t.addToTally(ref.plan, after.Phase, tallyOf(after, ref.cost))
		if before.Phase != after.Phase {
			t.addToTally(ref.plan, after.Phase, tally{arrivals: 1})
		}
	}
	return nil
}

func (t *sqlTx) references(task sweep.TaskID, key int64) ([]reference, error) {
	all, _, err := getEntry(&t.cache.references, task, func() ([]reference, bool, error) {
		all, err := list(t, `SELECT plan, cost FROM planned WHERE task = $1`, with(key),
			func(r row) (ref reference, err error) { return ref, r.Scan(&ref.plan, &ref.cost) })
		return all, true, err
	})
	return all, err
}
