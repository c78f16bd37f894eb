package store

import (
	"encoding/json"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

const rowColumns = `p.task, p.cell, p.line, p.position, p.cost, t.configuration, t.recording, r.phase, r.verifying, r.reason`

func (t *sqlTx) Rows(id string, after, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, b.body
		FROM planned p
		JOIN tasks t ON t.id = p.task
		JOIN records r ON r.task = p.task
		LEFT JOIN results b ON b.task = p.task AND b.digest = r.accepted AND (r.phase IN ('done', 'diverged') OR r.verifying)
		WHERE p.sweep = $1 AND p.line > $2
		ORDER BY p.line LIMIT $3`, with(id, after, limit), scanRow)
}

func (t *sqlTx) RowsIn(id string, phase queue.Phase, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, NULL
		FROM planned p
		JOIN tasks t ON t.id = p.task
		JOIN records r ON r.task = p.task
		WHERE p.sweep = $1 AND p.phase = $2 AND p.alone IN (FALSE, TRUE)
		ORDER BY p.position, p.line LIMIT $3`, with(id, phase, limit), scanRow)
}

func scanRow(r row) (row queue.Row, err error) {
	var configuration []byte
	var cost int64
	var verifying bool
	err = r.Scan(&row.Task.ID, &row.Task.Cell, &row.Row, &row.Order, &cost,
		&configuration, &row.Task.Recording, &row.Phase, &verifying, &row.Reason, &row.Result)
	if err != nil {
		return row, err
	}
	row.Cost = span(cost).Seconds()
	row.State = queue.Record{Phase: row.Phase, Verifying: verifying}.State()
	row.Task.Configuration, err = configurationOf(configuration)
	return row, err
}

// configurationOf reads a stored configuration. What it lacks was added to the
// program later: it has its default, until the sweep is planned again.
func configurationOf(stored []byte) (sweep.Configuration, error) {
	c := sweep.Default()
	err := json.Unmarshal(stored, &c)
	return c, err
}

func (t *sqlTx) History(id string, afterRow int, afterAttempt uint64, limit int) ([]queue.History, error) {
	return list(t, `
		SELECT p.line, `+attemptColumns+`
		FROM planned p JOIN attempts a ON a.task = p.task
		WHERE p.sweep = $1 AND p.line >= $2 AND (p.line > $2 OR a.attempt > $3)
		ORDER BY p.line, a.attempt LIMIT $4`, with(id, afterRow, int64(afterAttempt), limit),
		func(r row) (h queue.History, err error) {
			h.Attempt, err = scanAttempt(r, &h.Row)
			return h, err
		})
}
