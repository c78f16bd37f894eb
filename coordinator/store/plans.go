package store

import (
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

func (t *sqlTx) AddPlanned(plan, previous string, page []queue.Planned) (added queue.AddedPage, err error) {
	if err := t.mayWrite(); err != nil {
		return added, err
	}
	var recordArgs, plannedArgs [][]any
	for _, p := range page {
		recordArgs = append(recordArgs, with(p.Task.ID))
	}
	records, err := listEach(t, insertRecord, recordArgs, scanRecord)
	if err != nil {
		return added, err
	}
	for i, p := range page {
		r := records[i]
		if err := t.putSpecification(queue.Specification{Task: p.Task, Cost: p.Expected()}); err != nil {
			return added, err
		}
		plannedArgs = append(plannedArgs, with(plan, p.Task.ID, p.Task.ConfigurationIndex, p.Row, p.Order, p.Expected().Microseconds(), r.Phase, r.Exclusive))
		if r.State() == sweep.Done {
			added.Done++
		}
	}
	inserted, err := t.writeEach(insertPlanned, plannedArgs)
	if err != nil {
		return added, err
	}
	for i, p := range page {
		if inserted[i] {
			added.New++
			t.addToTally(plan, records[i].Phase, tallyOf(records[i], p.Expected().Microseconds()))
			delete(t.cache.references, p.Task.ID)
		}
	}
	if previous == "" {
		return added, nil
	}
	var previousArgs [][]any
	for _, p := range page {
		previousArgs = append(previousArgs, with(previous, p.Task.ID))
	}
	found, err := listEach(t, `SELECT task FROM planned WHERE plan = $1 AND task = $2`, previousArgs, scanOne[sweep.TaskID])
	added.Kept = len(found)
	return added, err
}

const insertPlanned = `
	INSERT INTO planned (plan, task, configuration_index, csv_row, execution_order, cost, phase, exclusive)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (plan, task) DO NOTHING`

func (t *sqlTx) DropPlanned(plan string, limit int) ([]sweep.TaskID, error) {
	if err := t.mayWrite(); err != nil {
		return nil, err
	}
	dropped, err := list(t, `
		SELECT p.cost, `+recordColumns+`
		FROM planned p JOIN records r ON r.task = p.task
		WHERE p.plan = $1 ORDER BY p.task LIMIT $2`, with(plan, limit), func(row row) (sweep.TaskID, error) {
		var cost int64
		r, err := scanRecordAfter(row, &cost)
		t.addToTally(plan, r.Phase, tallyOf(r, cost).minus())
		delete(t.cache.references, r.Task)
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
	slices.Sort(found) // not ORDER BY, which would make SQLite search the sweeps by ID
	return found, err
}

func (t *sqlTx) Next(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	return list(t, t.next, with(plan, exclusive, most.Microseconds(), limit),
		func(r row) (n queue.Next, err error) {
			var cost int64
			err = r.Scan(&n.Task, &n.Order, &n.Row, &cost, &n.Exclusive)
			n.Cost = span(cost)
			return n, err
		})
}

const rowColumns = `p.task, p.configuration_index, p.csv_row, p.execution_order, p.cost, r.phase, r.verifying, r.reason`

func (t *sqlTx) Rows(plan string, after, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, t.configuration, COALESCE(t.recording, ''), r.accepted, m.body
		FROM planned p
		JOIN records r ON r.task = p.task
		LEFT JOIN tasks t ON t.id = p.task AND r.reason <> ''
		LEFT JOIN measures m ON m.task = p.task AND m.digest = r.accepted
		WHERE p.plan = $1 AND p.csv_row > $2
		ORDER BY p.csv_row LIMIT $3`, with(plan, after, limit), func(r row) (queue.Row, error) {
		var accepted string
		var measures []byte
		found, err := scanRow(r, &accepted, &measures)
		if found.State == sweep.Done || found.State == sweep.Diverged {
			found.Digest, found.Measures = accepted, measures
		}
		return found, err
	})
}

func (t *sqlTx) RowsIn(plan string, phase queue.Phase, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, t.configuration, t.recording
		FROM planned p
		JOIN tasks t ON t.id = p.task
		JOIN records r ON r.task = p.task
		WHERE p.plan = $1 AND p.phase = $2
		ORDER BY p.execution_order, p.csv_row LIMIT $3`, with(plan, phase, limit), func(r row) (queue.Row, error) {
		return scanRow(r)
	})
}

// scanRow scans rowColumns, the configuration, which may be NULL, the recording, and the
// columns after them.
func scanRow(r row, after ...any) (row queue.Row, err error) {
	var cost int64
	var verifying bool
	var configuration []byte
	err = r.Scan(append([]any{
		&row.Task.ID, &row.Task.ConfigurationIndex, &row.Row, &row.Order, &cost, &row.Phase, &verifying, &row.Reason,
		&configuration, &row.Task.Recording,
	}, after...)...)
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
			h.Attempt, err = scanAttemptAfter(r, &h.Row)
			return h, err
		})
}
