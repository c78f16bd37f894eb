package store

import (
	"fmt"
	"maps"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) Sweep(id string) (queue.Sweep, bool, error) {
	return one(t, `SELECT id, name, revision, grid, numerics, kernel_class, created_at, turn FROM sweeps WHERE id = $1`, with(id), scanSweep)
}

func (t *sqlTx) Sweeps() ([]queue.Sweep, error) {
	return list(t, listSweeps, nil, scanSweep)
}

const listSweeps = `SELECT id, name, revision, NULL, numerics, kernel_class, created_at, turn FROM sweeps ORDER BY turn, id`

func scanSweep(r row) (s queue.Sweep, err error) {
	var created int64
	err = r.Scan(&s.ID, &s.Name, &s.Revision, &s.Grid, &s.Numerics, &s.KernelClass, &created, &s.Turn)
	s.CreatedAt = instant(created)
	return s, err
}

func (t *sqlTx) PutSweep(s queue.Sweep) error {
	return t.exec(`
		INSERT INTO sweeps (id, name, revision, grid, numerics, kernel_class, created_at, turn)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET
			name = excluded.name, revision = excluded.revision, grid = excluded.grid, numerics = excluded.numerics,
			kernel_class = excluded.kernel_class, created_at = excluded.created_at, turn = excluded.turn`,
		s.ID, s.Name, s.Revision, bytes(s.Grid), s.Numerics, s.KernelClass, micros(s.CreatedAt), s.Turn)
}

func (t *sqlTx) SetTurn(id string, turn int64) error {
	return t.exec(t.setTurn, turn, id)
}

func (t *sqlTx) DeleteSweep(id string) error {
	maps.DeleteFunc(t.deltas, func(key tallyKey, _ tally) bool { return key.sweep == id })
	if err := t.exec(`DELETE FROM tallies WHERE sweep = $1`, id); err != nil {
		return err
	}
	return t.exec(`DELETE FROM sweeps WHERE id = $1`, id)
}

// spot is where a task stands in a sweep.
type spot struct{ cell, line, position, cost int64 }

func (t *sqlTx) PutPlanned(id string, p queue.Planned) (kept, changed bool, err error) {
	r, found, err := t.Record(p.Task.ID)
	if err != nil {
		return false, false, err
	}
	if !found {
		return false, false, fmt.Errorf("plan task %s: it has no record", p.Task.ID)
	}
	var before spot
	kept, err = t.get(`SELECT cell, line, position, cost FROM planned WHERE sweep = $1 AND task = $2`, with(id, p.Task.ID),
		&before.cell, &before.line, &before.position, &before.cost)
	if err != nil {
		return false, false, err
	}
	after := spot{int64(p.Task.Cell), int64(p.Row), int64(p.Order), p.Expected().Microseconds()}
	if kept && before == after {
		return true, false, nil
	}
	if kept {
		t.add(id, r.Phase, tallyOf(r, before.cost).minus())
	}
	t.add(id, r.Phase, tallyOf(r, after.cost))
	delete(t.known.references, p.Task.ID)
	return kept, true, t.exec(`
		INSERT INTO planned (sweep, task, cell, line, position, cost, phase, alone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (sweep, task) DO UPDATE SET
			cell = excluded.cell, line = excluded.line, position = excluded.position, cost = excluded.cost`,
		id, p.Task.ID, after.cell, after.line, after.position, after.cost, r.Phase, r.Alone)
}

func (t *sqlTx) DropPlanned(id string, task sweep.TaskID) error {
	r, _, err := t.Record(task)
	if err != nil {
		return err
	}
	var cost int64
	found, err := t.get(`SELECT cost FROM planned WHERE sweep = $1 AND task = $2`, with(id, task), &cost)
	if err != nil || !found {
		return err
	}
	t.add(id, r.Phase, tallyOf(r, cost).minus())
	delete(t.known.references, task)
	return t.exec(`DELETE FROM planned WHERE sweep = $1 AND task = $2`, id, task)
}

func (t *sqlTx) PlannedTasks(id string, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	return list(t, `SELECT task FROM planned WHERE sweep = $1 AND task > $2 ORDER BY task LIMIT $3`, with(id, after, limit), scanOne[sweep.TaskID])
}

func (t *sqlTx) TasksIn(id string, phase queue.Phase, after sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	return list(t, `SELECT task FROM planned WHERE sweep = $1 AND phase = $2 AND task > $3 ORDER BY task LIMIT $4`,
		with(id, phase, after, limit), scanOne[sweep.TaskID])
}

func (t *sqlTx) Referring(task sweep.TaskID) ([]string, error) {
	return list(t, `SELECT sweep FROM planned WHERE task = $1 ORDER BY sweep`, with(task), scanOne[string])
}

func (t *sqlTx) Next(id string, alone bool, limit int) ([]queue.Next, error) {
	return list(t, t.next, with(id, alone, limit),
		func(r row) (n queue.Next, err error) {
			var cost int64
			err = r.Scan(&n.Task, &n.Order, &n.Row, &cost)
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
