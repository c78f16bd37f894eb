package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// tripTimeout bounds one round trip to the database. It is much longer than lock_timeout, so
// that only a connection that is dead without an error reaches it.
const tripTimeout = time.Minute

// postgresSession runs the statements of one transaction. It defers writes and sends
// them with the next read or the commit, which saves round trips to the database.
type postgresSession struct {
	conn  *pgx.Conn
	place string
	begun bool
	// begin adds the statements that begin the transaction and take its locks.
	begin    func(*pgx.Batch)
	deferred []statement // deferred until the next round trip
	err      error       // the first error; every later statement returns it
}

type statement struct {
	query string
	args  []any
}

func (s *postgresSession) write(query string, args []any) error {
	s.deferred = append(s.deferred, statement{query, args})
	return s.err
}

func (s *postgresSession) read(query string, args []any) (rows, error) {
	trip, err := s.roundTrip(statement{query, args})
	if err != nil {
		return nil, s.fault("read from", err)
	}
	return trip, nil
}

// fault returns the first error of the transaction, wrapped, if err is not nil.
func (s *postgresSession) fault(act string, err error) error {
	if err != nil && s.err == nil {
		s.err = fault(s.place, act, err)
	}
	if err != nil {
		return s.err
	}
	return nil
}

func (s *postgresSession) readEach(query string, args [][]any, scan func(row) error) error {
	return s.fault("read from", s.runEach(query, args, func(_ int, rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}))
}

func (s *postgresSession) writeEach(query string, args [][]any) ([]bool, error) {
	changed := make([]bool, len(args))
	err := s.runEach(query, args, func(i int, rows pgx.Rows) error {
		rows.Close()
		changed[i] = rows.CommandTag().RowsAffected() > 0
		return rows.Err()
	})
	return changed, s.fault("write to", err)
}

// runEach runs a statement once for each list of arguments, all in one round trip, and
// passes their answers to read.
func (s *postgresSession) runEach(query string, args [][]any, read func(i int, rows pgx.Rows) error) error {
	if len(args) == 0 {
		return s.err
	}
	statements := make([]statement, len(args))
	for i, list := range args {
		statements[i] = statement{query, list}
	}
	trip, err := s.roundTrip(statements...)
	if err != nil {
		return err
	}
	for i := 0; err == nil && i < len(args); i++ {
		if i > 0 {
			trip.Rows, _ = trip.results.Query() // Rows returns the same error
		}
		err = read(i, trip.Rows)
	}
	return cmp.Or(err, trip.Close())
}

// roundTrip sends the deferred statements, then the given ones, in one round trip. It
// returns the answer to the first of the given ones.
func (s *postgresSession) roundTrip(statements ...statement) (*trip, error) {
	if s.err != nil {
		return nil, s.err
	}
	var b pgx.Batch
	if !s.begun {
		s.begun = true
		s.begin(&b)
	}
	for _, p := range s.deferred {
		b.Queue(p.query, pgxArgs(p.args)...)
	}
	s.deferred = s.deferred[:0]
	before := b.Len()
	for _, statement := range statements {
		b.Queue(statement.query, pgxArgs(statement.args)...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), tripTimeout)
	t := &trip{results: s.conn.SendBatch(ctx, &b), cancel: cancel}
	for range before {
		if _, err := t.results.Exec(); err != nil {
			_ = t.Close() // the same error
			return nil, err
		}
	}
	t.Rows, _ = t.results.Query() // Rows returns the same error
	return t, nil
}

// send runs a batch whose statements have callbacks for their answers.
func (s *postgresSession) send(b *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(context.Background(), tripTimeout)
	defer cancel()
	return s.fault("read from", s.conn.SendBatch(ctx, b).Close())
}

// trip is the answer to a batch. Rows is the answer to one of its statements.
type trip struct {
	pgx.Rows
	results pgx.BatchResults
	cancel  context.CancelFunc
}

func (t *trip) Close() error {
	if t.Rows != nil {
		t.Rows.Close()
	}
	defer t.cancel()
	return t.results.Close()
}

// pgxArgs converts the arguments of a statement for pgx, in place: types of strings to
// strings, and strings to valid text.
func pgxArgs(args []any) []any {
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			args[i] = validText(v)
		case sweep.TaskID:
			args[i] = validText(string(v))
		case queue.Phase:
			args[i] = string(v)
		case queue.Outcome:
			args[i] = string(v)
		}
	}
	return args
}

// validText replaces NUL and invalid UTF-8, which PostgreSQL's type text cannot contain.
func validText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// isConflict reports whether PostgreSQL rolled a transaction back because of a
// concurrent one, for a serial order or to end a deadlock.
func isConflict(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

var errRolledBack = fmt.Errorf("PostgreSQL rolled the transaction back")
