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
	var recordArgs, plannedArgs, previousArgs [][]any
	for _, p := range page {
		recordArgs = append(recordArgs, with(p.Task.ID))
	}
	records, err := listEach(t, insertRecord, recordArgs, scanRecord)
	if err != nil {
		return added, err
	}
	for i, p := range page {
		r := records[i]
		if err := t.putSpecification(r.key, queue.Specification{Task: p.Task, Cost: p.Expected()}); err != nil {
			return added, err
		}
		plannedArgs = append(plannedArgs, with(plan, r.key, p.Task.ConfigurationIndex, p.Row, p.Order, p.Expected().Microseconds(), listed(r.Phase), r.Exclusive))
		previousArgs = append(previousArgs, with(previous, r.key))
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
			t.addToTally(plan, records[i].Phase, tallyOf(records[i].Record, p.Expected().Microseconds()))
			delete(t.cache.references, p.Task.ID)
		}
	}
	if previous == "" {
		return added, nil
	}
	found, err := listEach(t, `SELECT task FROM planned WHERE plan = $1 AND task = $2`, previousArgs, scanOne[int64])
	added.Kept = len(found)
	return added, err
}

const insertPlanned = `
	INSERT INTO planned (plan, task, configuration_index, csv_row, execution_order, cost, listed, exclusive)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (task, plan) DO NOTHING`

func (t *sqlTx) DropPlanned(plan string, limit int) ([]sweep.TaskID, error) {
	if err := t.mayWrite(); err != nil {
		return nil, err
	}
	last := 0
	dropped, err := list(t, `
		SELECT p.csv_row, p.cost, `+recordColumns+`
		FROM planned p JOIN records r ON r.task = p.task
		WHERE p.plan = $1 ORDER BY p.csv_row LIMIT $2`, with(plan, limit), func(row row) (sweep.TaskID, error) {
		var cost int64
		r, err := scanRecordBetween(row, with(&last, &cost), nil)
		t.addToTally(plan, r.Phase, tallyOf(r.Record, cost).minus())
		delete(t.cache.references, r.Task)
		return r.Task, err
	})
	if err != nil {
		return nil, err
	}
	if len(dropped) > 0 {
		if err := t.exec(`DELETE FROM planned WHERE plan = $1 AND csv_row <= $2`, plan, last); err != nil {
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

func (t *sqlTx) PlannedTasks(plan string, after, limit int) ([]queue.PlannedTask, error) {
	return list(t, `
		SELECT r.id, p.csv_row, r.phase FROM planned p JOIN records r ON r.task = p.task
		WHERE p.plan = $1 AND p.csv_row > $2 ORDER BY p.csv_row LIMIT $3`, with(plan, after, limit),
		func(r row) (p queue.PlannedTask, err error) { return p, r.Scan(&p.Task, &p.Row, &p.Phase) })
}

// PlannedWithPrefix searches the index of IDs between two bounds. IDs are hexadecimal, so none
// that begins with the prefix is above the prefix and a "g". CROSS JOIN keeps SQLite from
// sorting the whole plan.
func (t *sqlTx) PlannedWithPrefix(plan string, prefix sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	return list(t, `
		SELECT r.id FROM records r CROSS JOIN planned p
		WHERE p.task = r.task AND p.plan = $1 AND r.id >= $2 AND r.id < $3 AND substr(r.id, 1, length($2)) = $2
		ORDER BY r.id LIMIT $4`, with(plan, prefix, prefix+"g", limit), scanOne[sweep.TaskID])
}

func (t *sqlTx) Referring(task sweep.TaskID) ([]string, error) {
	found, err := list(t, `
		SELECT s.id FROM records r JOIN planned p ON p.task = r.task JOIN sweeps s ON s.plan = p.plan
		WHERE r.id = $1`, with(task), scanOne[string])
	slices.Sort(found) // not ORDER BY, which would make SQLite search the sweeps by ID
	return found, err
}

// Next caches the rows that a grant will need.
func (t *sqlTx) Next(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	return t.listNext(next, plan, exclusive, most, limit)
}

func (t *sqlTx) listNext(query, plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	return list(t, query, with(plan, exclusive, most.Microseconds(), limit), func(r row) (n queue.Next, err error) {
		var cost int64
		task, err := scanTaskAfter(r, &n.Order, &n.Row, &cost)
		if err != nil {
			return n, err
		}
		t.cacheTask(task)
		n.Task, n.Cost, n.Exclusive = task.record.Task, span(cost), task.record.Exclusive
		return n, nil
	})
}

// next also tests the record, because PostgreSQL tests only the locked row again after it has
// the lock.
const next = `
	SELECT p.execution_order, p.csv_row, p.cost, ` + taskColumns + `
	FROM planned p JOIN records r ON r.task = p.task JOIN tasks t ON t.task = p.task
	WHERE p.plan = $1 AND p.listed = 'waiting' AND p.listed <> '' AND p.exclusive <= $2 AND r.phase = 'waiting' AND r.exclusive <= $2
		AND (p.cost <= $3 OR r.saved_step > 0)
	ORDER BY p.execution_order, p.csv_row LIMIT $4`

const rowColumns = `r.id, p.configuration_index, p.csv_row, p.execution_order, p.cost, r.phase, r.verifying, r.reason`

func (t *sqlTx) Rows(plan string, after, limit int) ([]queue.Row, error) {
	return list(t, `
		SELECT `+rowColumns+`, t.configuration, COALESCE(t.recording, ''), r.accepted, m.body
		FROM planned p
		JOIN records r ON r.task = p.task
		LEFT JOIN tasks t ON t.task = p.task AND r.reason <> ''
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
		JOIN tasks t ON t.task = p.task
		JOIN records r ON r.task = p.task
		WHERE p.plan = $1 AND p.listed = $2 AND p.listed <> ''
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
		FROM planned p JOIN records r ON r.task = p.task JOIN attempts a ON a.task = p.task
		WHERE p.plan = $1 AND p.csv_row >= $2 AND (p.csv_row > $2 OR a.attempt > $3)
		ORDER BY p.csv_row, a.attempt LIMIT $4`, with(plan, afterRow, int64(afterAttempt), limit),
		func(r row) (h queue.History, err error) {
			h.Attempt, err = scanAttemptAfter(r, &h.Row)
			return h, err
		})
}
