package queuetest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *memoryTx) Sweep(id string) (queue.Sweep, bool, error) {
	s, found := t.sweeps[id]
	return s, found, nil
}

func (t *memoryTx) Sweeps() ([]queue.Sweep, error) {
	var all []queue.Sweep
	for s := range maps.Values(t.sweeps) {
		s.Grid = nil
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b queue.Sweep) int {
		return cmp.Or(cmp.Compare(a.Turn, b.Turn), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

func (t *memoryTx) PutSweep(s queue.Sweep) error {
	s.CreatedAt = stored(s.CreatedAt)
	return put(t, t.sweeps, s.ID, s)
}

func (t *memoryTx) SetTurn(id string, turn int64) error {
	s := t.sweeps[id]
	s.Turn = turn
	return put(t, t.sweeps, id, s)
}

func (t *memoryTx) DeleteSweep(id string) error { return remove(t, t.sweeps, id) }

func (t *memoryTx) Drafts() ([]queue.Draft, error) {
	return slices.SortedFunc(maps.Values(t.drafts), func(a, b queue.Draft) int { return cmp.Compare(a.Plan, b.Plan) }), nil
}

func (t *memoryTx) PutDraft(d queue.Draft) error {
	d.Touched = stored(d.Touched)
	return put(t, t.drafts, d.Plan, d)
}

func (t *memoryTx) DeleteDraft(plan string) error { return remove(t, t.drafts, plan) }

func (t *memoryTx) PutPlanned(plan string, p queue.Planned, _ queue.Record) error {
	key := place{plan, p.Task.ID}
	if _, planned := t.planned[key]; planned {
		return nil
	}
	return put(t, t.planned, key, queue.Planned{
		Task: sweep.Task{ID: p.Task.ID, ConfigurationIndex: p.Task.ConfigurationIndex}, // the rest is in tasks
		Row:  p.Row, Order: p.Order, Cost: p.Expected().Seconds(),
	})
}

func (t *memoryTx) CountPlanned(plan string) (n int, err error) {
	for key := range t.planned {
		if key.plan == plan {
			n++
		}
	}
	return n, nil
}

func (t *memoryTx) Plans(plan string, task sweep.TaskID) (bool, error) {
	_, planned := t.planned[place{plan, task}]
	return planned, nil
}

func (t *memoryTx) DeleteTallies(plan string) error {
	for _, phase := range queue.Phases {
		if err := remove(t, t.arrivals, tallyKey{plan, phase}); err != nil {
			return err
		}
	}
	return nil
}

func (t *memoryTx) DropPlanned(plan string, task sweep.TaskID) error {
	return remove(t, t.planned, place{plan, task})
}

func (t *memoryTx) PlannedTasks(plan string, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	var tasks []sweep.TaskID
	for key := range t.planned {
		if key.plan == plan && key.task > after {
			tasks = append(tasks, key.task)
		}
	}
	slices.Sort(tasks)
	return first(tasks, limit), nil
}

func (t *memoryTx) TasksIn(plan string, phase queue.Phase, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	all, err := t.PlannedTasks(plan, after, len(t.planned))
	all = slices.DeleteFunc(all, func(task sweep.TaskID) bool { return t.records[task].Phase != phase })
	return first(all, limit), err
}

func (t *memoryTx) Referring(task sweep.TaskID) ([]string, error) {
	var sweeps []string
	for _, s := range t.sweeps {
		if _, planned := t.planned[place{s.Plan, task}]; planned {
			sweeps = append(sweeps, s.ID)
		}
	}
	slices.Sort(sweeps)
	return sweeps, nil
}

func (t *memoryTx) Tallies(plan string) (map[queue.Phase]queue.Tally, error) {
	type sum struct{ cost, compute time.Duration } // summed exactly
	sums, tallies := map[queue.Phase]sum{}, map[queue.Phase]queue.Tally{}
	for key, p := range t.planned {
		if key.plan != plan {
			continue
		}
		r := t.records[key.task]
		s, tally := sums[r.Phase], tallies[r.Phase]
		s.cost += p.Expected()
		s.compute += r.Compute
		tally.Tasks++
		if r.Verifying {
			tally.Verifying++
		}
		tally.Cost, tally.Compute = float64(s.cost.Microseconds())/1e6, float64(s.compute.Microseconds())/1e6
		sums[r.Phase], tallies[r.Phase] = s, tally
	}
	for _, phase := range queue.Phases {
		if n := t.arrivals[tallyKey{plan, phase}]; n > 0 {
			tally := tallies[phase]
			tally.Arrivals = n
			tallies[phase] = tally
		}
	}
	return tallies, nil
}

func (t *memoryTx) Open() (open int, err error) {
	current := map[string]bool{}
	for _, s := range t.sweeps {
		current[s.Plan] = true
	}
	for key := range t.planned {
		if !current[key.plan] {
			continue
		}
		switch t.records[key.task].Phase {
		case queue.Waiting, queue.BackingOff, queue.Leased:
			open++
		default:
		}
	}
	return open, nil
}

func (t *memoryTx) Waiting() (plans []string, err error) {
	for key := range t.planned {
		if t.records[key.task].Phase == queue.Waiting && !slices.Contains(plans, key.plan) {
			plans = append(plans, key.plan)
		}
	}
	slices.Sort(plans)
	return plans, nil
}

func (t *memoryTx) Next(plan string, alone bool, limit int) ([]queue.Next, error) {
	var next []queue.Next
	for key, p := range t.planned {
		if r := t.records[key.task]; key.plan == plan && r.Phase == queue.Waiting && (alone || !r.Alone) {
			next = append(next, queue.Next{Task: key.task, Order: p.Order, Row: p.Row, Cost: p.Expected(), Alone: r.Alone})
		}
	}
	slices.SortFunc(next, func(a, b queue.Next) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Row, b.Row))
	})
	return first(next, limit), nil
}

