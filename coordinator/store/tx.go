package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"spiqsweep/coordinator/queue"
)

var (
	errClosed   = fmt.Errorf("%w: it is closed", queue.ErrUnavailable)
	errReadOnly = errors.New("write in a read-only transaction")
)

// sqlTx implements queue.Tx in SQL. SQLite and PostgreSQL share its queries, except for
// those in dialect.
type sqlTx struct {
	session
	dialect
	now         time.Time
	writes      bool
	wrote       bool  // it has written, or tried to
	announced   bool  // Announce was called
	storedSweep bool  // PutSweep was called
	shard       int64 // the shard of the tallies that it changes
	cache       *rowCache
	// deltas are the changes of tallies that are not yet written. pending are those of
	// earlier calls in the same commit, on SQLite.
	deltas, pending map[tallyKey]tally
	deletedTallies  []string // the plans whose tallies were deleted
}

// session runs the statements of one transaction in order. It may defer a write, and so
// its error, until the next read or the commit.
type session interface {
	write(query string, args []any) error
	read(query string, args []any) (rows, error)
	// readEach runs a query once for each list of arguments and scans all rows, in order.
	readEach(query string, args [][]any, scan func(row) error) error
	// writeEach runs a statement once for each list of arguments, without delay, and
	// returns which of the runs changed a row.
	writeEach(query string, args [][]any) (changed []bool, err error)
	// fault wraps an error that occurred while rows were read.
	fault(act string, err error) error
}

// rows is the answer to a query. The caller closes it before the next statement.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
}

// row is one row of an answer, which a scan function reads.
type row interface{ Scan(into ...any) error }

// dialect has the queries that differ between SQLite and PostgreSQL.
type dialect struct {
	setTurn string // see queue.SweepTx.SetTurn
}

func (t *sqlTx) Now() time.Time { return t.now }

func (t *sqlTx) Announce() { t.announced = true }

// exec runs a statement that returns no rows.
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

// list reads all rows of a query.
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

// with returns the arguments of a query as a list.
func with(args ...any) []any { return args }

func scanOne[T any](r row) (v T, err error) { return v, r.Scan(&v) }

// notNull returns a body for a column that must not be NULL.
func notNull(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// stored returns a time as the store returns it: in UTC, in whole microseconds, and
// without a monotonic reading, which stops while the machine is suspended.
func stored(t time.Time) time.Time { return instant(micros(t)) }

// micros returns a time in microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the inverse of micros.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// span returns the duration of some microseconds.
func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// outcome is the result of a call.
type outcome struct {
	err   error
	panic error // a panic of the call, to be raised in its caller
}

// protect runs a call and recovers its panic, which the store raises in the caller.
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
