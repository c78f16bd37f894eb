package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// schema is the first version; keys and keysRows are the fourth. They are valid for both databases.
var (
	//go:embed schema.sql
	schema string
	//go:embed keys.sql
	keys string
	//go:embed keys_rows.sql
	keysRows string
)

// uncompressed makes PostgreSQL store bodies without compression, which took longer than
// everything else that storing a result costs. SQLite never compresses.
const uncompressed = `
	ALTER TABLE results ALTER COLUMN body SET STORAGE EXTERNAL;
	ALTER TABLE checkpoints ALTER COLUMN body SET STORAGE EXTERNAL;
	ALTER TABLE recordings ALTER COLUMN body SET STORAGE EXTERNAL;
	`

// addLimits adds the note and the limits of a sweep (queue.Limits).
const addLimits = `
	ALTER TABLE sweeps ADD COLUMN note TEXT NOT NULL DEFAULT '';
	ALTER TABLE sweeps ADD COLUMN parallel BIGINT NOT NULL DEFAULT 0;
	ALTER TABLE sweeps ADD COLUMN paused BOOLEAN NOT NULL DEFAULT FALSE;
	ALTER TABLE sweeps ADD COLUMN until BIGINT NOT NULL DEFAULT 0`

// addEngineJob adds the label of a process's job.
const addEngineJob = `ALTER TABLE processes ADD COLUMN engine_job TEXT NOT NULL DEFAULT ''`

// dueByTime is the fifth version, in which the bodies of new results are compressed (see packed).
// It makes the index of back-offs depend on their ends alone, which are 0 otherwise: PostgreSQL
// adds an entry to every index of a table if an update changes a column that any of them reads,
// and the phase changes twice in every task.
const dueByTime = `
	UPDATE records SET not_before = 0 WHERE phase <> 'backing_off' AND not_before > 0;
	DROP INDEX records_due;
	CREATE INDEX records_due ON records (not_before) WHERE not_before > 0`

// roomForUpdates leaves room in each page of records, so that an updated row stays in its page,
// which PostgreSQL needs to leave the indexes alone.
const roomForUpdates = `;
	ALTER TABLE records SET (fillfactor = 50)`

// addRecording adds the name of a sweep's recording.
const addRecording = `ALTER TABLE sweeps ADD COLUMN recording TEXT NOT NULL DEFAULT ''`

func migrations(db *sql.DB, dialect goose.Dialect) (*goose.Provider, error) {
	bodies, room := "", ""
	if dialect == goose.DialectPostgres {
		bodies, room = uncompressed, roomForUpdates
	}
	var versions []*goose.Migration
	for i, statements := range []string{schema + bodies, addLimits, addEngineJob, keys + bodies + keysRows, dueByTime + room, addRecording} {
		versions = append(versions, goose.NewGoMigration(int64(i+1), &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, statements)
			return err
		}}, nil))
	}
	return goose.NewProvider(dialect, db, nil, goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(versions...))
}

// migrate creates the schema or migrates it to this program's version. It returns an error
// if the schema is newer.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	m, err := migrations(db, dialect)
	if err != nil {
		return err
	}
	if err := checkNotNewer(ctx, m); err != nil {
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
	if err := checkNotNewer(ctx, m); err != nil {
		return err
	}
	pending, err := m.HasPending(ctx)
	if err == nil && pending {
		err = errors.New("its schema is older than this program's: start the coordinator once to bring it up to date")
	}
	return err
}

// checkNotNewer returns an error if the schema is newer than this program's.
func checkNotNewer(ctx context.Context, m *goose.Provider) error {
	current, target, err := m.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of its schema: %w", err)
	}
	if current > target {
		return fmt.Errorf("its schema has version %d and this program knows version %d: use the version of the program that made it, or another store", current, target)
	}
	return nil
}
