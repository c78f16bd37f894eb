package store

import (
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

const rowColumns = `p.task, p.configuration_index, p.csv_row, p.execution_order, p.cost, r.phase, r.verifying, r.reason`

func (t *sqlTx) Rows(plan string, after, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, t.configuration, COALESCE(t.recording, ''), r.accepted, m.body
		FROM planned p
		JOIN records r ON r.task = p.task
		LEFT JOIN tasks t ON t.id = p.task AND r.reason <> ''
		LEFT JOIN measures m ON m.task = p.task AND m.digest = r.accepted
		WHERE p.plan = $1 AND p.csv_row > $2
		ORDER BY p.csv_row LIMIT $3`, with(plan, after, limit), func(r row) (row queue.Row, err error) {
		var accepted string
		var measures []byte
		row, err = scanRow(r, &accepted, &measures)
		if row.State == sweep.Done || row.State == sweep.Diverged {
			row.Digest, row.Measures = accepted, measures
		}
		return row, err
	})
}

func (t *sqlTx) RowsIn(plan string, phase queue.Phase, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, t.configuration, t.recording
		FROM planned p
		JOIN tasks t ON t.id = p.task
		JOIN records r ON r.task = p.task
		WHERE p.plan = $1 AND p.phase = $2
		ORDER BY p.execution_order, p.csv_row LIMIT $3`, with(plan, phase, limit), func(r row) (row queue.Row, err error) {
		return scanRow(r)
	})
}

// scanRow reads rowColumns, the configuration and the recording, which may be
// left out, and what stands behind them.
func scanRow(r row, behind ...any) (row queue.Row, err error) {
	var cost int64
	var verifying bool
	var configuration []byte
	err = r.Scan(append([]any{
		&row.Task.ID, &row.Task.ConfigurationIndex, &row.Row, &row.Order, &cost, &row.Phase, &verifying, &row.Reason,
		&configuration, &row.Task.Recording,
	}, behind...)...)
	row.Cost = span(cost).Seconds()
	row.State = queue.Record{Phase: row.Phase, Verifying: verifying}.State()
	if err == nil && len(configuration) > 0 {
		row.Task.Configuration, err = sweep.RestoreConfiguration(configuration)
	}
	return row, err
}

func (t *sqlTx) History(plan string, afterRow int, afterAttempt uint64, limit int) ([]queue.History, error) {
	return list(t, `
		SELECT p.csv_row, `+attemptColumns+`
		FROM planned p JOIN attempts a ON a.task = p.task
		WHERE p.plan = $1 AND p.csv_row >= $2 AND (p.csv_row > $2 OR a.attempt > $3)
		ORDER BY p.csv_row, a.attempt LIMIT $4`, with(plan, afterRow, int64(afterAttempt), limit),
		func(r row) (h queue.History, err error) {
			h.Attempt, err = scanAttempt(r, &h.Row)
			return h, err
		})
}
