package store

import (
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

const sweepColumns = `numerics, kernel_class, created_at, turn, plan, digest`

func (t *sqlTx) Sweep(id string) (queue.Sweep, bool, error) {
	return one(t, `SELECT id, name, revision, grid, `+sweepColumns+` FROM sweeps WHERE id = $1`, with(id), scanSweep)
}

func (t *sqlTx) Sweeps() (all []queue.Sweep, err error) {
	if t.known.sweeps == nil {
		t.known.sweeps, err = list(t, listSweeps, nil, scanSweep)
	}
	return slices.Clone(t.known.sweeps), err
}

const listSweeps = `SELECT id, name, revision, NULL, ` + sweepColumns + ` FROM sweeps ORDER BY turn, id`

func scanSweep(r row) (s queue.Sweep, err error) {
	var created int64
	err = r.Scan(&s.ID, &s.Name, &s.Revision, &s.Grid, &s.Numerics, &s.KernelClass, &created, &s.Turn, &s.Plan, &s.Digest)
	s.CreatedAt = instant(created)
	return s, err
}

func (t *sqlTx) PutSweep(s queue.Sweep) error {
	t.known.sweeps, t.plans = nil, true
	if err := t.exec(deleteDraft, s.Plan); err != nil {
		return err
	}
	return t.exec(`
		INSERT INTO sweeps (id, name, revision, grid, `+sweepColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET
			name = excluded.name, revision = excluded.revision, grid = excluded.grid, numerics = excluded.numerics,
			kernel_class = excluded.kernel_class, created_at = excluded.created_at, turn = excluded.turn,
			plan = excluded.plan, digest = excluded.digest`,
		s.ID, s.Name, s.Revision, bytes(s.Grid), s.Numerics, s.KernelClass, micros(s.CreatedAt), s.Turn, s.Plan, s.Digest)
}

func (t *sqlTx) SetTurn(id string, turn int64) error {
	t.known.sweeps = nil
	return t.exec(t.setTurn, turn, id)
}

func (t *sqlTx) DeleteSweep(id string) error {
	t.known.sweeps = nil
	return t.exec(`DELETE FROM sweeps WHERE id = $1`, id)
}

func (t *sqlTx) Drafts() ([]queue.Draft, error) {
	return list(t, `SELECT plan, touched FROM drafts ORDER BY plan`, nil, func(r row) (d queue.Draft, err error) {
		var touched int64
		err = r.Scan(&d.Plan, &touched)
		d.Touched = instant(touched)
		return d, err
	})
}

func (t *sqlTx) PutDraft(d queue.Draft) error {
	return t.exec(`
		INSERT INTO drafts (plan, touched) VALUES ($1, $2)
		ON CONFLICT (plan) DO UPDATE SET touched = excluded.touched`, d.Plan, micros(d.Touched))
}

func (t *sqlTx) AddPlanned(plan, previous string, page []queue.Planned) (added queue.AddedPage, err error) {
	if err := t.mayWrite(); err != nil {
		return added, err
	}
	var tasks, places, kept [][]any
	for _, p := range page {
		tasks = append(tasks, with(p.Task.ID))
		kept = append(kept, with(previous, p.Task.ID))
	}
	records, err := listEach(t, insertRecord, tasks, scanRecordAlone)
	if err != nil {
		return added, err
	}
	for i, p := range page {
		r := records[i]
		if err := t.putSpecification(queue.Specification{Task: p.Task, Cost: p.Expected()}); err != nil {
			return added, err
		}
		places = append(places, with(plan, p.Task.ID, p.Task.ConfigurationIndex, p.Row, p.Order, p.Expected().Microseconds(), r.Phase, r.Exclusive))
		if r.State() == sweep.Done {
			added.Done++
		}
	}
	inserted, err := listEach(t, insertPlanned, places, scanOne[sweep.TaskID])
	if err != nil {
		return added, err
	}
	for i, p := range page {
		if added.New < len(inserted) && inserted[added.New] == p.Task.ID {
			added.New++
			t.add(plan, records[i].Phase, tallyOf(records[i], p.Expected().Microseconds()))
			delete(t.known.references, p.Task.ID)
		}
	}
	if previous == "" {
		return added, err
	}
	found, err := listEach(t, `SELECT task FROM planned WHERE plan = $1 AND task = $2`, kept, scanOne[sweep.TaskID])
	added.Kept = len(found)
	return added, err
}

const insertPlanned = `
	INSERT INTO planned (plan, task, configuration_index, csv_row, execution_order, cost, phase, exclusive)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (plan, task) DO NOTHING RETURNING task`

func (t *sqlTx) DropPlanned(plan string, limit int) ([]sweep.TaskID, error) {
	if err := t.mayWrite(); err != nil {
		return nil, err
	}
	dropped, err := list(t, `
		SELECT p.cost, `+recordColumns+`
		FROM planned p JOIN records r ON r.task = p.task
		WHERE p.plan = $1 ORDER BY p.task LIMIT $2`, with(plan, limit), func(row row) (sweep.TaskID, error) {
		var cost int64
		r, err := scanRecord(row, &cost)
		t.add(plan, r.Phase, tallyOf(r, cost).minus())
		delete(t.known.references, r.Task)
		return r.Task, err
	})
	if err != nil {
		return nil, err
	}
	if len(dropped) > 0 {
		if err := t.exec(`DELETE FROM planned WHERE plan = $1 AND task <= $2`, plan, dropped[len(dropped)-1]); err != nil {
			return nil, err
		}
	}
	if len(dropped) == limit {
		return dropped, nil
	}
	if err := t.deleteTallies(plan); err != nil {
		return nil, err
	}
	return dropped, t.exec(deleteDraft, plan)
}

const deleteDraft = `DELETE FROM drafts WHERE plan = $1`

func (t *sqlTx) PlannedTasks(plan string, phase queue.Phase, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	if phase == "" {
		return list(t, `SELECT task FROM planned WHERE plan = $1 AND task > $2 ORDER BY task LIMIT $3`,
			with(plan, after, limit), scanOne[sweep.TaskID])
	}
	return list(t, `SELECT task FROM planned WHERE plan = $1 AND phase = $2 AND task > $3 ORDER BY task LIMIT $4`,
		with(plan, phase, after, limit), scanOne[sweep.TaskID])
}

func (t *sqlTx) Referring(task sweep.TaskID) ([]string, error) {
	found, err := list(t, `SELECT s.id FROM planned p JOIN sweeps s ON s.plan = p.plan WHERE p.task = $1`, with(task), scanOne[string])
	slices.Sort(found) // here, or the sweeps would be searched by ID
	return found, err
}

func (t *sqlTx) Next(plan string, exclusive bool, limit int) ([]queue.Next, error) {
	return list(t, t.next, with(plan, exclusive, limit),
		func(r row) (n queue.Next, err error) {
			var cost int64
			err = r.Scan(&n.Task, &n.Order, &n.Row, &cost, &n.Exclusive)
			n.Cost = span(cost)
			return n, err
		})
}

func scanOne[T any](r row) (v T, err error) { return v, r.Scan(&v) }

// bytes is a body that is never NULL.
func bytes(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}
