package store

import (
	"context"
	"database/sql"
	"time"
)

// sqlTx is one call of the writer. Its queries are in the files sql_*.go.
type sqlTx struct {
	store  *sqliteStore
	now    time.Time
	writes bool
	hooks  []func()
	// deltas are changes of tallies that are not yet in their table.
	deltas map[tallyKey]tally
}

func (t *sqlTx) Now() time.Time { return t.now }

func (t *sqlTx) OnCommit(hook func()) { t.hooks = append(t.hooks, hook) }

// exec writes.
func (t *sqlTx) exec(query string, args ...any) error {
	if !t.writes {
		return errViewing
	}
	stmt, err := t.store.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	if err == nil {
		_, err = stmt.ExecContext(context.Background(), args...)
	}
	return fault(t.store.path, "write to", err)
}

// get reads at most one row.
func (t *sqlTx) get(query string, args []any, into ...any) (found bool, err error) {
	rows, err := t.query(query, args)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if found = rows.Next(); found {
		err = rows.Scan(into...)
	}
	if err == nil {
		err = rows.Err()
	}
	return found, fault(t.store.path, "read from", err)
}

func (t *sqlTx) query(query string, args []any) (*sql.Rows, error) {
	stmt, err := t.store.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	if err != nil {
		return nil, fault(t.store.path, "read from", err)
	}
	rows, err := stmt.QueryContext(context.Background(), args...)
	return rows, fault(t.store.path, "read from", err)
}

// list reads all rows.
func list[T any](t *sqlTx, query string, args []any, scan func(row) (T, error)) ([]T, error) {
	rows, err := t.query(query, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fault(t.store.path, "read from", err)
		}
		all = append(all, one)
	}
	return all, fault(t.store.path, "read from", rows.Err())
}

// row is what a scan function reads from.
type row interface{ Scan(into ...any) error }

// one reads at most one row with a scan function.
func one[T any](t *sqlTx, query string, args []any, scan func(row) (T, error)) (v T, found bool, err error) {
	all, err := list(t, query, args, scan)
	if err != nil || len(all) == 0 {
		return v, false, err
	}
	return all[0], true, nil
}

// with lists the arguments of a query.
func with(args ...any) []any { return args }
