package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var embedded embed.FS

func migrations(db *sql.DB, dialect goose.Dialect) (*goose.Provider, error) {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(asTheyAre(dialect)))
}

// asTheyAre has PostgreSQL keep bodies as they are: to compress them took it longer
// than everything else that a result costs. SQLite never does.
func asTheyAre(dialect goose.Dialect) *goose.Migration {
	return goose.NewGoMigration(2,
		&goose.GoFunc{RunTx: storage(dialect, "EXTERNAL")},
		&goose.GoFunc{RunTx: storage(dialect, "EXTENDED")})
}

func storage(dialect goose.Dialect, kind string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		if dialect != goose.DialectPostgres {
			return nil
		}
		for _, table := range []string{"results", "checkpoints", "recordings"} {
			if _, err := tx.ExecContext(ctx, `ALTER TABLE `+table+` ALTER COLUMN body SET STORAGE `+kind); err != nil {
				return err
			}
		}
		return nil
	}
}

// migrate brings the schema up to date. It refuses that of a newer program.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	m, err := migrations(db, dialect)
	if err != nil {
		return err
	}
	if err := notNewer(ctx, m); err != nil {
		return err
	}
	if _, err := m.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// checkVersion wants exactly this program's schema.
func checkVersion(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	m, err := migrations(db, dialect)
	if err != nil {
		return err
	}
	if err := notNewer(ctx, m); err != nil {
		return err
	}
	pending, err := m.HasPending(ctx)
	if err == nil && pending {
		err = fmt.Errorf("its schema is older than this program's: start the coordinator once to bring it up to date")
	}
	return err
}

func notNewer(ctx context.Context, m *goose.Provider) error {
	current, target, err := m.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current > target {
		return fmt.Errorf("its schema is of version %d, this program knows %d: update the program", current, target)
	}
	return nil
}
