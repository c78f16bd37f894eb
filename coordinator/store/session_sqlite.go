package store

import (
	"context"
	"database/sql"
)

var dialectSQLite = dialect{
	next: `
		SELECT task, position, line, cost, alone FROM planned
		WHERE plan = $1 AND phase = 'waiting' AND alone <= $2
		ORDER BY position, line LIMIT $3`,
	setTurn: `UPDATE sweeps SET turn = $1 WHERE id = $2`,
}

func (s *sqliteStore) write(query string, args []any) error {
	stmt, err := s.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	if err == nil {
		_, err = stmt.ExecContext(context.Background(), args...)
	}
	return s.fault("write to", err)
}

func (s *sqliteStore) read(query string, args []any) (rows, error) {
	stmt, err := s.prepared(query) //nolint:sqlclosecheck // kept until the store is closed
	if err != nil {
		return nil, s.fault("read from", err)
	}
	found, err := stmt.QueryContext(context.Background(), args...) //nolint:rowserrcheck // by whoever reads them
	return found, s.fault("read from", err)
}

func (s *sqliteStore) fault(act string, err error) error {
	if err != nil {
		s.failed = fault(s.path, act, err)
		return s.failed
	}
	return nil
}

// prepared returns a statement, prepared at its first use.
func (s *sqliteStore) prepared(text string) (*sql.Stmt, error) {
	if stmt, ok := s.statements[text]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(context.Background(), text)
	if err == nil {
		s.statements[text] = stmt
	}
	return stmt, err
}
