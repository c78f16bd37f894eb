package store

import (
	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
)

// Next locks what it lists, and brings along what a grant will ask of it. A task
// that another transaction has locked is being granted there, and is left out.
// The record's own phase is asked for, since only that is looked at again once its
// row is locked.
func (t *postgresTx) Next(plan string, exclusive bool, limit int) ([]queue.Next, error) {
	if !t.writes {
		return t.sqlTx.Next(plan, exclusive, limit)
	}
	next, err := list(&t.sqlTx, `
		SELECT p.execution_order, p.csv_row, p.cost, `+recordColumns+`
		FROM planned p JOIN records r ON r.task = p.task
		WHERE p.plan = $1 AND p.phase = 'waiting' AND p.exclusive <= $2 AND r.phase = 'waiting' AND r.exclusive <= $2
		ORDER BY p.execution_order, p.csv_row LIMIT $3
		FOR UPDATE OF r SKIP LOCKED`, with(plan, exclusive, limit), t.scanNext)
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
	n.Task, n.Cost, n.Exclusive = record.Task, span(cost), record.Exclusive
	return n, nil
}
