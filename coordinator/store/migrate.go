package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// schema is written for both databases.
//
//go:embed schema.sql
var schema string

// uncompressed makes PostgreSQL store bodies as they are: to compress them took it longer
// than all else that a result costs. SQLite never compresses.
const uncompressed = `
	ALTER TABLE results ALTER COLUMN body SET STORAGE EXTERNAL;
	ALTER TABLE checkpoints ALTER COLUMN body SET STORAGE EXTERNAL;
	ALTER TABLE recordings ALTER COLUMN body SET STORAGE EXTERNAL`

func migrations(db *sql.DB, dialect goose.Dialect) (*goose.Provider, error) {
	statements := schema
	if dialect == goose.DialectPostgres {
		statements += uncompressed
	}
	first := goose.NewGoMigration(1, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statements)
		return err
	}}, nil)
	return goose.NewProvider(dialect, db, nil, goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(first))
}

// migrate creates the schema or brings it up to date. It refuses one of another version
// that this program does not know.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	m, err := migrations(db, dialect)
	if err != nil {
		return err
	}
	if err := checkKnown(ctx, m); err != nil {
		return err
	}
	if _, err := m.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// checkVersion returns an error unless the schema is that of this program.
func checkVersion(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	m, err := migrations(db, dialect)
	if err != nil {
		return err
	}
	if err := checkKnown(ctx, m); err != nil {
		return err
	}
	pending, err := m.HasPending(ctx)
	if err == nil && pending {
		err = errors.New("its schema is older than this program's: start the coordinator once to bring it up to date")
	}
	return err
}

// checkKnown returns an error if the schema has a version above this program's.
func checkKnown(ctx context.Context, m *goose.Provider) error {
	current, target, err := m.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of its schema: %w", err)
	}
	if current > target {
		return fmt.Errorf("its schema has version %d and this program knows version %d: use the version of the program that made it, or another store", current, target)
	}
	return nil
}
