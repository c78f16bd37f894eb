package store

import (
	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Next locks what it lists, and brings along what a grant will ask of it. A task
// that another transaction has locked is being granted there, and is left out.
// The record's own phase is asked for, since only that is looked at again once its
// row is locked.
func (t *postgresTx) Next(plan string, alone bool, limit int) ([]queue.Next, error) {
	if !t.writes {
		return t.sqlTx.Next(plan, alone, limit)
	}
	next, err := list(&t.sqlTx, `
		SELECT p.position, p.line, p.cost, `+recordColumns+`
		FROM planned p JOIN records r ON r.task = p.task
		WHERE p.plan = $1 AND p.phase = 'waiting' AND p.alone <= $2 AND r.phase = 'waiting' AND r.alone <= $2
		ORDER BY p.position, p.line LIMIT $3
		FOR UPDATE OF r SKIP LOCKED`, with(plan, alone, limit), t.scanNext)
	if err != nil || len(next) == 0 {
		return next, err
	}
	ids := make([]string, len(next))
	for i, n := range next {
		ids[i] = string(n.Task)
	}
	var b pgx.Batch
	t.fetchRest(&b, ` = ANY($1)`, ids)
	return next, t.session.send(&b)
}

func (t *postgresTx) scanNext(r row) (n queue.Next, err error) {
	var cost int64
	record, err := scanRecord(r, &n.Order, &n.Row, &cost)
	if err != nil {
		return n, err
	}
	t.remember(record)
	n.Task, n.Cost, n.Alone = record.Task, span(cost), record.Alone
	return n, nil
}

// AddRecords adds them in one trip. A task that is named twice is one.
func (t *postgresTx) AddRecords(tasks []sweep.TaskID) ([]queue.Record, error) {
	if err := t.mayWrite(); err != nil {
		return nil, err
	}
	ids := idsOf(tasks)
	added, err := list(&t.sqlTx, `
		INSERT INTO records (`+recordNames+`)
		SELECT task, `+newRecord+` FROM (SELECT DISTINCT unnest($1::text[]) AS task) ids ORDER BY task `+orTheOld,
		with(ids), scanRecordAlone)
	if err != nil {
		return nil, err
	}
	byTask := make(map[sweep.TaskID]queue.Record, len(added))
	for _, r := range added {
		byTask[r.Task] = r
	}
	records := make([]queue.Record, len(tasks))
	for i, id := range ids {
		records[i] = byTask[sweep.TaskID(id)]
	}
	return records, nil
}
