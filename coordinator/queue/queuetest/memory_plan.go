package queuetest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
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
	s.CreatedAt, s.Until = stored(s.CreatedAt), stored(s.Until)
	if err := remove(t, t.drafts, s.Plan); err != nil {
		return err
	}
	return put(t, t.sweeps, s.ID, s)
}

func (t *memoryTx) SetTurn(id string, turn int64) error {
	s := t.sweeps[id]
	s.Turn = turn
	return put(t, t.sweeps, id, s)
}

// ClaimSweep always succeeds, since every transaction excludes all others.
func (t *memoryTx) ClaimSweep(string) (bool, error) { return true, nil }

func (t *memoryTx) DeleteSweep(id string) error { return remove(t, t.sweeps, id) }

func (t *memoryTx) Drafts() ([]queue.Draft, error) {
	return slices.SortedFunc(maps.Values(t.drafts), func(a, b queue.Draft) int { return cmp.Compare(a.Plan, b.Plan) }), nil
}

func (t *memoryTx) PutDraft(d queue.Draft) error {
	d.Touched = stored(d.Touched)
	return put(t, t.drafts, d.Plan, d)
}

func (t *memoryTx) AddPlanned(plan, previous string, page []queue.Planned) (added queue.AddedPage, err error) {
	for _, p := range page {
		if err := t.addPlanned(plan, previous, p, &added); err != nil {
			return added, err
		}
	}
	return added, nil
}

func (t *memoryTx) addPlanned(plan, previous string, p queue.Planned, added *queue.AddedPage) error {
	task := p.Task.ID
	if _, kept := t.planned[place{previous, task}]; kept {
		added.Kept++
	}
	s := queue.Specification{Task: p.Task, Cost: p.Expected()}
	s.ConfigurationIndex = 0
	if err := put(t, t.tasks, task, s); err != nil {
		return err
	}
	r, found := t.records[task]
	if !found {
		r = queue.Record{Task: task, Phase: queue.Waiting}
		if err := t.PutRecord(r); err != nil {
			return err
		}
	}
	if r.State() == sweep.Done {
		added.Done++
	}
	if _, planned := t.planned[place{plan, task}]; planned {
		return nil
	}
	added.New++
	return put(t, t.planned, place{plan, task}, queue.Planned{
		Task: sweep.Task{ID: task, ConfigurationIndex: p.Task.ConfigurationIndex}, // the rest is in tasks
		Row:  p.Row, Order: p.Order, Cost: p.Expected().Seconds(),
	})
}

func (t *memoryTx) DropPlanned(plan string, limit int) ([]sweep.TaskID, error) {
	page, err := t.PlannedTasks(plan, -1, limit)
	if err != nil {
		return nil, err
	}
	var dropped []sweep.TaskID
	for _, p := range page {
		dropped = append(dropped, p.Task)
		if err := remove(t, t.planned, place{plan, p.Task}); err != nil {
			return nil, err
		}
	}
	if len(dropped) == limit {
		return dropped, nil
	}
	for _, phase := range queue.Phases {
		if err := remove(t, t.arrivals, tallyKey{plan, phase}); err != nil {
			return nil, err
		}
	}
	return dropped, remove(t, t.drafts, plan)
}

func (t *memoryTx) PlannedTasks(plan string, after, limit int) ([]queue.PlannedTask, error) {
	var tasks []queue.PlannedTask
	for key, p := range t.planned {
		if key.plan == plan && p.Row > after {
			tasks = append(tasks, queue.PlannedTask{Task: key.task, Row: p.Row, Phase: t.records[key.task].Phase})
		}
	}
	slices.SortFunc(tasks, func(a, b queue.PlannedTask) int { return cmp.Compare(a.Row, b.Row) })
	return first(tasks, limit), nil
}

func (t *memoryTx) PlannedWithPrefix(plan string, prefix sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	var tasks []sweep.TaskID
	for key := range t.planned {
		if key.plan == plan && strings.HasPrefix(string(key.task), string(prefix)) {
			tasks = append(tasks, key.task)
		}
	}
	slices.Sort(tasks)
	return first(tasks, limit), nil
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

func (t *memoryTx) CountUnfinished() (unfinished int, err error) {
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
			unfinished++
		default:
		}
	}
	return unfinished, nil
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

func (t *memoryTx) Next(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	var next []queue.Next
	for key, p := range t.planned {
		if _, saved := t.checkpoints[key.task]; p.Expected() > most && !saved {
			continue
		}
		if r := t.records[key.task]; key.plan == plan && r.Phase == queue.Waiting && (exclusive || !r.Exclusive) {
			next = append(next, queue.Next{Task: key.task, Order: p.Order, Row: p.Row, Cost: p.Expected(), Exclusive: r.Exclusive})
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