func (t *memoryTx) Rows(plan string, after, limit int) ([]queue.Row, error) {
	rows := t.rows(plan, func(r queue.Row) bool { return r.Row > after })
	slices.SortFunc(rows, func(a, b queue.Row) int { return cmp.Compare(a.Row, b.Row) })
	rows = first(rows, limit)
	for i, r := range rows {
		if r.Reason == "" {
			rows[i].Task = sweep.Task{ID: r.Task.ID, ConfigurationIndex: r.Task.ConfigurationIndex}
		}
		if r.State == sweep.Done || r.State == sweep.Diverged {
			rows[i].Digest = t.records[r.Task.ID].Accepted
			rows[i].Measures = t.results[resultKey{r.Task.ID, rows[i].Digest}].Measures
		}
	}
	return rows, nil
}

func (t *memoryTx) RowsIn(plan string, phase queue.Phase, limit int) ([]queue.Row, error) {
	rows := t.rows(plan, func(r queue.Row) bool { return r.Phase == phase })
	slices.SortFunc(rows, func(a, b queue.Row) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Row, b.Row))
	})
	return first(rows, limit), nil
}

func (t *memoryTx) rows(plan string, wanted func(queue.Row) bool) []queue.Row {
	var rows []queue.Row
	for key, p := range t.planned {
		if key.plan != plan {
			continue
		}
		r := t.records[key.task]
		row := queue.Row{Planned: p, Phase: r.Phase, State: r.State(), Reason: r.Reason}
		row.Task = t.tasks[key.task].Task
		row.Task.ConfigurationIndex = p.Task.ConfigurationIndex
		if wanted(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (t *memoryTx) History(plan string, afterRow int, afterAttempt uint64, limit int) ([]queue.History, error) {
	var all []queue.History
	for key, p := range t.planned {
		if key.plan != plan {
			continue
		}
		for _, a := range t.attemptsOf(key.task) {
			if p.Row > afterRow || p.Row == afterRow && a.Attempt > afterAttempt {
				all = append(all, queue.History{Row: p.Row, Attempt: a})
			}
		}
	}
	slices.SortFunc(all, func(a, b queue.History) int {
		return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Lease.Attempt, b.Lease.Attempt))
	})
	return first(all, limit), nil
}

func first[T any](list []T, limit int) []T { return list[:min(len(list), limit)] }
