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

// patience bounds one round trip to the database. It is much longer than lock_timeout, so
// that only a connection that is dead without an error reaches it.
const patience = time.Minute

// postgresSession runs the statements of one transaction. It defers writes and sends
// them with the next read or the commit, which saves round trips to the database.
type postgresSession struct {
	conn  *pgx.Conn
	place string
	begun bool
	// opening adds the statements that begin the transaction and take its locks.
	opening func(*pgx.Batch)
	put     []statement // deferred until the next round trip
	err     error       // the first error; every later statement returns it
}

type statement struct {
	query string
	args  []any
}

func (s *postgresSession) write(query string, args []any) error {
	s.put = append(s.put, statement{query, args})
	return s.err
}

func (s *postgresSession) read(query string, args []any) (rows, error) {
	trip, err := s.travel(statement{query, args})
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

// readEach sends all in one trip.
func (s *postgresSession) readEach(query string, args [][]any, scan func(row) error) error {
	if len(args) == 0 {
		return s.err
	}
	var all []statement
	for _, list := range args {
		all = append(all, statement{query, list})
	}
	trip, err := s.travel(all...)
	if err != nil {
		return s.fault("read from", err)
	}
	for i := 0; err == nil && i < len(all); i++ {
		if i > 0 {
			trip.Rows, _ = trip.results.Query() // its error is that of the rows
		}
		for err == nil && trip.Next() {
			err = scan(trip)
		}
		err = cmp.Or(err, trip.Err())
	}
	return s.fault("read from", cmp.Or(err, trip.Close()))
}

// travel sends the deferred statements and the last ones in one round trip, and returns
// the answer to the first of the last.
func (s *postgresSession) travel(last ...statement) (*trip, error) {
	if s.err != nil {
		return nil, s.err
	}
	var b pgx.Batch
	if !s.begun {
		s.begun = true
		s.opening(&b)
	}
	for _, p := range s.put {
		b.Queue(p.query, texts(p.args)...)
	}
	s.put = s.put[:0]
	before := b.Len()
	for _, l := range last {
		b.Queue(l.query, texts(l.args)...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.fault("read from", s.conn.SendBatch(ctx, b).Close())
}

// trip is the answer to the last statement of a batch.
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

// texts converts the arguments of a statement for pgx, in place: types of strings to
// strings, and strings to valid text.
func texts(args []any) []any {
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			args[i] = text(v)
		case sweep.TaskID:
			args[i] = text(string(v))
		case queue.Phase:
			args[i] = string(v)
		case queue.Outcome:
			args[i] = string(v)
		}
	}
	return args
}

// idsOf returns tasks as an array of text.
func idsOf(tasks []sweep.TaskID) []string {
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		ids[i] = text(string(task))
	}
	return ids
}

// text replaces NUL and invalid UTF-8, which PostgreSQL's type text cannot contain.
func text(s string) string {
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
