package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

var (
	errClosed   = fmt.Errorf("%w: it is closed", queue.ErrUnavailable)
	errReadOnly = errors.New("write in a read-only transaction")
)

// sqlTx is one transaction in SQL. Its queries, in the files sql_*.go, are the
// same for SQLite and PostgreSQL, but for those in dialect.
type sqlTx struct {
	session
	dialect
	now    time.Time
	writes bool
	wrote  bool // something, or tried to
	// announced: the bell rings once it is committed.
	announced bool
	plans     bool  // it stored a sweep
	shard     int64 // of the tallies that it changes
	known     *known
	// deltas are changes of tallies that are not yet in their table; pending are
	// those of calls before in the same commit, if they are written together.
	deltas, pending map[tallyKey]tally
	deleted         []string // plans whose tallies are gone
}

// session runs the statements of one transaction, one after the other. A write
// may be put off until the next read or the commit, and its error with it.
type session interface {
	write(query string, args []any) error
	read(query string, args []any) (rows, error)
	// readEach runs a query once for each list of arguments and scans all rows, in order.
	readEach(query string, args [][]any, scan func(row) error) error
	// fault wraps an error that reading met.
	fault(act string, err error) error
}

// rows are the answer to a query. They are closed before the next statement.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
}

// row is what a scan function reads from.
type row interface{ Scan(into ...any) error }

// dialect is what SQLite and PostgreSQL call differently.
type dialect struct {
	next    string // see queue.SweepTx.Next
	setTurn string // see queue.SweepTx.SetTurn
}

func (t *sqlTx) Now() time.Time { return t.now }

func (t *sqlTx) Announce() { t.announced = true }

// Claim has nothing to do where every transaction is alone.
func (t *sqlTx) Claim(string, []sweep.TaskID) error { return nil }

// exec writes.
func (t *sqlTx) exec(query string, args ...any) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	return t.write(query, args)
}

func (t *sqlTx) mayWrite() error {
	if !t.writes {
		return errReadOnly
	}
	t.wrote = true
	return nil
}

// get reads at most one row.
func (t *sqlTx) get(query string, args []any, into ...any) (found bool, err error) {
	rows, err := t.read(query, args)
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
	return found, t.fault("read from", err)
}

// list reads all rows.
func list[T any](t *sqlTx, query string, args []any, scan func(row) (T, error)) ([]T, error) {
	rows, err := t.read(query, args)
	if err != nil {
		return nil, err
	}
	var all []T
	err = scanAll(rows, func(r row) error {
		v, err := scan(r)
		all = append(all, v)
		return err
	})
	return all, t.fault("read from", err)
}

// listEach reads all rows of a query that is run once for each list of arguments.
func listEach[T any](t *sqlTx, query string, args [][]any, scan func(row) (T, error)) (all []T, err error) {
	err = t.readEach(query, args, func(r row) error {
		v, err := scan(r)
		all = append(all, v)
		return err
	})
	return all, err
}

// scanAll scans all rows and closes them.
func scanAll(rows rows, scan func(row) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

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

// outcome is how a call ended.
type outcome struct {
	err   error
	panic error // of the call, to be raised in its caller
}

// protect runs a call. If it panics, the panic is its caller's.
func protect(call func(queue.Tx) error, tx queue.Tx) (o outcome) {
	finished := false
	defer func() {
		if finished {
			return
		}
		reason := recover() // nil after runtime.Goexit
		o.panic = fmt.Errorf("panic in a call to the store: %v\n%s", reason, debug.Stack())
		o.err = o.panic
	}()
	o.err = call(tx)
	finished = true
	return o
}
