package store

import (
	"maps"
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

func (t *sqlTx) DeleteDraft(plan string) error {
	return t.exec(`DELETE FROM drafts WHERE plan = $1`, plan)
}

func (t *sqlTx) PutPlanned(plan string, p queue.Planned, r queue.Record) error {
	cost := p.Expected().Microseconds()
	t.add(plan, r.Phase, tallyOf(r, cost))
	delete(t.known.references, p.Task.ID)
	return t.exec(`
		INSERT INTO planned (plan, task, configuration_index, line, position, cost, phase, alone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (plan, task) DO NOTHING`,
		plan, p.Task.ID, p.Task.ConfigurationIndex, p.Row, p.Order, cost, r.Phase, r.Alone)
}

func (t *sqlTx) CountPlanned(plan string) (n int, err error) {
	_, err = t.get(`SELECT COUNT(*) FROM planned WHERE plan = $1`, with(plan), &n)
	return n, err
}

func (t *sqlTx) Plans(plan string, task sweep.TaskID) (bool, error) {
	var yes int
	return t.get(`SELECT 1 FROM planned WHERE plan = $1 AND task = $2`, with(plan, task), &yes)
}

func (t *sqlTx) DeleteTallies(plan string) error {
	maps.DeleteFunc(t.deltas, func(key tallyKey, _ tally) bool { return key.plan == plan })
	t.deleted = append(t.deleted, plan)
	return t.exec(`DELETE FROM tallies WHERE plan = $1`, plan)
}

func (t *sqlTx) DropPlanned(plan string, task sweep.TaskID) error {
	r, _, err := t.Record(task)
	if err != nil {
		return err
	}
	var cost int64
	found, err := t.get(`SELECT cost FROM planned WHERE plan = $1 AND task = $2`, with(plan, task), &cost)
	if err != nil || !found {
		return err
	}
	t.add(plan, r.Phase, tallyOf(r, cost).minus())
	delete(t.known.references, task)
	return t.exec(`DELETE FROM planned WHERE plan = $1 AND task = $2`, plan, task)
}

func (t *sqlTx) PlannedTasks(plan string, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	return list(t, `SELECT task FROM planned WHERE plan = $1 AND task > $2 ORDER BY task LIMIT $3`, with(plan, after, limit), scanOne[sweep.TaskID])
}

func (t *sqlTx) TasksIn(plan string, phase queue.Phase, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	return list(t, `SELECT task FROM planned WHERE plan = $1 AND phase = $2 AND task > $3 ORDER BY task LIMIT $4`,
		with(plan, phase, after, limit), scanOne[sweep.TaskID])
}

func (t *sqlTx) Referring(task sweep.TaskID) ([]string, error) {
	found, err := list(t, `SELECT s.id FROM planned p JOIN sweeps s ON s.plan = p.plan WHERE p.task = $1`, with(task), scanOne[string])
	slices.Sort(found) // here, or the sweeps would be searched by ID
	return found, err
}

func (t *sqlTx) Next(plan string, alone bool, limit int) ([]queue.Next, error) {
	return list(t, t.next, with(plan, alone, limit),
		func(r row) (n queue.Next, err error) {
			var cost int64
			err = r.Scan(&n.Task, &n.Order, &n.Row, &cost, &n.Alone)
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
